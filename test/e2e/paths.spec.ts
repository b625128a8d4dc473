import {
  Controller,
  Get,
  RequestMethod,
  VersioningType,
  type INestApplication,
} from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import request from 'supertest';
import { ANSWERS, answerOf } from '../support/answers';
import { LOGOUT, PLATFORMS, TestApp } from '../support/app';
import { exchange, head } from '../support/wire';

const JSON_TYPE = 'Content-Type: application/json';

/** A logout to any target, as raw as that is. */
async function logout(app: TestApp, target: string, token = app.issuer.token()) {
  const body = JSON.stringify({ token });
  const length = `Content-Length: ${body.length}`;
  const bearer = `Authorization: Bearer ${token}`;
  return exchange(app.url, head(`POST ${target}`, bearer, JSON_TYPE, length), body);
}

/** What only the gate answers in our envelope: malformed JSON. */
function sendMalformed(app: TestApp, target: string) {
  return exchange(app.url, head(`POST ${target}`, JSON_TYPE, 'Content-Length: 7'), '{canary');
}

/** Spellings that a router takes for our route. */
const SERVED: Record<(typeof PLATFORMS)[number], readonly string[]> = {
  express: [
    '/api/v1/auth/logout?x=%',
    '/api/v1/auth/logout#fragment',
    '/API/v1/Auth/LOGOUT',
    '/api/v1/auth/logout/',
    'http://api/api/v1/auth/logout',
    'HTTPS://user:secret@api:1/api/v1/auth/logout?x',
    // Express hands an URL with a fragment to a parser that turns backslashes.
    '/api/v1/auth\\logout#',
  ],
  fastify: [
    '/api/v1/auth/logout?x=%',
    '/api/v1/auth/logout#fragment',
    '/api/v1/auth/%6cogout',
    '/%61pi/v1/auth/logout',
    'http://api/api/v1/auth/logout',
    'HTTPS://user:secret@api:1/api/v1/auth/logout?x',
  ],
};

const SPELLINGS = [
  ...new Set([...SERVED.express, ...SERVED.fastify]),
  '//api/v1/auth/logout',
  '/api//v1/auth/logout',
  '/api/v1/auth/logout//',
  '/api/v1/auth/./logout',
  '/api/v1/x/../auth/logout',
  '/api/v1/auth%2flogout',
  '/api/v1/auth/logout;x=1',
  '/api/v1/auth/logout%20',
  '/api/v1/auth/logout%00',
  '/api/v1/auth/log%C3%B6ut',
];

describe.each(PLATFORMS)('Spellings of the path on %s', (platform) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start(platform);
  });
  afterAll(() => app.close());

  it.each(SERVED[platform])('%s is the logout, with its gate and its verdicts', async (target) => {
    const token = app.issuer.token();
    expect(answerOf(await sendMalformed(app, target))).toEqual(ANSWERS.badRequest);
    expect(answerOf(await exchange(app.url, head(`GET ${target}`)))).toEqual(
      ANSWERS.methodNotAllowed,
    );
    expect(answerOf(await logout(app, target, token))).toEqual(ANSWERS.loggedOut);
    expect(answerOf(await logout(app, target, token))).toEqual(ANSWERS.refused);
  });

  it.each(SPELLINGS.filter((target) => !SERVED[platform].includes(target)))(
    '%s is not the logout: nothing is revoked',
    async (target) => {
      const token = app.issuer.token();
      expect(await logout(app, target, token)).toMatchObject({ status: 404 });
      await app.me(token).expect(200);
    },
  );

  it.each(SPELLINGS)('%s never gets malformed JSON past the gate', async (target) => {
    const { status, text } = await sendMalformed(app, target);
    // The gate reads more spellings than the router does.
    expect(SERVED[platform].includes(target) ? [400] : [400, 404]).toContain(status);
    expect(text).not.toContain('canary');
  });

  it.each([
    ['/api/v1/auth/logout%', '/api/v1/auth/logout%zz', '/api/v1/auth/%c3logout'],
    ['http://[::/api/v1/auth/logout'],
    ['*'],
  ])('gets 400 or 404 for %s, never 500', async (...targets) => {
    const answers = await Promise.all(targets.map((target) => logout(app, target)));
    answers.forEach(({ status }) => {
      expect([400, 404]).toContain(status);
    });
  });

  it.each(['/api/v1/auth', '/api/v1/auth/login', '/api/v1/auth/logout/all', '/logout'])(
    "%s is the host's: its 404, its bodies",
    async (path) => {
      await app
        .post(path)
        .type('json')
        .send('{}')
        .expect(404, {
          message: `Cannot POST ${path}`,
          error: 'Not Found',
          statusCode: 404,
        });
    },
  );
});

