import type { PublicJwk } from '../tokens/keys/public-jwk';
import { PublishedDocument } from './published-document';
import type { Route } from './route';

const JWK_SET = 'application/jwk-set+json';

/** What documents have in common. They are not counted: an answer costs less than counting it. */
const DOCUMENT = {
  method: 'GET',
  takesBearer: false,
  body: 'none',
  bytesBesideToken: 0,
  statuses: [200, 304, 405],
} as const;

/** The documents by which services of others verify tokens of ours. */
export const DOCUMENT_ROUTES = {
  jwks: {
    ...DOCUMENT,
    path: 'jwks',
    needs: 'publishedKeys',
    summary: 'The keys that verify access tokens',
    description:
      'The public keys of `sessions.signingKeys`, as a JWK Set (RFC 7517 §5). To be asked again ' +
      'after `max-age`, and for a token whose `kid` is not among them.',
    success: {
      description: 'The keys, each with `kty`, `use`, `alg`, `kid` and its public members.',
      document: {
        mediaType: JWK_SET,
        schema: {
          type: 'object',
          required: ['keys'],
          properties: { keys: { type: 'array', items: { type: 'object' } } },
        },
      },
    },
  },
} as const satisfies Readonly<Record<string, Route>>;

/** The JWK Set of these keys. */
export const jwkSet = (keys: readonly PublicJwk[]): PublishedDocument =>
  new PublishedDocument(JWK_SET, { keys });

/**
 * The route of the metadata (RFC 8414 §3). It stands at the root of the application, whatever the
 * prefix and the module's path are, and ends in the path of the issuer.
 * @param issuerPath without a last slash; empty where the issuer has none.
 */
export const metadataRoute = (issuerPath: string): Route => ({
  ...DOCUMENT,
  path: `.well-known/oauth-authorization-server${issuerPath}`,
  isAtRoot: true,
  summary: 'Where the endpoints are (RFC 8414)',
  description: 'The issuer of access tokens, where its keys are, and its endpoints.',
  success: {
    description: 'The metadata.',
    document: { mediaType: 'application/json', schema: { type: 'object' } },
  },
});
