import { custom, optional, quoted, resolve, type Table } from '../options/option';
import { misconfigured } from '../options/misconfiguration';
import type { NamedIssuer } from '../tokens/verification/token-rules';
import { clientRule, DAY_SECONDS, domain, names, shaped, type Names } from './inputs';

export interface OktaOptions {
  /** Of the organization, or the custom domain that its authorization server has as issuer. */
  readonly domain: string;
  /** The id of a custom authorization server. @defaultValue 'default' */
  readonly authorizationServerId?: string;
  /** The audience of that server, such as `api://default`. */
  readonly audience: Names;
  /** The clients whose tokens are accepted. @defaultValue all of the server */
  readonly clientIds?: Names;
}

const DOMAIN = domain('dev-123456.okta.com', 'The domain of the organization, or its custom one.');
const CONSOLE = /-admin\.okta(?:preview)?\.com$/;

export const OKTA_OPTIONS = {
  domain: custom<string>(
    {
      mustBe: DOMAIN.mustBe,
      read: (value, name) => {
        const given = DOMAIN.read(value, name);
        if (!CONSOLE.test(given)) return given;
        throw misconfigured(
          name,
          'the domain that issues tokens',
          `that of the admin console, ${quoted(given)}`,
          'Leave "-admin" out.',
        );
      },
    },
    DOMAIN.about,
  ),
  authorizationServerId: optional(
    shaped(
      'the id of a custom authorization server, of letters and digits',
      /^[A-Za-z0-9]+$/,
      'The custom authorization server; `default` where it is left out.',
    ),
  ),
  audience: names('The audience of that server, such as `api://default`.'),
  clientIds: optional(names('The clients whose tokens are accepted.')),
} satisfies Table<OktaOptions>;

/**
 * The access tokens of a custom authorization server of Okta. Those of the organization's own server,
 * whose issuer is the bare domain, are for Okta alone, which says not how they are verified.
 * @throws {TypeError} naming the option, what it must be and what it was.
 */
export function okta(options: OktaOptions): NamedIssuer {
  const read = resolve(OKTA_OPTIONS, options, {}, 'okta.');
  const issuer = `https://${read.domain}/oauth2/${read.authorizationServerId ?? 'default'}`;
  return {
    issuer,
    audience: read.audience,
    ...clientRule(read.clientIds),
    jwksUri: `${issuer}/v1/keys`,
    algorithms: ['RS256'],
    maxLifetimeSeconds: DAY_SECONDS,
  };
}
