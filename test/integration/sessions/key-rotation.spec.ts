import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  jwtVerify,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from 'jose';
import { PostgresRevocationStore } from '../../../src/postgres';
import { LogoutCore } from '../../../src/core/compose';
import { sessions as option, type SessionOptions } from '../../../src/sessions/session-options';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { fetchOnce } from '../../support/fetch-once';
import { SessionApp, type Login } from '../../support/session-app';
import { sessionOptions } from '../../support/sessions';
import { PATIENCE } from '../../support/patience';

interface Renewed {
  readonly accessToken: string;
  readonly refreshToken: string;
}

const keyOf = (kid?: string) => ({
  key: generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey,
  ...(kid !== undefined && { kid }),
});
const [OLD, NEW] = [keyOf('old'), keyOf('new')];
const refreshKeys = randomBytes(32);

const kidOf = ({ access }: Pick<Login, 'access'>): unknown => decodeProtectedHeader(access).kid;

describe('While the key that signs is changed', () => {
  let database: TestDatabase;
  /** What stands before the instances, at the one address that others know. */
  let front: Server;
  let serving: SessionApp;
  const apps: SessionApp[] = [];

  /** An instance with these keys; it serves from now on. */
  const deploy = async (signingKeys: SessionOptions['signingKeys']): Promise<SessionApp> => {
    const store = new PostgresRevocationStore({ url: database.url }, PATIENCE);
    serving = await SessionApp.start('express', { signingKeys, refreshKeys }, { store });
    apps.push(serving);
    return serving;
  };
  const refreshed = async (app: SessionApp, login: Login): Promise<Login> => {
    const { text } = await app.refresh(login.refresh).expect(200);
    const tokens = JSON.parse(text) as Renewed;
    return { ...login, access: tokens.accessToken, refresh: tokens.refreshToken };
  };
  beforeAll(async () => {
    database = await createMigratedDatabase();
    front = createServer((incoming, response) => {
      void fetchOnce(`${serving.app.url}${incoming.url ?? ''}`).then(async (answer) => {
        response.writeHead(answer.status, {
          'Content-Type': 'application/json',
          Connection: 'close',
        });
        response.end(await answer.text());
      });
    });
    await once(front.listen(0, '127.0.0.1'), 'listening');
  });
  afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));
  afterAll(async () => {
    front.close();
    await database.drop();
  });
  const jwksUrl = (): URL =>
    new URL(`http://127.0.0.1:${(front.address() as AddressInfo).port}/api/v1/auth/jwks`);
  const isVerified = (keys: JWTVerifyGetKey, { access }: Login): Promise<unknown> =>
    jwtVerify(access, keys).then(
      () => true,
      (error: unknown) => error,
    );

  it('tokens name the key that signed them, those of a refresh too, and all pass everywhere', async () => {
    // A client that is never touched. The minutes between the deploys are left out.
    const client = createRemoteJWKSet(jwksUrl(), { cooldownDuration: 0 });
    const before = await deploy(OLD);
    const login = await before.login('ada');
    expect([kidOf(login), await isVerified(client, login)]).toEqual(['old', true]);

    const during = await deploy([OLD, NEW]);
    const published = createLocalJWKSet(
      (await (await fetchOnce(jwksUrl())).json()) as JSONWebKeySet,
    );
    const second = await refreshed(during, login);
    expect([kidOf(second), await isVerified(client, second)]).toEqual(['old', true]);

    const after = await deploy([NEW, OLD]);
    const third = await refreshed(after, second);
    const other = await after.login('bob');
    expect([kidOf(third), kidOf(other)]).toEqual(['new', 'new']);
    const tokens = [login, second, third, other];
    for (const each of tokens) {
      expect(await isVerified(client, each)).toBe(true);
      // Nor does one need to ask again that asked while the new key did not sign yet.
      expect(await isVerified(published, each)).toBe(true);
    }
    // A rolling deploy: both orders serve at once.
    expect(await after.areAccepted(...tokens)).toEqual([true, true, true, true]);
    expect(await during.areAccepted(...tokens)).toEqual([true, true, true, true]);
    const fourth = await refreshed(during, third);
    expect([kidOf(fourth), decodeJwt(fourth.access).sid]).toEqual(['old', login.sid]);
    expect(await after.areAccepted(fourth)).toEqual([true]);
  });

  it('instances with the keys in another order publish the same, to the tag', async () => {
    const tags = [];
    for (const keys of [
      [OLD, NEW],
      [NEW, OLD],
    ])
      tags.push((await (await deploy(keys)).ask('get', '/jwks').expect(200)).headers.etag);
    expect(new Set(tags).size).toBe(1);
  });

  it('tokens of the key before pass until they expire, and no longer', async () => {
    const before = await deploy([OLD, NEW]);
    const login = await before.login();
    const after = await deploy([NEW, OLD]);
    expect(await after.areAccepted(login)).toEqual([true]);
    const { exp = 0 } = decodeJwt(login.access);
    jest.useFakeTimers({ doNotFake: [...TIMERS], now: (exp - 2) * 1000 });
    try {
      expect(await after.areAccepted(login)).toEqual([true]);
      jest.setSystemTime((exp + 2) * 1000);
      await after.app.me(login.access).expect(403);
    } finally {
      jest.useRealTimers();
    }
  });

  it('tokens of a key that was taken away are refused, here and by others', async () => {
    const before = await deploy([OLD, NEW]);
    const login = await before.login();
    const after = await deploy(NEW);
    expect(await after.areAccepted(login)).toEqual([false]);
    const client = createRemoteJWKSet(jwksUrl());
    expect(await isVerified(client, login)).toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
    // Its session goes on.
    const next = await refreshed(after, login);
    expect([kidOf(next), await after.areAccepted(next)]).toEqual(['new', [true]]);
  });

  describe('an instance of before keys had the names of their thumbprints', () => {
    const nameless = keyOf();
    /** It writes no `kid` of its own making; all else is as it is now. */
    const earlier = (signingKeys: SessionOptions['signingKeys']): LogoutCore => {
      const read = option.read(sessionOptions({ signingKeys, refreshKeys }), 'sessions');
      const { signer } = read.signingKeys;
      const sessions = {
        ...read,
        signingKeys: { ...read.signingKeys, signer: { ...signer, kid: undefined } },
      };
      return new LogoutCore({
        tokenRules: { issuers: [] },
        store: new PostgresRevocationStore({ url: database.url }, PATIENCE),
        sessions,
        logoutRules: { isBodyTokenOptional: false, isRepeatable: false },
        liveGraceMs: 4000,
        printAudit: () => undefined,
        printRefusal: () => undefined,
        printNotice: () => undefined,
        onError: () => undefined,
      });
    };

    it.each([
      ['alone', nameless],
      ['one of two', [nameless, keyOf()]],
      ['one of many', [nameless, ...['a', 'b', 'c', 'd', 'e'].map(keyOf)]],
      ['behind others', [nameless, keyOf('a')].toReversed()],
    ])('accepts tokens of now, and its own are accepted: the key is %s', async (_, keys) => {
      const now = await deploy(keys);
      const other = earlier([nameless]);
      const otherNow = earlier(keys);
      await Promise.all([other.open(), otherNow.open()]);
      try {
        const { accessToken, refreshToken } = await other.sessions.open('ada');
        expect(decodeProtectedHeader(accessToken).kid).toBeUndefined();
        await now.app.me(accessToken).expect(200);
        const { text } = await now.refresh(refreshToken).expect(200);
        const renewed = (JSON.parse(text) as Renewed).accessToken;
        expect(decodeProtectedHeader(renewed).kid).toBeDefined();
        expect(await otherNow.tokens.authenticate(renewed)).toMatchObject({ verdict: 'live' });
      } finally {
        await Promise.all([other.close(), otherNow.close()]);
      }
    });
  });
});

/** All but the clock goes on as it does. */
const TIMERS = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const;