describe('A Fastify that takes more spellings', () => {
  let app: TestApp;
  beforeAll(async () => {
    const routerOptions = {
      caseSensitive: false,
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes: true,
      useSemicolonDelimiter: true,
    };
    app = await TestApp.start('fastify', {}, { adapter: new FastifyAdapter({ routerOptions }) });
  });
  afterAll(() => app.close());

  it.each([
    '/API/v1/Auth/LOGOUT',
    '/api/v1/auth/logout/',
    '//api//v1/auth/logout//',
    '/api/v1/auth/logout;x=1',
    '/API/v1/auth/%6CogouT/?x',
  ])('has the gate before each: %s', async (target) => {
    expect(answerOf(await sendMalformed(app, target))).toEqual(ANSWERS.badRequest);
    expect(answerOf(await logout(app, target))).toEqual(ANSWERS.loggedOut);
  });
});

@Controller({ path: 'versioned', version: '1' })
class VersionedController {
  @Get()
  get(): string {
    return 'v1';
  }
}

type Configure = (app: INestApplication) => void;
const prefixed =
  (...prefix: Parameters<INestApplication['setGlobalPrefix']>): Configure =>
  (app) => {
    app.setGlobalPrefix(...prefix);
  };
const versioned =
  (...[options]: Parameters<INestApplication['enableVersioning']>): Configure =>
  (app) => {
    app.enableVersioning(options);
  };
const URI = { type: VersioningType.URI, defaultVersion: '1' } as const;

const PLACES: readonly [what: string, configure: Configure, stands: string, notThere: string][] = [
  ['a global prefix', prefixed('app'), `/app${LOGOUT}`, LOGOUT],
  ['a global prefix with slashes', prefixed('/App/v2/'), `/App/v2${LOGOUT}`, LOGOUT],
  [
    'a global prefix that excludes our route',
    prefixed('app', { exclude: ['api/v1/auth/logout'] }),
    LOGOUT,
    `/app${LOGOUT}`,
  ],
  [
    'a global prefix that excludes our POST',
    prefixed('app', { exclude: [{ path: 'api/v1/auth/logout', method: RequestMethod.POST }] }),
    LOGOUT,
    `/app${LOGOUT}`,
  ],
  [
    'a global prefix that excludes all of auth',
    prefixed('app', { exclude: ['api/v1/auth/*rest'] }),
    LOGOUT,
    `/app${LOGOUT}`,
  ],
  [
    'a global prefix that excludes something else',
    prefixed('app', { exclude: ['health', { path: LOGOUT, method: RequestMethod.GET }] }),
    `/app${LOGOUT}`,
    LOGOUT,
  ],
  ['URI versioning', versioned(URI), LOGOUT, `/v1${LOGOUT}`],
  ['header versioning', versioned({ type: VersioningType.HEADER, header: 'X-V' }), LOGOUT, '/x'],
  [
    'media type versioning',
    versioned({ type: VersioningType.MEDIA_TYPE, key: 'v=' }),
    LOGOUT,
    '/x',
  ],
  [
    'a global prefix and URI versioning',
    (app) => {
      prefixed('app')(app);
      versioned(URI)(app);
    },
    `/app${LOGOUT}`,
    `/app/v1${LOGOUT}`,
  ],
];

