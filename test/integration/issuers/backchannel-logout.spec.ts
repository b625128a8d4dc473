import { randomUUID } from 'node:crypto';
import request, { type Test } from 'supertest';
import {
  LiveConnections,
  RevocationStore,
  RevokedTokensService,
  type AuthModuleOptions,
} from '../../../src';
import { PostgresRevocationStore } from '../../../src/postgres';
import { initRedis, RedisRevocationStore } from '../../../src/redis';
import { PLATFORMS, TestApp } from '../../support/app';
import { auditOf } from '../../support/audit';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { freePort } from '../../support/free-port';
import {
  BACKCHANNEL,
  BACKCHANNEL_LOGOUT,
  logoutClaims,
  logoutToken,
  nowSeconds,
} from '../../support/logout-tokens';
import { OidcProvider, type ProviderBrowser } from '../../support/oidc-provider';
import { PublishedIssuer } from '../../support/published-issuer';
import { CLIENTS } from '../../support/redis-clients';
import { hasRedis, RedisServer } from '../../support/redis-server';
import { AUDIENCE, ISSUER, TestIssuer } from '../../support/tokens';
import { testWith } from '../../support/tools';
import { until } from '../../support/until';
import { PATIENCE } from '../../support/patience';

const sendTo = (app: TestApp, text: string): Test =>
  request(app.url).post(BACKCHANNEL_LOGOUT).type('form').send({ logout_token: text });

/** Keys are fetched. */
const FETCHED = { algorithms: undefined, keys: undefined } as const;

/** Of each issuer in the list. */
const LISTED = { ...FETCHED, issuer: undefined, audience: undefined } as const;
const OF_USERS = 'https://users.example';
const rulesOf = ({ key }: TestIssuer) => ({ algorithms: ['ES256'], keys: key, audience: null });

type Store = AuthModuleOptions['store'];

