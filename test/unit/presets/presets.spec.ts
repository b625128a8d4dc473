import {
  auth0,
  cognito,
  entra,
  entraV1,
  firebase,
  google,
  keycloak,
  okta,
  supabase,
} from '../../../src/presets';
import { resolveTokenRules } from '../../../src/tokens/verification/resolved-rules';
import type { NamedIssuer } from '../../../src/tokens/verification/token-rules';
import { SIGNERS } from '../tokens/signers';

const TENANT = 'aaaabbbb-0000-cccc-1111-dddd2222eeee';
const audience = 'https://api.example';

/** As the provider documents them: what `iss` is, and where its keys are. */
const ADDRESSES: readonly [of: string, NamedIssuer, iss: string | string[], jwksUri: string][] = [
  [
    'Auth0, with a slash at the end',
    auth0({ domain: 'tenant.eu.auth0.com', audience }),
    'https://tenant.eu.auth0.com/',
    'https://tenant.eu.auth0.com/.well-known/jwks.json',
  ],
  [
    'Amazon Cognito, in the region of the pool',
    cognito({ userPoolId: 'us-gov-west-1_AbC123', clientIds: 'web' }),
    'https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_AbC123',
    'https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_AbC123/.well-known/jwks.json',
  ],
  [
    'Amazon Cognito, in China',
    cognito({ userPoolId: 'cn-north-1_AbC123', clientIds: 'web' }),
    'https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_AbC123',
    'https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_AbC123/.well-known/jwks.json',
  ],
  [
    'Amazon Cognito, with the updated issuer',
    cognito({ userPoolId: 'eu-west-1_AbC123', clientIds: 'web', issuerType: 'updated' }),
    'https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC123',
    'https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC123/.well-known/jwks.json',
  ],
  [
    'Entra, version 2',
    entra({ tenantId: TENANT, audience }),
    `https://login.microsoftonline.com/${TENANT}/v2.0`,
    `https://login.microsoftonline.com/${TENANT}/discovery/v2.0/keys`,
  ],
  [
    'Entra, version 1, with a slash at the end',
    entraV1({ tenantId: TENANT, audience }),
    `https://sts.windows.net/${TENANT}/`,
    `https://login.microsoftonline.com/${TENANT}/discovery/keys`,
  ],
  [
    'Firebase, by projects',
    firebase({ projectId: ['my-app-1', 'my-app-2'] }),
    ['https://securetoken.google.com/my-app-1', 'https://securetoken.google.com/my-app-2'],
    'https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com',
  ],
  [
    'Google, in both spellings',
    google({ clientIds: 'web' }),
    ['https://accounts.google.com', 'accounts.google.com'],
    'https://www.googleapis.com/oauth2/v3/certs',
  ],
  [
    'Keycloak',
    keycloak({ url: 'https://sso.example:8443', realm: 'main', audience }),
    'https://sso.example:8443/realms/main',
    'https://sso.example:8443/realms/main/protocol/openid-connect/certs',
  ],
  [
    'Keycloak below /auth',
    keycloak({ url: 'https://sso.example/auth', realm: 'main', clientIds: 'web' }),
    'https://sso.example/auth/realms/main',
    'https://sso.example/auth/realms/main/protocol/openid-connect/certs',
  ],
  [
    'Okta, its default server',
    okta({ domain: 'dev-1.okta.com', audience }),
    'https://dev-1.okta.com/oauth2/default',
    'https://dev-1.okta.com/oauth2/default/v1/keys',
  ],
  [
    'Okta, another server',
    okta({ domain: 'id.example.com', authorizationServerId: 'aus9o8wzkhckw9TLa0h7', audience }),
    'https://id.example.com/oauth2/aus9o8wzkhckw9TLa0h7',
    'https://id.example.com/oauth2/aus9o8wzkhckw9TLa0h7/v1/keys',
  ],
  [
    'Supabase',
    supabase({ domain: 'abcdefghijklmnopqrst.supabase.co' }),
    'https://abcdefghijklmnopqrst.supabase.co/auth/v1',
    'https://abcdefghijklmnopqrst.supabase.co/auth/v1/.well-known/jwks.json',
  ],
];

