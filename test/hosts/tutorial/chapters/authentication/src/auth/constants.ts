export const jwtConstants = {
  secret: 'Not a secret: a real application has a long random one, outside of its sources.',
};
