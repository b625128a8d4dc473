import { createHmac, randomUUID } from 'node:crypto';
import request from 'supertest';
import {
  BulkRevocation,
  LiveConnections,
  RevocationStore,
  RevokedTokensService,
} from '../../../src';
import {
  auth0,
  cognito,
  entra,
  entraV1,
  firebase,
  google,
  keycloak,
  type NamedIssuer,
  okta,
  supabase,
} from '../../../src/presets';
import { DOCUMENTED, TestApp } from '../../support/app';
import { auditOf } from '../../support/audit';
import { BACKCHANNEL_LOGOUT, logoutClaims } from '../../support/logout-tokens';
import { PublishedIssuer } from '../../support/published-issuer';
import type { TestAlgorithm } from '../../support/tokens';

type Part = Readonly<Record<string, unknown>>;

/** A token by claims and header, with made-up values; `undefined` leaves out what is usual. */
interface Shape {
  readonly what: string;
  readonly claims?: Part;
  readonly header?: Part;
  /** What becomes of it on its way. */
  readonly then?: (token: string) => string;
}

interface Sibling extends Shape {
  readonly reason: string;
}

interface Provider {
  readonly of: string;
  readonly algorithm?: TestAlgorithm;
  readonly issuer: NamedIssuer;
  /** Of the token that users send, as the provider documents it. */
  readonly claims: Part;
  readonly header?: Part;
  /** Other tokens that are as good. */
  readonly alike?: readonly Shape[];
  /** Tokens of the same provider that are not for us. */
  readonly siblings: readonly Sibling[];
}

const NOW = Math.floor(Date.now() / 1000);
const DAY = 86_400;
const TENANT = 'aaaabbbb-0000-cccc-1111-dddd2222eeee';
const OTHER_TENANT = 'bbbbaaaa-0000-cccc-1111-dddd2222eeee';
const API = '00001111-aaaa-2222-bbbb-3333cccc4444';
const SPA = '11112222-bbbb-3333-cccc-4444dddd5555';
const POOL = 'https://cognito-idp.eu-west-1.amazonaws.com';
const GOOGLE = '1234987819200.apps.googleusercontent.com';

/** A refresh token of Keycloak: signed with a secret that it keeps. */
function signedWithSecret(token: string): string {
  const [, payload = ''] = token.split('.');
  const header = Buffer.from(JSON.stringify({ alg: 'HS512', typ: 'JWT', kid: 'hs' }));
  const signed = `${header.toString('base64url')}.${payload}`;
  return `${signed}.${createHmac('sha512', 'its own').update(signed).digest('base64url')}`;
}

/** As a token of Microsoft Graph: what is signed has the SHA-256 of the `nonce` in its header. */
const withOtherHeader = (token: string): string => {
  const [header = '', ...rest] = token.split('.');
  const read = JSON.parse(Buffer.from(header, 'base64url').toString()) as object;
  const sent = Buffer.from(JSON.stringify({ ...read, nonce: 'AQABAAAA' }));
  return [sent.toString('base64url'), ...rest].join('.');
};

const cognitoAccess = {
  aud: undefined,
  sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
  'cognito:groups': ['admins'],
  version: 2,
  client_id: 'web',
  origin_jti: 'aaaaaaaa-0000',
  event_id: '64f513be',
  token_use: 'access',
  scope: 'aws.cognito.signin.user.admin',
  auth_time: NOW - 70,
  username: 'ada',
};
const cognitoId = {
  ...cognitoAccess,
  aud: 'web',
  client_id: undefined,
  scope: undefined,
  token_use: 'id',
  'cognito:username': 'ada',
  email: 'ada@example.com',
};
const entraV2 = {
  jti: undefined,
  aud: API,
  iss: `https://login.microsoftonline.com/${TENANT}/v2.0`,
  nbf: NOW - 60,
  aio: 'AXQAi',
  azp: SPA,
  azpacr: '0',
  oid: '690222be',
  rh: 'I',
  scp: 'access_as_user',
  sub: 'HKZpfaHyWadeOouYlitjrI',
  tid: TENANT,
  uti: 'fqiBqXLPj0',
  ver: '2.0',
};