describe.each(PLATFORMS)('Where the logout stands on %s', (platform) => {
  let app: TestApp;
  afterEach(() => app.close());

  it.each(PLACES)('with %s', async (_, configure, stands, notThere) => {
    app = await TestApp.start(platform, {}, { configure });
    const token = app.issuer.token();
    expect(answerOf(await sendMalformed(app, stands))).toEqual(ANSWERS.badRequest);
    expect(await logout(app, notThere, token)).toMatchObject({ status: 404 });
    expect(answerOf(await logout(app, stands, token))).toEqual(ANSWERS.loggedOut);
  });

  it.each([
    ['session', '/session/logout'],
    ['/account/', '/account/logout'],
    ['Account/Me', '/Account/Me/logout'],
    ['a-b/c.d/~e_f', '/a-b/c.d/~e_f/logout'],
  ])('at the path %s', async (path, stands) => {
    app = await TestApp.start(platform, {}, { extras: { path } });
    expect(answerOf(await sendMalformed(app, stands))).toEqual(ANSWERS.badRequest);
    expect(answerOf(await logout(app, stands))).toEqual(ANSWERS.loggedOut);
    expect(await logout(app, LOGOUT)).toMatchObject({ status: 404 });
  });

  it("leaves the host's versions to the host", async () => {
    app = await TestApp.start(
      platform,
      {},
      { controllers: [VersionedController], configure: versioned(URI) },
    );
    await request(app.url).get('/v1/versioned').expect(200, 'v1');
  });
});

describe.each(PLATFORMS)('A preflight on %s', (platform) => {
  let app: TestApp;
  afterEach(() => app.close());

  const ORIGIN = 'https://app.example';
  const preflight = () =>
    request(app.url)
      .options(LOGOUT)
      .set('Origin', ORIGIN)
      .set('Access-Control-Request-Method', 'POST')
      .set('Access-Control-Request-Headers', 'authorization,content-type');
  const CORS = /^access-control-/;

  it.each([
    ['as browsers send it', undefined],
    ['with a content type', 'application/json'],
    ['with a strange content type', 'canary/canary'],
  ])('%s allows no origin anything unless the host does', async (_, type) => {
    app = await TestApp.start(platform);
    const sent = preflight();
    const answer = await (type === undefined ? sent : sent.set('Content-Type', type));
    expect(answer.status).toBe(204);
    expect(answer.text).toBe('');
    expect(answer.headers).toMatchObject({ allow: 'POST', 'cache-control': 'no-store' });
    expect(Object.keys(answer.headers)).not.toContainEqual(expect.stringMatching(CORS));
  });

  it('is answered by the CORS of the host, and so is the logout itself', async () => {
    const configure: Configure = (nest) => {
      nest.enableCors({ origin: ORIGIN, credentials: true });
    };
    app = await TestApp.start(platform, {}, { configure });
    const answer = await preflight();
    expect(answer.status).toBe(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': expect.stringContaining('POST') as string,
    });
    const done = await app.logout(app.issuer.token()).set('Origin', ORIGIN);
    expect(answerOf(done)).toEqual(ANSWERS.loggedOut);
    expect(done.headers).toMatchObject({ 'access-control-allow-origin': ORIGIN });
  });

  it('without CORS never reflects an origin, null included', async () => {
    app = await TestApp.start(platform);
    const answer = await app.logout(app.issuer.token()).set('Origin', 'null');
    expect(answerOf(answer)).toEqual(ANSWERS.loggedOut);
    expect(Object.keys(answer.headers)).not.toContainEqual(expect.stringMatching(CORS));
  });
});

describe('A global prefix with parameters', () => {
  it('stops the boot: the gate could not stand before our route', async () => {
    const start = TestApp.start(
      'express',
      {},
      {
        configure: (app) => {
          app.setGlobalPrefix(':tenant');
        },
      },
    );
    await expect(start).rejects.toThrow(
      'nestjs-logout: "setGlobalPrefix" must be a plain path where AuthModule is imported, got ' +
        '":tenant". Give your own modules such a prefix with RouterModule instead.',
    );
  });
});
