export const jwtConstants = {
  secret: 'Not a secret: a real application has a long random one, outside of its sources.',
  refreshSecret: 'Another one, for refresh tokens: neither verifies the tokens of the other.',
};
