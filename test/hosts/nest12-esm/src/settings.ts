/** What the tokens of these applications are signed with, by whom and for whom. */
export const secret = process.env.JWT_SECRET ?? '';
export const issuer = 'https://login.example';
export const audience = 'https://api.example';