const PROVIDERS: readonly Provider[] = [
  {
    of: 'auth0',
    issuer: auth0({
      domain: 'tenant.eu.auth0.com',
      audience: 'https://api.example',
      clientIds: ['web', 'machine'],
    }),
    claims: {
      jti: undefined,
      iss: 'https://tenant.eu.auth0.com/',
      sub: 'auth0|650c0a0a',
      aud: ['https://api.example', 'https://tenant.eu.auth0.com/userinfo'],
      azp: 'web',
      scope: 'openid read:posts',
    },
    alike: [
      {
        what: 'of the RFC 9068 profile',
        header: { typ: 'at+jwt' },
        claims: { azp: undefined, client_id: 'web', jti: '73WakrfVbNJBaAmhQtEeDv' },
      },
      {
        what: 'of a machine, for thirty days',
        claims: {
          sub: 'machine@clients',
          gty: 'client-credentials',
          azp: 'machine',
          aud: 'https://api.example',
          exp: NOW - 60 + 30 * DAY,
        },
      },
    ],
    siblings: [
      { what: 'an ID token', claims: { aud: 'web', azp: undefined }, reason: 'audience' },
      { what: 'of another API', claims: { aud: 'https://other.example' }, reason: 'audience' },
      { what: 'of another client', claims: { azp: 'other' }, reason: 'client' },
      {
        what: 'of another tenant',
        claims: { iss: 'https://other.eu.auth0.com/' },
        reason: 'issuer',
      },
    ],
  },
  {
    of: 'cognito',
    issuer: cognito({ userPoolId: 'eu-west-1_Web1', clientIds: 'web' }),
    claims: { ...cognitoAccess, iss: `${POOL}/eu-west-1_Web1` },
    header: { typ: undefined },
    siblings: [
      { what: 'an ID token', claims: cognitoId, reason: 'purpose' },
      {
        what: 'an ID token without its mark',
        claims: { ...cognitoId, token_use: undefined },
        reason: 'client',
      },
      { what: 'of another client', claims: { client_id: 'other' }, reason: 'client' },
      {
        what: 'of another pool',
        claims: { iss: `${POOL}/eu-west-1_Other1` },
        reason: 'issuer',
      },
    ],
  },
  {
    of: 'cognito, where users send ID tokens',
    issuer: cognito({ userPoolId: 'eu-west-1_Ids1', clientIds: 'web', tokenUse: 'id' }),
    claims: { ...cognitoId, iss: `${POOL}/eu-west-1_Ids1` },
    header: { typ: undefined },
    siblings: [
      {
        what: 'an access token',
        claims: { ...cognitoAccess, iss: `${POOL}/eu-west-1_Ids1` },
        reason: 'audience',
      },
      { what: 'of another client', claims: { aud: 'other' }, reason: 'audience' },
    ],
  },
  {
    of: 'entra',
    issuer: entra({ tenantId: TENANT, audience: API, clientIds: SPA }),
    claims: entraV2,
    alike: [
      {
        what: 'of continuous access evaluation, for 28 hours',
        claims: { xms_cc: ['cp1'], iat: NOW - 300, exp: NOW + 28 * 3600 },
      },
    ],
    siblings: [
      {
        what: 'an ID token of the same registration',
        claims: { azp: undefined, azpacr: undefined, scp: undefined, name: 'Ada' },
        reason: 'client',
      },
      { what: 'an ID token with a nonce', claims: { nonce: '12345' }, reason: 'purpose' },
      {
        what: 'for Microsoft Graph',
        claims: { aud: '00000003-0000-0000-c000-000000000000' },
        then: withOtherHeader,
        reason: 'signature',
      },
      { what: 'of another client', claims: { azp: API }, reason: 'client' },
      {
        what: 'of another tenant',
        claims: { iss: entraV2.iss.replace(TENANT, OTHER_TENANT), tid: OTHER_TENANT },
        reason: 'issuer',
      },
    ],
  },
  {
    of: 'entraV1',
    issuer: entraV1({ tenantId: TENANT, audience: 'api://app', clientIds: SPA }),
    claims: {
      ...entraV2,
      azp: undefined,
      azpacr: undefined,
      aud: 'api://app',
      iss: `https://sts.windows.net/${TENANT}/`,
      appid: SPA,
      appidacr: '0',
      unique_name: 'ada@example.com',
      ver: '1.0',
    },
    header: { x5t: 'i6lGk3FZzxRc' },
    siblings: [
      { what: 'of another client', claims: { appid: API }, reason: 'client' },
      { what: 'of another API', claims: { aud: 'api://other' }, reason: 'audience' },
      {
        what: 'of another tenant',
        claims: { iss: `https://sts.windows.net/${OTHER_TENANT}/` },
        reason: 'issuer',
      },
    ],
  },
  {
    of: 'firebase',
    issuer: firebase({ projectId: 'my-app-1' }),
    claims: {
      jti: undefined,
      iss: 'https://securetoken.google.com/my-app-1',
      aud: 'my-app-1',
      auth_time: NOW - 70,
      user_id: 'AbCdEf',
      sub: 'AbCdEf',
      exp: NOW - 60 + 3600,
      email: 'ada@example.com',
      firebase: { identities: {}, sign_in_provider: 'password' },
    },
    siblings: [
      {
        what: 'a session cookie',
        claims: { iss: 'https://session.firebase.google.com/my-app-1', exp: NOW + 14 * DAY },
        reason: 'issuer',
      },
      {
        what: 'a custom token',
        claims: {
          iss: 'sa@my-app-1.iam.gserviceaccount.com',
          aud: 'https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit',
        },
        reason: 'issuer',
      },
      {
        what: 'of another project',
        claims: { iss: 'https://securetoken.google.com/my-app-2', aud: 'my-app-2' },
        reason: 'issuer',
      },
      { what: 'for another project', claims: { aud: 'my-app-2' }, reason: 'audience' },
    ],
  },
  {
    of: 'google',
    issuer: google({ clientIds: GOOGLE }),
    claims: {
      iss: 'https://accounts.google.com',
      azp: GOOGLE,
      aud: GOOGLE,
      sub: '10769150350006150715113082367',
      at_hash: 'HK6E_P6Dh8Y93mRNtsDB1Q',
      nonce: '0394852-3190485-2490358',
      hd: 'example.com',
      email: 'ada@example.com',
      email_verified: 'true',
      exp: NOW - 60 + 3600,
    },
    alike: [{ what: 'in the other spelling', claims: { iss: 'accounts.google.com' } }],
    siblings: [
      { what: 'an access token', then: () => 'ya29.a0AfH6SMBx', reason: 'form' },
      {
        what: 'of another client',
        claims: { aud: '9.apps.googleusercontent.com', azp: '9.apps.googleusercontent.com' },
        reason: 'audience',
      },
    ],
  },
  {
    of: 'keycloak',
    issuer: keycloak({ url: 'https://sso.example', realm: 'main', clientIds: 'web' }),
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
      scope: 'openid email',
      exp: NOW + 240,
    },
    alike: [{ what: 'without an audience', claims: { aud: undefined, jti: 'onrtac:other' } }],
    siblings: [
      {
        what: 'an ID token',
        claims: { typ: 'ID', aud: 'web', at_hash: 'HK6E_P6Dh8Y93mRNtsDB1Q' },
        reason: 'purpose',
      },
      {
        what: 'an ID token without at_hash',
        claims: { typ: 'ID', aud: 'web' },
        reason: 'purpose',
      },
      {
        what: 'a refresh token',
        claims: { typ: 'Refresh', aud: 'https://sso.example/realms/main' },
        then: signedWithSecret,
        reason: 'algorithm',
      },
      {
        what: 'a logout token',
        claims: {
          typ: 'Logout',
          aud: 'web',
          events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
        },
        reason: 'purpose',
      },
      { what: 'of another client', claims: { azp: 'admin-cli' }, reason: 'client' },
      {
        what: 'of another realm',
        claims: { iss: 'https://sso.example/realms/master' },
        reason: 'issuer',
      },
    ],
  },
  {
    of: 'okta',
    issuer: okta({ domain: 'dev-1.okta.com', audience: 'api://default', clientIds: 'web' }),
    claims: {
      ver: 1,
      jti: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
      iss: 'https://dev-1.okta.com/oauth2/default',
      aud: 'api://default',
      cid: 'web',
      uid: '00ulthapbErVUwVJy4x6',
      scp: ['openid', 'profile'],
      auth_time: NOW - 70,
      sub: 'ada@example.com',
    },
    header: { typ: undefined },
    siblings: [
      {
        what: 'an ID token',
        claims: { aud: 'web', cid: undefined, amr: ['pwd'], idp: '00o1' },
        reason: 'audience',
      },
      {
        what: "of the organization's own server",
        claims: { iss: 'https://dev-1.okta.com', aud: 'https://dev-1.okta.com' },
        reason: 'issuer',
      },
      { what: 'of another client', claims: { cid: 'other' }, reason: 'client' },
    ],
  },
  {
    of: 'supabase',
    algorithm: 'ES256',
    issuer: supabase({ domain: 'abcdefghijklmnopqrst.supabase.co' }),
    claims: {
      jti: undefined,
      iss: 'https://abcdefghijklmnopqrst.supabase.co/auth/v1',
      sub: 'd0f3b6a4',
      aud: 'authenticated',
      role: 'authenticated',
      aal: 'aal1',
      amr: [{ method: 'password', timestamp: NOW - 60 }],
      session_id: '9f0c1f0e',
      email: 'ada@example.com',
      is_anonymous: false,
      app_metadata: { provider: 'email', providers: ['email'] },
    },
    siblings: [
      {
        what: 'the key anon',
        claims: { iss: 'supabase', ref: 'abcdefghijklmnopqrst', role: 'anon', aud: undefined },
        then: signedWithSecret,
        reason: 'issuer',
      },
      {
        what: 'of another project',
        claims: { iss: 'https://other.supabase.co/auth/v1' },
        reason: 'issuer',
      },
      { what: 'for another audience', claims: { aud: 'other' }, reason: 'audience' },
    ],
  },
];

