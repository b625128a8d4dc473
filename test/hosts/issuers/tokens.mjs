import { randomBytes } from 'node:crypto';
import { signToken } from '../harness/sign-token.mjs';

const secondsAgo = (seconds) => Math.floor(Date.now() / 1000) - seconds;

export const KEYCLOAK = {
  issuer: '/realms/main',
  jwks: '/realms/main/protocol/openid-connect/certs',
};

/**
 * The tokens that a realm of Keycloak 26 gives to a user of its client `web`. `refused` has by its
 * reason what is no access token of that client: an ID token, a refresh token, another client's.
 */
export function keycloakTokens(provider) {
  const claims = {
    aud: 'account',
    sub: 'f3c4a9d2-0000-4000-8000-000000000000',
    typ: 'Bearer',
    azp: 'web',
    sid: '7c1b2a90-0000-4000-8000-000000000000',
    acr: '1',
    auth_time: secondsAgo(60),
    realm_access: { roles: ['offline_access'] },
    scope: 'openid profile',
    preferred_username: 'ada',
  };
  return {
    name: claims.preferred_username,
    access: (changes = {}) => provider.token({ ...claims, ...changes }),
    refused: {
      purpose: provider.token({ ...claims, aud: 'web', typ: 'ID', at_hash: 'T3hqXm0Zs1aB' }),
      // A refresh token: a realm signs them with a secret that it keeps for itself.
      algorithm: signToken(
        randomBytes(64).toString('hex'),
        { ...claims, iss: provider.issuer, aud: provider.issuer, typ: 'Refresh' },
        { alg: 'HS512', kid: 'b0b1b2b3-0000-4000-8000-000000000000' },
      ),
      client: provider.token({ ...claims, azp: 'other' }),
    },
  };
}

export const COGNITO = {
  issuer: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123',
  jwks: '/eu-west-1_AbCdEf123/.well-known/jwks.json',
};

/** The same of a user pool of Amazon Cognito and its app client `web`. */
export function cognitoTokens(provider) {
  const header = { typ: undefined };
  const user = {
    sub: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
    'cognito:groups': ['admins'],
    origin_jti: 'aaaaaaaa-0000-4000-8000-000000000000',
    event_id: '64f513be-0000-4000-8000-000000000000',
    auth_time: secondsAgo(60),
  };
  const access = {
    ...user,
    version: 2,
    client_id: 'web',
    token_use: 'access',
    scope: 'openid profile',
    username: 'ada',
  };
  return {
    name: access.username,
    access: (changes = {}) => provider.token({ ...access, ...changes }, header),
    refused: {
      purpose: provider.token(
        { ...user, aud: 'web', token_use: 'id', 'cognito:username': 'ada' },
        header,
      ),
      form: encrypted(), // a refresh token
      client: provider.token({ ...access, client_id: 'other' }, header),
    },
  };
}

/** A JWE, which its recipient alone can read: five parts (RFC 7516 §7.1). */
const encrypted = () => {
  const header = Buffer.from('{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}');
  const lengths = [256, 12, 600, 16];
  return [header, ...lengths.map((length) => randomBytes(length))]
    .map((part) => part.toString('base64url'))
    .join('.');
};
