import { misconfigured } from '../options/misconfiguration';
import { custom, optional, quoted, resolve, type Table } from '../options/option';
import type { NamedIssuer } from '../tokens/verification/token-rules';
import { clientRule, HOUR_SECONDS, names, type Names } from './inputs';

export interface EntraOptions {
  /** The GUID of one tenant. */
  readonly tenantId: string;
  /** Version 2: the client id of the API. Version 1: that, or its application id URI. */
  readonly audience: Names;
  /**
   * The clients whose tokens are accepted. Set it where one app registration is both the client and
   * the API: only access tokens name a client.
   * @defaultValue all of the tenant
   */
  readonly clientIds?: Names;
}

const GUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const MUST_BE = 'the GUID of one tenant, in lower case';
const SEVERAL =
  'Their tokens name the tenant in iss, and common, organizations and domains are none: list each ' +
  'tenant, as issuers: [entra({ tenantId: … }), entra({ tenantId: … })].';

export const ENTRA_OPTIONS = {
  tenantId: custom<string>(
    {
      mustBe: MUST_BE,
      read: (value, name) => {
        if (typeof value === 'string' && GUID.test(value)) return value;
        throw misconfigured(name, MUST_BE, quoted(value), SEVERAL);
      },
    },
    { says: 'The directory (tenant) id.' },
  ),
  audience: names('The client id of the API, or with version 1 its application id URI.'),
  clientIds: optional(names('The clients whose tokens are accepted.')),
} satisfies Table<EntraOptions>;

/** With continuous access evaluation 28 hours, and `iat` is 5 minutes before the issuance. */
const LONGEST_SECONDS = 29 * HOUR_SECONDS;

/**
 * The access tokens of version 2 that a tenant of Microsoft Entra ID issues for an API whose manifest
 * says `requestedAccessTokenVersion: 2`.
 * @throws {TypeError} naming the option, what it must be and what it was.
 */
export function entra(options: EntraOptions): NamedIssuer {
  const { tenantId, audience, clientIds } = resolve(ENTRA_OPTIONS, options, {}, 'entra.');
  return {
    audience,
    ...clientRule(clientIds),
    issuer: `https://login.microsoftonline.com/${tenantId}/v2.0`,
    jwksUri: `https://login.microsoftonline.com/${tenantId}/discovery/v2.0/keys`,
    algorithms: ['RS256'],
    maxLifetimeSeconds: LONGEST_SECONDS,
  };
}

/**
 * The same of version 1, which APIs get whose manifest names no version.
 * @throws {TypeError} naming the option, what it must be and what it was.
 */
export function entraV1(options: EntraOptions): NamedIssuer {
  const { tenantId, audience, clientIds } = resolve(ENTRA_OPTIONS, options, {}, 'entraV1.');
  return {
    audience,
    ...clientRule(clientIds),
    issuer: `https://sts.windows.net/${tenantId}/`,
    jwksUri: `https://login.microsoftonline.com/${tenantId}/discovery/keys`,
    algorithms: ['RS256'],
    maxLifetimeSeconds: LONGEST_SECONDS,
  };
}