const published = new Map<Provider, PublishedIssuer>();
beforeAll(async () => {
  for (const provider of PROVIDERS)
    published.set(provider, await PublishedIssuer.start(provider.algorithm ?? 'RS256'));
});
afterAll(() => Promise.all([...published.values()].map((issuer) => issuer.close())));

/** @param rules what stands behind the spread of each preset. */
const hostOf = (rules: (provider: Provider) => Partial<NamedIssuer>): Promise<TestApp> => {
  const issuers = PROVIDERS.map((provider) => ({
    ...provider.issuer,
    jwksUri: published.get(provider)?.jwksUri,
    ...rules(provider),
  }));
  const none = { algorithms: undefined, keys: undefined, issuer: undefined, audience: undefined };
  return TestApp.start('express', { ...none, issuers } as never);
};

const made = (provider: Provider, shape?: Omit<Shape, 'what'>): string => {
  const token = published
    .get(provider)!
    .token({ ...provider.claims, ...shape?.claims }, { ...provider.header, ...shape?.header });
  return shape?.then?.(token) ?? token;
};

describe('A host with every provider', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await hostOf(() => ({}));
  });
  afterAll(() => app.close());

  const good = PROVIDERS.flatMap((provider) =>
    [{ what: 'a token' }, ...(provider.alike ?? [])].map((shape) => ({ provider, shape })),
  );
  it.each(good)('$provider.of: accepts, logs out and refuses $shape.what', async (each) => {
    const token = made(each.provider, each.shape);
    await app.me(token).expect(200);
    await app.logout(token).expect(200, DOCUMENTED.loggedOut);
    await app.me(token).expect(401);
  });

  const bad = PROVIDERS.flatMap((provider) =>
    provider.siblings.map((sibling) => ({ provider, sibling })),
  );
  it.each(bad)('$provider.of: refuses $sibling.what', async ({ provider, sibling }) => {
    const token = made(provider, sibling);
    await app.me(token).expect(401);
    await app.logout(token).expect(401, DOCUMENTED.refused);
    const explained = await app.nest.get(RevokedTokensService).explain(token);
    expect(explained).toMatchObject({ verdict: 'refused', reason: sibling.reason });
  });
});

