import type { INestApplication } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Response } from 'supertest';
import type { AuthModuleOptions } from '../../src';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { adapterFor, DOCUMENTED, PLATFORMS, TestApp, type Platform } from '../support/app';
import { SESSION_COOKIE, sessionController, Barrier, sessionHost } from '../support/session-host';

const PAST = 'Expires=Thu, 01 Jan 1970 00:00:00 GMT';
const COOKIES: AuthModuleOptions['cookies'] = [
  { name: 'access', path: '/api', httpOnly: true, secure: true, sameSite: 'strict' },
  { name: 'refresh', domain: 'a.test' },
];
const EXPIRED = [
  `access=; Max-Age=0; Path=/api; ${PAST}; HttpOnly; Secure; SameSite=Strict`,
  `refresh=; Max-Age=0; Domain=a.test; Path=/; ${PAST}`,
];

/** As a middleware of the host's does, before our route. */
function setCookies(platform: Platform, app: INestApplication, cookies: string[]): void {
  if (platform === 'express')
    (app as NestExpressApplication).use((_: object, response: Headers, next: () => void) => {
      response.append('Set-Cookie', cookies);
      next();
    });
  else
    (app as NestFastifyApplication)
      .getHttpAdapter()
      .getInstance()
      .addHook('onRequest', (_, reply, done) => {
        void reply.header('Set-Cookie', cookies);
        done();
      });
}

interface Headers {
  append(name: string, values: string[]): void;
}

const cookiesOf = ({ headers }: Response): unknown => headers['set-cookie'];

let app: TestApp;
afterEach(() => app.close());

describe.each(PLATFORMS)('The cookies of a browser at logout on %s', (platform) => {
  it('expire, all that are named, as they were set', async () => {
    app = await TestApp.start(platform, { cookies: COOKIES });
    const answer = await app.logout(app.issuer.token()).expect(200, DOCUMENTED.loggedOut);
    expect(cookiesOf(answer)).toEqual(EXPIRED);
  });

  it('are not mentioned where none is named', async () => {
    app = await TestApp.start(platform);
    const answer = await app.logout(app.issuer.token()).expect(200);
    expect(answer.headers).not.toHaveProperty('set-cookie');
  });

  it('stay when another token of the user is named: the bearer lives on', async () => {
    app = await TestApp.start(platform, { cookies: COOKIES });
    const answer = await app.logout(app.issuer.token(), app.issuer.token()).expect(200);
    expect(answer.headers).not.toHaveProperty('set-cookie');
  });

  it('stay when the logout is refused', async () => {
    app = await TestApp.start(platform, { cookies: COOKIES });
    const refused = await app.logout('no token').expect(401);
    const expired = await app.logout(app.issuer.expired()).expect(403);
    const malformed = await app.post().type('json').send('{').expect(400);
    expect([refused, expired, malformed].map(cookiesOf)).toEqual([undefined, undefined, undefined]);
  });

  it('expire again with a repeated logout that the host answers with 200', async () => {
    app = await TestApp.start(platform, { cookies: COOKIES, repeatedLogoutStatus: 200 });
    const bearer = app.issuer.token();
    await app.logout(bearer).expect(200);
    expect(cookiesOf(await app.logout(bearer).expect(200))).toEqual(EXPIRED);
  });

  it('expire beside those that the host sets', async () => {
    app = await TestApp.start(
      platform,
      { cookies: COOKIES },
      {
        configure: (nest) => {
          setCookies(platform, nest, ['theme=dark', 'lang=es']);
        },
      },
    );
    const answer = await app.logout(app.issuer.token()).expect(200);
    expect(cookiesOf(answer)).toEqual(['theme=dark', 'lang=es', ...EXPIRED]);
  });

  it('expire beside those that the session package sets', async () => {
    const host = sessionHost(platform);
    app = await TestApp.start(
      platform,
      { cookies: COOKIES },
      {
        controllers: [sessionController(new Barrier())],
        configure: (nest) => host.install(nest, host.newStore()),
      },
    );
    const opened = await app.post('/session/open').expect(201);
    const cookie = String(cookiesOf(opened)).split(';', 1)[0] ?? '';
    const answer = await app.logout(app.issuer.token()).set('Cookie', cookie).expect(200);
    expect(cookiesOf(answer)).toHaveLength(3);
    expect(cookiesOf(answer)).toEqual(
      expect.arrayContaining([...EXPIRED, expect.stringContaining(`${SESSION_COOKIE}=`)]),
    );
  });

  it('expire, the cookie of the ended session among them', async () => {
    const host = sessionHost(platform);
    const sessionStore = host.newStore();
    const store = new MemoryRevocationStore();
    app = await TestApp.start(
      platform,
      {
        store,
        cookies: [{ name: SESSION_COOKIE, httpOnly: true }],
        sessionTerminators: [host.terminator(sessionStore, store)],
      },
      {
        controllers: [sessionController(new Barrier())],
        configure: (nest) => host.install(nest, sessionStore),
      },
    );
    const opened = await app.post('/session/open').expect(201);
    const cookie = String(cookiesOf(opened)).split(';', 1)[0] ?? '';
    const answer = await app.logout(app.issuer.token()).set('Cookie', cookie).expect(200);
    expect(cookiesOf(answer)).toEqual([`sid=; Max-Age=0; Path=/; ${PAST}; HttpOnly`]);
  });
});

