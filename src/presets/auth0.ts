import { optional, resolve, type Table } from '../options/option';
import type { NamedIssuer } from '../tokens/verification/token-rules';
import { clientRule, DAY_SECONDS, domain, names, type Names } from './inputs';

export interface Auth0Options {
  /** Of the tenant, or the custom domain under which its tokens are requested. */
  readonly domain: string;
  /** The identifier of the API. */
  readonly audience: Names;
  /** The clients whose tokens are accepted. @defaultValue all of the tenant */
  readonly clientIds?: Names;
}

export const AUTH0_OPTIONS = {
  domain: domain('tenant.eu.auth0.com', 'The domain of the tenant, or its custom domain.'),
  audience: names('The identifier of the API.'),
  clientIds: optional(names('The clients whose tokens are accepted.')),
} satisfies Table<Auth0Options>;

/**
 * The access tokens that a tenant of Auth0 issues for an API. Its ID tokens have another audience.
 * @throws {TypeError} naming the option, what it must be and what it was.
 */
export function auth0(options: Auth0Options): NamedIssuer {
  const read = resolve(AUTH0_OPTIONS, options, {}, 'auth0.');
  const issuer = `https://${read.domain}/`; // its `iss` ends in a slash
  return {
    issuer,
    audience: read.audience,
    ...clientRule(read.clientIds),
    jwksUri: `${issuer}.well-known/jwks.json`,
    algorithms: ['RS256'],
    maxLifetimeSeconds: 30 * DAY_SECONDS,
  };
}
