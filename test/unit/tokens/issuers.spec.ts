import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TokenRules } from '../../../src/tokens/verification/token-rules';
import type { RefusalCause } from '../../../src/tokens/verification/refusal-cause';
import { mint, NOW, SIGNERS, verifierOf } from './signers';

/** A token as an issuer documents it, with made-up values. */
interface Shape {
  readonly of: string;
  readonly header?: object;
  readonly claims: object;
  /** The one option that it needs. */
  readonly rules?: Partial<TokenRules>;
  /** Why it is refused without that option. */
  readonly cause?: RefusalCause;
}

/** Without the marks of code. */
const PAGE = readFileSync(join(__dirname, '../../../docs/your-token.md'), 'utf8').replaceAll(
  '`',
  '',
);

const DAY = 86_400;
const HOUR = { iat: NOW - 60, exp: NOW + 3540 };
const signer = SIGNERS.RS256;

const SHAPES: readonly Shape[] = [
  {
    of: 'Nest, chapter Authentication: a numeric sub',
    claims: { sub: 1, username: 'john', ...HOUR },
  },
  {
    of: 'Nest, chapter Passport: a minute of life',
    header: { typ: 'JWT' },
    claims: { username: 'john', sub: 1, iat: NOW, exp: NOW + 60 },
  },
  {
    of: 'Auth0, from one machine to another, for thirty days',
    header: { typ: 'JWT', kid: 'NTVBOTU3' },
    claims: {
      iss: 'https://t.eu.auth0.example/',
      sub: 'my_client@clients',
      aud: 'https://api.example',
      gty: 'client-credentials',
      azp: 'my_client',
      iat: NOW - 60,
      exp: NOW - 60 + 30 * DAY,
    },
  },
  {
    of: 'Auth0, access token',
    header: { typ: 'JWT', kid: 'NTVBOTU3' },
    claims: {
      iss: 'https://t.eu.auth0.example/',
      sub: 'auth0|650c0a0a',
      aud: ['https://api.example', 'https://t.eu.auth0.example/userinfo'],
      azp: 'my_client',
      scope: 'openid read:posts',
      permissions: ['read:posts'],
      iat: NOW - 60,
      exp: NOW - 60 + 86_400,
    },
  },
  {
    of: 'Okta, access token',
    header: { kid: 'okta-1' },
    claims: {
      ver: 1,
      jti: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
      iss: 'https://o.okta.example/oauth2/default',
      aud: 'api://default',
      cid: 'nmdP1fcyvdVO11AL7ECm',
      uid: '00ulthapbErVUwVJy4x6',
      scp: ['openid', 'profile'],
      auth_time: NOW - 70,
      sub: 'ada@example.com',
      ...HOUR,
    },
  },
  {
    of: 'Cognito, access token',
    header: { kid: 'cognito-1' },
    claims: {
      sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
      'cognito:groups': ['admins'],
      iss: 'https://cognito-idp.eu-west-1.amazonaws.example/eu-west-1_abc',
      version: 2,
      client_id: 'xxxxxxxxxxxxexample',
      origin_jti: 'aaaaaaaa-0000',
      event_id: '64f513be',
      token_use: 'access',
      scope: 'openid',
      auth_time: NOW - 60,
      jti: 'dddddddd-0000',
      username: 'ada',
      ...HOUR,
    },
  },
  {
    of: 'Entra v1: x5t, and a nonce in the header',
    header: { typ: 'JWT', nonce: 'AQABAAAA', x5t: 'i6lGk3FZzxRc', kid: 'i6lGk3FZzxRc' },
    claims: {
      aud: 'api://app',
      iss: 'https://sts.windows.example/tenant/',
      nbf: NOW - 60,
      acr: '1',
      aio: 'AXQAi/8I',
      amr: ['pwd'],
      appid: '6e74172b',
      appidacr: '0',
      oid: '690222be',
      rh: 'I',
      scp: 'access_as_user',
      sub: 'HKZpfaHyWadeOouYlitjrI',
      tid: 'fa15d692',
      unique_name: 'ada@example.com',
      uti: 'bqMiYoVNf0eu',
      ver: '1.0',
      ...HOUR,
    },
  },
  {
    of: 'Entra v2',
    header: { typ: 'JWT', kid: 'MnC_VZcATf' },
    claims: {
      aud: '6e74172b',
      iss: 'https://login.microsoftonline.example/tenant/v2.0',
      nbf: NOW - 60,
      aio: 'AXQAi',
      azp: '6e74172b',
      azpacr: '0',
      oid: '690222be',
      preferred_username: 'ada@example.com',
      rh: 'I',
      scp: 'access_as_user',
      sub: 'HKZpfaHyWadeOouYlitjrI',
      tid: 'fa15d692',
      uti: 'fqiBqXLPj0',
      ver: '2.0',
      ...HOUR,
    },
  },
  {
    of: 'Entra with continuous access evaluation: 28 hours',
    header: { typ: 'JWT', kid: 'MnC_VZcATf' },
    claims: {
      aud: '6e74172b',
      iss: 'https://login.microsoftonline.example/tenant/v2.0',
      nbf: NOW - 300,
      aio: 'AXQAi',
      sub: 'HKZpfaHyWadeOouYlitjrI',
      xms_cc: ['cp1'],
      uti: 'fqiBqXLPj0',
      iat: NOW - 300,
      exp: NOW - 300 + 28 * 3600,
    },
  },
  {
    of: 'Entra with 150 groups: 8 KB and more',
    header: { typ: 'JWT', kid: 'MnC_VZcATf' },
    claims: {
      sub: 'HKZpfaHyWadeOouYlitjrI',
      groups: Array.from({ length: 150 }, (_, at) => `${at + 1e7}-1111-2222-3333-444444444444`),
      ...HOUR,
    },
    rules: { maxTokenBytes: 16_384 },
    cause: 'form',
  },
  {
    of: 'Firebase: an ID token without a nonce',
    header: { typ: 'JWT', kid: 'fb-1' },
    claims: {
      iss: 'https://securetoken.example/project',
      aud: 'project',
      auth_time: NOW - 60,
      user_id: 'AbCdEf',
      sub: 'AbCdEf',
      email: 'ada@example.com',
      email_verified: true,
      firebase: { identities: { email: ['ada@example.com'] }, sign_in_provider: 'password' },
      ...HOUR,
    },
  },
  {
    of: 'Google: an ID token with at_hash',
    header: { typ: 'JWT', kid: 'g-1' },
    claims: {
      iss: 'https://accounts.google.example',
      azp: 'client.apps',
      aud: 'client.apps',
      sub: '10769150350006150715113082367',
      at_hash: 'HK6E_P6Dh8Y93mRNtsDB1Q',
      email: 'ada@example.com',
      email_verified: 'true',
      ...HOUR,
    },
    rules: { idTokens: 'accept' },
    cause: 'purpose',
  },
  {
    of: 'Keycloak 24',
    header: { typ: 'JWT', kid: 'kc-1' },
    claims: {
      jti: 'b15091f7-27d8',
      iss: 'https://sso.example/realms/main',
      aud: 'account',
      sub: 'f3c4a9d2',
      typ: 'Bearer',
      azp: 'web',
      session_state: 'a316220a-5e21',
      sid: 'a316220a-5e21',
      auth_time: NOW - 70,
      realm_access: { roles: ['user'] },
      scope: 'openid profile',
      iat: NOW - 60,
      exp: NOW + 240,
    },
  },
  {
    of: 'Keycloak 25 without the scope basic: no sub',
    header: { typ: 'JWT', kid: 'kc-1' },
    claims: {
      jti: 'onrtac:3d0b1f2e',
      iss: 'https://sso.example/realms/main',
      typ: 'Bearer',
      azp: 'web',
      sid: '7c1b2a90',
      scope: 'profile email',
      email: 'ada@example.com',
      iat: NOW - 60,
      exp: NOW + 240,
    },
    rules: { subjectClaim: null },
    cause: 'claims',
  },
  {
    of: 'Keycloak 25 without the scope basic, known by its email',
    claims: { jti: 'j1', azp: 'web', sid: '7c1b2a90', email: 'ada@example.com', ...HOUR },
    rules: { subjectClaim: ['sub', 'email'] },
    cause: 'claims',
  },
  {
    of: 'Keycloak 25 with the scope basic',
    header: { typ: 'JWT', kid: 'kc-1' },
    claims: {
      jti: 'onrtac:3d0b1f2e',
      iss: 'https://sso.example/realms/main',
      aud: 'account',
      sub: 'f3c4a9d2',
      typ: 'Bearer',
      azp: 'web',
      sid: '7c1b2a90',
      acr: '1',
      'allowed-origins': ['*'],
      realm_access: { roles: ['offline_access'] },
      resource_access: { account: { roles: ['view-profile'] } },
      scope: 'openid email',
      iat: NOW - 60,
      exp: NOW + 240,
    },
  },
  {
    of: 'Supabase',
    header: { typ: 'JWT', kid: 'sb-1' },
    claims: {
      iss: 'https://p.supabase.example/auth/v1',
      sub: 'd0f3b6a4',
      aud: 'authenticated',
      role: 'authenticated',
      aal: 'aal1',
      amr: [{ method: 'password', timestamp: NOW - 60 }],
      session_id: '9f0c1f0e',
      email: 'ada@example.com',
      phone: '',
      is_anonymous: false,
      app_metadata: { provider: 'email', providers: ['email'] },
      user_metadata: {},
      ...HOUR,
    },
  },
  {
    of: 'Clerk: cat in the header, a minute of life',
    header: { typ: 'JWT', cat: 'cl_B7d4PD111AAA', kid: 'ins_2' },
    claims: {
      azp: 'https://app.example',
      fva: [3, -1],
      iss: 'https://clerk.app.example',
      nbf: NOW - 10,
      sid: 'sess_2GaMqUCB3Sc1WNAkWuNzsnYVVEy',
      sub: 'user_2F2u1wtUyUlxKgFkKqtJNtpJJWj',
      v: 2,
      iat: NOW,
      exp: NOW + 60,
    },
  },
  {
    of: 'IdentityServer: at+jwt and x5t',
    header: { typ: 'at+jwt', kid: 'is-1', x5t: 'qJqT1JtV' },
    claims: {
      nbf: NOW - 60,
      iss: 'https://identity.example',
      aud: 'api1',
      client_id: 'web',
      sub: '818727',
      auth_time: NOW - 70,
      idp: 'local',
      sid: '4A6FE3',
      jti: '2B7B4A',
      scope: ['openid', 'api1'],
      amr: ['pwd'],
      ...HOUR,
    },
  },
  {
    of: 'Ory Hydra',
    header: { typ: 'JWT', kid: 'hy-1' },
    claims: {
      aud: [],
      client_id: '5a1b',
      ext: {},
      iss: 'https://hydra.example',
      jti: 'b5b6e1f0',
      nbf: NOW - 60,
      scp: ['openid', 'offline'],
      sub: 'ada',
      ...HOUR,
    },
  },
  {
    of: 'GitHub Actions',
    header: { typ: 'JWT', x5t: 'eBZ_cn3sXYAd', kid: '78167F72' },
    claims: {
      jti: 'example-id',
      sub: 'repo:octo-org/octo-repo:environment:prod',
      environment: 'prod',
      aud: 'https://github.example/octo-org',
      ref: 'refs/heads/main',
      repository: 'octo-org/octo-repo',
      run_id: 'example-run-id',
      run_attempt: '2',
      iss: 'https://token.actions.githubusercontent.example',
      nbf: NOW - 60,
      iat: NOW - 60,
      exp: NOW + 240,
    },
  },
  {
    of: 'Laravel Passport: a client number for aud, times with a fraction, a year',
    header: { typ: 'JWT' },
    claims: {
      aud: '3',
      jti: '4f1cd07b',
      iat: NOW - 60.123_456,
      nbf: NOW - 60.123_458,
      exp: NOW + 365 * DAY - 61.5,
      sub: '1',
      scopes: [],
    },
    rules: { maxLifetimeSeconds: 366 * DAY },
    cause: 'lifetime',
  },
  {
    of: 'simplejwt of Django: user_id',
    header: { typ: 'JWT' },
    claims: { token_type: 'access', jti: '1c51', user_id: 1, iat: NOW, exp: NOW + 300 },
    rules: { subjectClaim: 'user_id' },
    cause: 'claims',
  },
  {
    of: 'jsonwebtoken with { id }',
    claims: { id: '65f0c0ffee', role: 'user', ...HOUR },
    rules: { subjectClaim: 'id' },
    cause: 'claims',
  },
  {
    of: 'jsonwebtoken with { userId }',
    claims: { userId: 42, ...HOUR },
    rules: { subjectClaim: 'userId' },
    cause: 'claims',
  },
  {
    of: 'jsonwebtoken with { user: { id } }',
    claims: { user: { id: 42 }, ...HOUR },
    rules: { subjectClaim: ({ user }) => (user as { id: number }).id },
    cause: 'claims',
  },
  {
    of: 'jsonwebtoken with { email }',
    claims: { email: 'ada@example.com', ...HOUR },
    rules: { subjectClaim: 'email' },
    cause: 'claims',
  },
  {
    of: 'jsonwebtoken with a numeric sub, jti and client_id, without iss and aud',
    claims: { sub: 42, jti: 7, client_id: 3, ...HOUR },
  },
  { of: 'jsonwebtoken with noTimestamp: no iat', claims: { sub: 'ada', exp: NOW + 3600 } },
  {
    of: 'jsonwebtoken with 7d',
    header: { typ: 'JWT' },
    claims: { sub: 'ada', iat: NOW, exp: NOW + 7 * DAY },
  },
];