const names = (value: NamedIssuer['audience']): readonly string[] => [value ?? []].flat();

describe('The preset of an issuer', () => {
  it.each(ADDRESSES)('is accepted without a word about clients: %s', (_, issuer) => {
    expect(resolveTokenRules(issuer).warnings).toEqual([]);
  });

  it.each(ADDRESSES)('says what its iss is, and where its keys are: %s', (_, issuer, iss, uri) => {
    expect(names(issuer.issuer)).toEqual([iss].flat());
    expect(issuer.jwksUri).toBe(uri);
  });

  it.each(ADDRESSES)('is complete, alone and in a list: %s', (_, issuer) => {
    expect(resolveTokenRules(issuer).issuers.names).toEqual(names(issuer.issuer));
    expect(resolveTokenRules({ issuers: [issuer] }).issuers.names).toEqual(names(issuer.issuer));
  });

  it.each(ADDRESSES)('checks the audience or the client: %s', (_, issuer) => {
    expect(names(issuer.audience).length + names(issuer.clientIds ?? null).length).toBeGreaterThan(
      0,
    );
  });

  it.each<[of: string, seconds: number]>([
    ['Auth0', 30 * 86_400],
    ['Amazon Cognito', 86_400],
    ['Entra', 29 * 3600],
    ['Firebase', 3600],
    ['Google', 2 * 3600],
    ['Keycloak', 86_400],
    ['Okta', 86_400],
    ['Supabase', 7 * 86_400],
  ])('accepts no token that lives longer than those of %s: %i s', (of, seconds) => {
    const issuers = ADDRESSES.filter(([what]) => what.startsWith(of)).map(([, issuer]) => issuer);
    const lifetimes = issuers.map(({ maxLifetimeSeconds }) => maxLifetimeSeconds);
    expect([...new Set(lifetimes)]).toEqual([seconds]);
  });

  it('gives way to whatever stands behind it', () => {
    const { key } = SIGNERS.RS256;
    const given = auth0({ domain: 'tenant.eu.auth0.com', audience });
    const offline = { ...given, jwksUri: undefined, keys: key, maxLifetimeSeconds: 60 };
    const { issuers } = resolveTokenRules(offline);
    expect(issuers.of(undefined)).toMatchObject({
      maxLifetimeSeconds: 60,
      keys: { areFixed: true },
    });
  });

  it('leaves clientIds alone that stand before it', () => {
    const kinds = [
      auth0({ domain: 'tenant.eu.auth0.com', audience }),
      entra({ tenantId: TENANT, audience }),
      entraV1({ tenantId: TENANT, audience }),
      keycloak({ url: 'https://sso.example', realm: 'main', audience }),
      okta({ domain: 'dev-1.okta.com', audience }),
    ];
    for (const issuer of kinds) expect({ clientIds: 'web', ...issuer }.clientIds).toBe('web');
  });

  it('may be of several tenants, whose keys are the same', () => {
    const tenants = [TENANT, TENANT.replace('aaaa', 'ffff')];
    const issuers = tenants.map((tenantId) => entra({ tenantId, audience }));
    expect(resolveTokenRules({ issuers }).issuers.names).toHaveLength(2);
  });
});

/** As plain JavaScript may call it. */
const call = (preset: (options: never) => NamedIssuer, options: unknown) => (): NamedIssuer =>
  preset(options as never);