describe.each(PLATFORMS)('A cookie that browsers would keep on %s', (platform) => {
  beforeEach(async () => {
    app = await TestApp.start(platform);
  });

  it('stops the boot', async () => {
    const cookies = [{ name: '__Host-sid', path: '/app', secure: true }];
    await expect(TestApp.start(platform, { cookies })).rejects.toThrow(
      'nestjs-logout: "cookies[0].path" must be "/" for a name that starts with "__Host-", ' +
        'got "/app".',
    );
  });
});

/** An application that is told whether a proxy on this machine stands before it. */
function startBehindProxy(
  platform: Platform,
  isTrusted: boolean,
  options: Partial<AuthModuleOptions>,
): Promise<TestApp> {
  const adapters = {
    express: () => adapterFor('express'),
    fastify: () => new FastifyAdapter(isTrusted ? { trustProxy: '127.0.0.1' } : {}),
  };
  return TestApp.start(platform, options, {
    adapter: adapters[platform](),
    configure: (nest) => {
      if (platform === 'express' && isTrusted)
        (nest as NestExpressApplication).set('trust proxy', '127.0.0.1');
    },
  });
}

describe.each(PLATFORMS)('Clear-Site-Data at logout on %s', (platform) => {
  const CLEARING = { clearSiteData: ['cache', 'cookies', 'storage'] } as const;

  it.each<[string, boolean, string, Partial<AuthModuleOptions>, string | undefined]>([
    ['is sent over HTTPS', true, 'https', CLEARING, '"cache", "cookies", "storage"'],
    ['is not sent over HTTP', true, 'http', CLEARING, undefined],
    ['is not sent on the word of a stranger', false, 'https', CLEARING, undefined],
    ['is not sent where it is not configured', true, 'https', {}, undefined],
  ])('%s', async (_, isTrusted, protocol, options, header) => {
    app = await startBehindProxy(platform, isTrusted, options);
    const answer = await app.logout(app.issuer.token()).set('X-Forwarded-Proto', protocol);
    expect([answer.status, answer.headers['clear-site-data']]).toEqual([200, header]);
  });

  it('is sent with a 200 alone', async () => {
    app = await startBehindProxy(platform, true, CLEARING);
    const https = { 'X-Forwarded-Proto': 'https' };
    const refused = await app.logout('no token').set(https).expect(401);
    const expired = await app.logout(app.issuer.expired()).set(https).expect(403);
    const malformed = await app.post().set(https).type('json').send('{').expect(400);
    expect(refused.headers).not.toHaveProperty('clear-site-data');
    expect(expired.headers).not.toHaveProperty('clear-site-data');
    expect(malformed.headers).not.toHaveProperty('clear-site-data');
  });
});