/** Two instances of one host: the provider reaches the one, users the other. */
function describeInstances(name: string, open: () => Promise<readonly [Store, Store]>): void {
  describe(`Of two instances on ${name},`, () => {
    const issuer = new TestIssuer('ES256');
    const ofUsers = new TestIssuer('ES256');
    const issuers = [
      { ...rulesOf(issuer), issuer: ISSUER, backchannel: BACKCHANNEL },
      { ...rulesOf(ofUsers), issuer: OF_USERS, backchannel: { ...BACKCHANNEL, ends: 'subject' } },
    ];
    const options = { ...LISTED, issuers } as unknown as Partial<AuthModuleOptions>;
    let [there, here]: TestApp[] = [];
    beforeAll(async () => {
      const stores = await open();
      [there, here] = await Promise.all(
        stores.map((store, at) => TestApp.start(PLATFORMS[at]!, { ...options, store }, { issuer })),
      );
    });
    afterAll(async () => {
      await Promise.all([there!.close(), here!.close()]);
    });
    const refused = (token: string) =>
      until(async () => (await here!.me(token)).status === 401, { everyMs: 5 });
    const rowsOf = async (search: object) => {
      const { revocations } = await there!.nest.get(RevocationStore).find(search);
      const events = await auditOf(there!, { event: 'authn_token_revoked', outcome: 'success' });
      return { revocations, events };
    };

    it('what the provider ends at the one is refused at the other', async () => {
      const [sid, sub] = [randomUUID(), randomUUID()];
      const iat = nowSeconds() - 2;
      const ofSession = issuer.token({ sid, sub: randomUUID() });
      const ofUser = issuer.token({ sub, iat });
      await here!.me(ofSession).expect(200);
      await here!.me(ofUser).expect(200);
      await sendTo(there!, logoutToken(issuer, { sid, sub })).expect(200);
      await refused(ofSession);
      await sendTo(there!, logoutToken(issuer, { sid: undefined, sub, iat })).expect(200);
      await refused(ofUser);
      await here!.me(issuer.token({ sub, iat: iat + 1 })).expect(200);
    });

    it('an open connection of an ended session closes', async () => {
      const sid = randomUUID();
      const verification = await here!.nest
        .get(RevokedTokensService)
        .authenticate(issuer.token({ sid }));
      if (verification.verdict !== 'live') throw new Error(verification.verdict);
      const ended = new Promise((resolve) => {
        const { token } = verification;
        here!.nest.get(LiveConnections).open({ token, close: resolve });
      });
      await sendTo(there!, logoutToken(issuer, { sid })).expect(200);
      expect(await ended).toBe('revoked');
    });

    it('what the user had ends with the session at both, where access tokens have no sid', async () => {
      const [sid, sub] = [randomUUID(), randomUUID()];
      const iat = nowSeconds() - 2;
      const ofUser = ofUsers.token({ iss: OF_USERS, sub, iat });
      const ofSession = ofUsers.token({ iss: OF_USERS, sub: randomUUID(), sid });
      await here!.me(ofUser).expect(200);
      await sendTo(there!, logoutToken(ofUsers, { iss: OF_USERS, sid, sub, iat })).expect(200);
      await refused(ofUser);
      await refused(ofSession);
      await here!.me(ofUsers.token({ iss: OF_USERS, sub, iat: iat + 1 })).expect(200);
      // Users of another issuer have the same names.
      await here!.me(issuer.token({ sub, iat })).expect(200);
    });

    it.each([
      ['session', 1, issuer, (id: string) => ({ sid: id, sub: undefined })],
      ['user', 1, issuer, (id: string) => ({ sid: undefined, sub: id })],
      ['session and its user', 2, ofUsers, (id: string) => ({ iss: OF_USERS, sid: id, sub: id })],
    ] as const)(
      '200 replays of a %s, side by side at both, are %i in the store and as many in the audit',
      async (_, rows, signer, named) => {
        const id = randomUUID();
        const text = logoutToken(signer, { ...named(id), iat: nowSeconds() - 2 });
        const replays = Array.from({ length: 200 }, (_each, at) =>
          sendTo(at % 2 === 0 ? there! : here!, text),
        );
        const statuses = (await Promise.all(replays)).map(({ status }) => status);
        expect(new Set(statuses)).toEqual(new Set([200]));
        const { revocations, events } = await rowsOf({ limit: 1000 });
        const isOfThis = ({ sessionId, subject }: { sessionId?: string; subject?: string }) =>
          sessionId === id || subject === id;
        expect(revocations.filter(isOfThis)).toHaveLength(rows);
        expect(events.filter(isOfThis)).toHaveLength(rows);
        await here!.me(issuer.token({ sid: randomUUID(), sub: id, iat: nowSeconds() })).expect(200);
      },
    );
  });
}

describe('A back-channel logout', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createMigratedDatabase();
  });
  afterAll(() => database.drop());

  describe.each(['replica', 'direct'] as const)('(%s)', (check) => {
    describeInstances('PostgreSQL', () => {
      const { url } = database;
      const open = () => new PostgresRevocationStore({ url }, { ...PATIENCE, check });
      return Promise.resolve([open(), open()]);
    });
  });

  testWith('redis-server', hasRedis(), () => {
    let server: RedisServer;
    beforeAll(async () => {
      server = await RedisServer.start();
    });
    afterAll(() => server.remove());
    describeInstances('Redis', async () => {
      const [, make] = CLIENTS[2]!;
      await initRedis(make(server.url), {});
      const open = () => new RedisRevocationStore(make(server.url), {});
      return [open(), open()];
    });
  });
});

