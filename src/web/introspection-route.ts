import type { Route } from './route';

/** The media type of a signed answer (RFC 9701 §8.2). */
export const SIGNED_INTROSPECTION = 'application/token-introspection+jwt';

const TEXT = { type: 'string' };
const SECONDS = { type: 'integer', description: 'Seconds since the epoch.' };

/** The route that exists where the option `introspectionCallers` is set. */
export const INTROSPECTION_ROUTE = {
  method: 'POST',
  path: 'introspect',
  needs: 'introspectionCallers',
  takesBearer: false,
  takesCaller: true,
  body: 'form',
  bytesBesideToken: 8 * 1024,
  bucket: 'introspect',
  throttledBy: 'caller',
  isOAuth: true,
  isErrorAlone: true,
  statuses: [200, 400, 401, 405, 413, 415, 429, 503],
  summary: 'Ask what a token is worth (RFC 7662)',
  description:
    'For resource servers that `introspectionCallers` lists, by HTTP Basic. `token_type_hint` is ' +
    'ignored. What is not live, or not for the audiences of the caller, is `{"active":false}`. With ' +
    '`Accept: application/token-introspection+jwt` the answer is signed (RFC 9701), where the first ' +
    'of `sessions.signingKeys` is a private key.',
  bodySchema: {
    type: 'object',
    required: ['token'],
    properties: { token: TEXT, token_type_hint: TEXT },
  },
  success: {
    description: 'What the token is worth now.',
    bodies: {
      'application/json': {
        type: 'object',
        required: ['active'],
        properties: {
          active: { type: 'boolean' },
          iss: TEXT,
          sub: TEXT,
          aud: { oneOf: [TEXT, { type: 'array', items: TEXT }] },
          exp: SECONDS,
          iat: SECONDS,
          jti: TEXT,
          sid: TEXT,
          client_id: TEXT,
          scope: TEXT,
          token_type: { ...TEXT, description: 'Absent for a refresh token.' },
        },
      },
      [SIGNED_INTROSPECTION]: { ...TEXT, description: 'A JWT (RFC 9701 §5).' },
    },
  },
} as const satisfies Route;
