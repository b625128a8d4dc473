import { misconfigured } from '../options/misconfiguration';
import { optional, quoted, resolve, type Table } from '../options/option';
import type { NamedIssuer } from '../tokens/verification/token-rules';
import { clientRule, DAY_SECONDS, names, shaped, type Names } from './inputs';

export interface KeycloakOptions {
  /** Of the server, as browsers reach it. Before Keycloak 17 it ends in `/auth`. */
  readonly url: string;
  readonly realm: string;
  /** What an audience mapper adds to `aud`. One of `audience` and `clientIds` is set. */
  readonly audience?: Names;
  /** The clients whose tokens are accepted. */
  readonly clientIds?: Names;
}

const SERVER = /^https?:\/\/[a-z0-9.-]+(?::\d+)?(?:\/[\w.~-]+)*$/;
const REALM = /^[\w.~-]+$/;

export const KEYCLOAK_OPTIONS = {
  url: shaped(
    'the URL of the server in lower case, such as https://sso.example, without a slash at its end',
    SERVER,
    'The URL of the server, with `/auth` where its issuers have that.',
  ),
  realm: shaped('the name of a realm, of letters, digits, and - . _ ~', REALM, 'The realm.'),
  audience: optional(names('What an audience mapper adds to `aud`.')),
  clientIds: optional(names('The clients whose tokens are accepted.')),
} satisfies Table<KeycloakOptions>;

/**
 * The access tokens of a realm of Keycloak. Its refresh tokens have no published key, and its ID
 * tokens are told by `at_hash`, or by `typ: ID` in the payload.
 * @throws {TypeError} naming the option, what it must be and what it was.
 */
export function keycloak(options: KeycloakOptions): NamedIssuer {
  const { url, realm, audience, clientIds } = resolve(KEYCLOAK_OPTIONS, options, {}, 'keycloak.');
  if (audience === undefined && clientIds === undefined)
    throw misconfigured(
      'keycloak.audience',
      'set, unless clientIds is',
      'neither',
      'Without both, tokens of every client of the realm are accepted. Add an audience mapper in ' +
        'Keycloak and name its audience, or list clientIds.',
    );
  if (url.includes('/realms/'))
    throw misconfigured(
      'keycloak.url',
      'the URL of the server, without the realm',
      quoted(url),
      'Leave out /realms and what follows: the option realm says that.',
    );
  const issuer = `${url}/realms/${realm}`;
  return {
    issuer,
    audience: audience ?? null,
    ...clientRule(clientIds),
    jwksUri: `${issuer}/protocol/openid-connect/certs`,
    maxLifetimeSeconds: DAY_SECONDS,
  };
}