describe('A token as its issuer makes it', () => {
  const verdictOf = ({ claims, header }: Shape, rules: Partial<TokenRules> = {}) =>
    verifierOf(signer, rules).verify(mint(signer, claims, { alg: 'RS256', ...header }));

  it.each(SHAPES)('is accepted: $of', (shape) => {
    expect(verdictOf(shape, shape.rules)).toMatchObject({ verdict: 'live' });
  });

  it.each(SHAPES.filter(({ rules }) => rules !== undefined))(
    'is refused without its option, and says why: $of',
    (shape) => {
      expect(Object.keys(shape.rules ?? {})).toHaveLength(1);
      expect(verdictOf(shape)).toEqual({ verdict: 'refused', cause: shape.cause });
    },
  );

  it.each(SHAPES)('stands in docs/your-token.md with what it needs: $of', ({ of, rules = {} }) => {
    const [named = ''] = of.replace('jsonwebtoken with ', '').split(/[:,]/);
    const [needed = 'nothing'] = Object.keys(rules);
    const rows = PAGE.split('\n').filter((row) => row.includes(named));
    expect(rows).toContainEqual(expect.stringContaining(needed));
  });

  const LENIENT = {
    maxLifetimeSeconds: 400 * DAY,
    subjectClaim: null,
    idTokens: 'accept',
    maxTokenBytes: 16_384,
  } as const;
  it.each<Shape>([
    { of: 'no exp', claims: { sub: 'ada', iat: NOW }, cause: 'claims' },
    { of: 'neither exp nor iat', claims: { sub: 'ada' }, cause: 'claims' },
    { of: 'an exp in ms', claims: { sub: 'a', iat: NOW, exp: NOW * 1000 }, cause: 'lifetime' },
    { of: 'an exp in ms, no iat', claims: { sub: 'a', exp: NOW * 1000 }, cause: 'lifetime' },
    {
      of: 'ten years',
      claims: { sub: 'a', iat: NOW, exp: NOW + 3650 * DAY },
      cause: 'lifetime',
    },
    { of: 'an empty sub', claims: { sub: '', ...HOUR }, cause: 'claims' },
    { of: 'a jti of 200', claims: { sub: 'a', jti: 'x'.repeat(200), ...HOUR }, cause: 'claims' },
  ])('stays refused with $of, whatever the options', (shape) => {
    const refused = { verdict: 'refused', cause: shape.cause };
    expect([verdictOf(shape), verdictOf(shape, LENIENT)]).toEqual([refused, refused]);
  });
});