describe.each(PLATFORMS)('With an issuer that publishes its keys, on %s,', (platform) => {
  let issuer: PublishedIssuer;
  let app: TestApp;
  const start = async (port?: number): Promise<void> => {
    const rules = { audience: AUDIENCE, discovery: true, backchannel: BACKCHANNEL };
    const name = port === undefined ? issuer.url : `http://127.0.0.1:${port}`;
    app = await TestApp.start(platform, { ...FETCHED, ...rules, issuer: name });
  };
  afterEach(() => app.close());
  const signed = (changes: Record<string, unknown> = {}) =>
    issuer.token(logoutClaims({ iss: issuer.url, ...changes }), { typ: 'logout+jwt' });

  it('a logout that is signed with a new key is taken at once', async () => {
    issuer = await PublishedIssuer.start();
    await start();
    const token = issuer.token({ sid: 's1' });
    await app.me(token).expect(200);
    issuer.rotate();
    await sendTo(app, signed()).expect(200);
    await app.me(token).expect(401);
    await issuer.close();
  });

  it('while its keys cannot be had a logout gets 503, and 200 once they are there', async () => {
    const port = await freePort();
    await start(port);
    const iss = `http://127.0.0.1:${port}`;
    const early = new TestIssuer('ES256');
    const answer = await sendTo(app, logoutToken(early, { iss }, { kid: 'k' })).expect(503);
    expect(answer.headers['retry-after']).toBe('1');
    const [row] = await auditOf(app);
    expect(row).toMatchObject({ outcome: 'failure', reason: 'issuer_unavailable' });
    issuer = await PublishedIssuer.start('ES256', port);
    await until(async () => (await sendTo(app, signed())).status === 200);
    await app.me(issuer.token({ sid: 's1' })).expect(401);
    await issuer.close();
  });
});

describe.each(PLATFORMS)('oidc-provider, with us on %s,', (platform) => {
  let provider: OidcProvider;
  let app: TestApp;
  let browser: ProviderBrowser;
  beforeAll(async () => {
    const port = await freePort();
    const uri = `http://127.0.0.1:${port}${BACKCHANNEL_LOGOUT}`;
    provider = await OidcProvider.start({
      clients: [
        { id: 'web', backchannelLogoutUri: uri },
        { id: 'app', backchannelLogoutUri: uri, hasSessionIds: false },
      ],
    });
    const rules = { issuer: provider.issuer, audience: AUDIENCE, discovery: true };
    const backchannel = { clientIds: ['web', 'app'] };
    const options = { ...FETCHED, ...rules, backchannel, cutoffClaim: 'auth_time' } as const;
    app = await TestApp.start(platform, options, { port });
  });
  afterAll(async () => {
    await app.close();
    await provider.stop();
  });
  beforeEach(() => {
    browser = provider.browser();
  });

  it('a user who logs out there is logged out here', async () => {
    const tokens = await browser.logIn('web', 'ada');
    const refreshed = await browser.refresh('web', tokens);
    const elsewhere = await provider.browser().logIn('web', 'ada');
    for (const { accessToken } of [tokens, refreshed, elsewhere])
      await app.me(accessToken).expect(200);
    await browser.logOut(tokens);
    expect((await provider.sentLogouts(1)).at(-1)).toMatchObject({ status: 200 });
    for (const { accessToken } of [tokens, refreshed]) await app.me(accessToken).expect(401);
    await app.me(elsewhere.accessToken).expect(200);
    const [row] = (await auditOf(app)).filter(({ outcome }) => outcome === 'success');
    expect(row).toMatchObject({ scope: 'session', actor: `idp:${provider.issuer}` });
  });

  it('where it sends the user alone, all that the user had until then is refused', async () => {
    const tokens = await browser.logIn('app', 'grace');
    const elsewhere = await provider.browser().logIn('app', 'grace');
    await app.me(tokens.accessToken).expect(200);
    await browser.logOut(tokens);
    for (const { accessToken } of [tokens, elsewhere]) await app.me(accessToken).expect(401);
    // A login in the second of the logout is refused, and so is all that comes of it.
    await until(async () => {
      const { accessToken } = await provider.browser().logIn('app', 'grace');
      return (await app.me(accessToken)).status === 200;
    });
  });
});