const SESSION = 'https://api.example/sid';

/** As docs/issuers.md says, where logouts shall end sessions. */
const SESSION_RULES: Readonly<Record<string, Partial<NamedIssuer>>> = {
  auth0: { sessionClaim: SESSION, backchannel: { clientIds: 'web' } },
  cognito: { logoutCovers: 'session' },
  'cognito, where users send ID tokens': { logoutCovers: 'session' },
  supabase: { logoutCovers: 'session' },
  okta: { clientIds: ['web', 'app'] },
  entraV1: { clientIds: [SPA, API] },
};

describe('A host that ends what the provider names', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await hostOf(({ of }) => SESSION_RULES[of] ?? {});
  });
  afterAll(() => app.close());
  const provider = (name: string): Provider => PROVIDERS.find(({ of }) => of === name)!;
  /** Another token of a session each time, as refreshes give them. */
  const ofSession = (name: string, claim: string, session: string): string =>
    made(provider(name), { claims: { [claim]: session, uti: randomUUID() } });

  it.each([
    ['cognito', 'origin_jti'],
    ['cognito, where users send ID tokens', 'origin_jti'],
    ['supabase', 'session_id'],
  ])('%s: a logout ends the session, in refreshed tokens too, and no other', async (of, claim) => {
    const [id, other] = [randomUUID(), randomUUID()];
    const refreshed = ofSession(of, claim, id);
    const elsewhere = ofSession(of, claim, other);
    await app.me(refreshed).expect(200);
    await app.logout(ofSession(of, claim, id)).expect(200, DOCUMENTED.loggedOut);
    await app.me(refreshed).expect(401);
    await app.me(elsewhere).expect(200);
    const { revocations } = await app.nest.get(RevocationStore).find({ sessionId: id });
    expect(revocations.map(({ scope }) => scope).toSorted()).toEqual(['session', 'token']);
  });

  it.each(['cognito', 'firebase'])(
    '%s: a revocation of a user refuses what is refreshed later, too, until a new login',
    async (of) => {
      const sub = randomUUID();
      const issuer = String(provider(of).claims.iss);
      const before = await app.nest.get(BulkRevocation).revokeSubject({ issuer, subject: sub });
      const iat = Math.floor(before.getTime() / 1000) + 1;
      await app.me(made(provider(of), { claims: { sub, iat, auth_time: NOW - 70 } })).expect(401);
      await app.me(made(provider(of), { claims: { sub, iat, auth_time: iat } })).expect(200);
    },
  );

  it('auth0: a logout there ends that session of the user alone, connections included', async () => {
    const [id, other] = [randomUUID(), randomUUID()];
    const token = ofSession('auth0', SESSION, id);
    const elsewhere = ofSession('auth0', SESSION, other);
    const without = made(provider('auth0'));
    const verification = await app.nest.get(RevokedTokensService).authenticate(token);
    if (verification.verdict !== 'live') throw new Error(verification.verdict);
    const ended = new Promise((resolve) => {
      app.nest.get(LiveConnections).open({ token: verification.token, close: resolve });
    });
    const { iss, sub } = provider('auth0').claims;
    const logoutToken = published
      .get(provider('auth0'))!
      .token(logoutClaims({ iss, sub, aud: 'web', sid: id }), { typ: 'logout+jwt' });
    const sent = request(app.url).post(BACKCHANNEL_LOGOUT).type('form');
    await sent.send({ logout_token: logoutToken }).expect(200);
    expect(await ended).toBe('revoked');
    await app.me(token).expect(401);
    await app.me(elsewhere).expect(200);
    await app.me(without).expect(200);
  });

  it.each([
    ['okta', 'cid', 'web', 'app'],
    ['entraV1', 'appid', SPA, API],
  ])('%s: a revocation of a client covers its tokens, by %s', async (of, claim, id, other) => {
    const { issuer } = provider(of).issuer;
    const token = made(provider(of), { claims: { [claim]: id } });
    const elsewhere = made(provider(of), { claims: { [claim]: other } });
    await app.me(token).expect(200);
    await app.nest.get(BulkRevocation).revokeClient({ issuer: String(issuer), clientId: id });
    await app.me(token).expect(401);
    await app.me(elsewhere).expect(200);
  });

  it('tells the audit which session it was, and which client', async () => {
    const id = randomUUID();
    await app.logout(ofSession('cognito', 'origin_jti', id)).expect(200);
    const { revocations } = await app.nest.get(RevocationStore).find({ sessionId: id });
    expect(revocations).toMatchObject([{ clientId: 'web' }, { clientId: 'web' }]);
    const events = await auditOf(app, { event: 'authn_token_revoked' });
    expect(events.filter(({ sessionId }) => sessionId === id)).toHaveLength(2);
  });
});