describe('The preset of an issuer does not take', () => {
  const DOMAIN = 'must be a domain in lower case, such as tenant.eu.auth0.com, without https://';
  const POOL = 'must be the id of a user pool with its region, such as eu-west-1_AbCdEf123';
  const GUID = 'must be the GUID of one tenant, in lower case';
  const SERVER = 'must be the URL of the server in lower case, such as https://sso.example';
  const NAMES = 'must be a string of 1–255 characters or a non-empty list of them';

  it.each<[what: string, () => NamedIssuer, sentence: string]>([
    ['a URL for a domain', call(auth0, { domain: 'https://a.auth0.com', audience }), DOMAIN],
    ['a domain with a path', call(auth0, { domain: 'a.auth0.com/', audience }), DOMAIN],
    ['a domain in upper case', call(auth0, { domain: 'A.auth0.com', audience }), DOMAIN],
    ['a name without dots', call(auth0, { domain: 'tenant', audience }), DOMAIN],
    ['no domain', call(auth0, { audience }), 'got undefined'],
    ['no audience', call(auth0, { domain: 'a.auth0.com' }), `"auth0.audience" ${NAMES}`],
    ['null', call(auth0, { domain: 'a.auth0.com', audience: null }), `"auth0.audience" ${NAMES}`],
    [
      'no names',
      call(google, { clientIds: [] }),
      `"google.clientIds" ${NAMES}, got an empty list.`,
    ],
    ['an empty name', call(google, { clientIds: [''] }), `"google.clientIds" ${NAMES}`],
    ['nothing', call(google, undefined), '"google" must be an object'],
    [
      'a misspelt option',
      call(auth0, { domain: 'a.auth0.com', audience, clientIDs: 'web' }),
      '"auth0.clientIDs" must be left out, got an option that does not exist. Check its spelling.',
    ],
    ['a pool without its region', call(cognito, { userPoolId: 'AbC123', clientIds: 'web' }), POOL],
    ['a pool by its name', call(cognito, { userPoolId: 'My pool', clientIds: 'web' }), POOL],
    [
      'a use that tokens of Cognito do not have',
      call(cognito, { userPoolId: 'eu-west-1_A1', clientIds: 'web', tokenUse: 'refresh' }),
      '"cognito.tokenUse" must be "access" or "id", got "refresh".',
    ],
    ['common for a tenant', call(entra, { tenantId: 'common', audience }), GUID],
    [
      'organizations for a tenant',
      call(entraV1, { tenantId: 'organizations', audience }),
      'got "organizations". Their tokens name the tenant in iss, and common, organizations and ' +
        'domains are none: list each tenant, as issuers: [entra({ tenantId: … }), ',
    ],
    ['the domain of a tenant', call(entra, { tenantId: 'a.onmicrosoft.com', audience }), GUID],
    ['a GUID in upper case', call(entra, { tenantId: TENANT.toUpperCase(), audience }), GUID],
    [
      'the number of a project',
      call(firebase, { projectId: 123456789012 }),
      '"firebase.projectId" must be the id of a project, such as my-app-1a2b3, or a non-empty list',
    ],
    ['a host alone', call(keycloak, { url: 'sso.example', realm: 'a', audience }), SERVER],
    [
      'the URL of a realm',
      call(keycloak, { url: 'https://sso.example/realms/a', realm: 'a', audience }),
      'Leave out /realms and what follows: the option realm says that.',
    ],
    [
      'a server with a slash at its end',
      call(keycloak, { url: 'https://sso.example/', realm: 'a', audience }),
      SERVER,
    ],
    [
      'a realm with a slash',
      call(keycloak, { url: 'https://sso.example', realm: 'a/b', audience }),
      'must be the name of a realm, of letters, digits, and - . _ ~, got "a/b".',
    ],
    [
      'a realm of which every client is accepted',
      call(keycloak, { url: 'https://sso.example', realm: 'a' }),
      '"keycloak.audience" must be set, unless clientIds is, got neither.',
    ],
    [
      'the console of Okta',
      call(okta, { domain: 'dev-1-admin.okta.com', audience }),
      'got that of the admin console, "dev-1-admin.okta.com". Leave "-admin" out.',
    ],
    [
      "the organization's own server of Okta",
      call(okta, { domain: 'dev-1.okta.com', authorizationServerId: '', audience }),
      'must be the id of a custom authorization server, of letters and digits, got ""',
    ],
    ['the name of a project', call(supabase, { domain: 'My project' }), 'must be a domain'],
  ])('%s', (_what, made, sentence) => {
    expect(made).toThrow(TypeError);
    expect(made).toThrow(sentence);
  });
});
