import { Controller, Get, Header, type INestApplication, Query, Req, Res } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { RequestAuthenticator } from '../../../src/web/request-authenticator';
import { LOGOUT, MeController, PLATFORMS, TestApp, type Platform } from '../../support/app';
import { hasChromium, openCarelessBrowser } from '../../support/browser';
import { temporaryFolder } from '../../support/temporary-folder';
import { testWith } from '../../support/tools';
import { until } from '../../support/until';

/** What a page of an attacker's does; `url` is the logout, with the name of the attack behind it. */
const ATTACKS: Readonly<Record<string, string>> = {
  form: `submit(url, 'application/x-www-form-urlencoded', 'frame')`,
  'form-multipart': `submit(url, 'multipart/form-data', 'frame')`,
  'form-plain': `submit(url, 'text/plain', 'frame')`,
  'form-empty': `submit(url, 'application/x-www-form-urlencoded', 'frame', true)`,
  'form-in-a-new-tab': `submit(url, 'text/plain', '_blank')`,
  'form-in-a-sandbox': `sandbox(url)`,
  'fetch-no-body': `fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include' })`,
  'fetch-plain': `fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include', body: '{}' })`,
  'fetch-json': `fetch(url, { method: 'POST', credentials: 'include', body: '{}',
    headers: { 'Content-Type': 'application/json' } })`,
  'fetch-empty-json': `fetch(url, { method: 'POST', credentials: 'include',
    headers: { 'Content-Type': 'application/json' } })`,
  'beacon-empty': `navigator.sendBeacon(url)`,
  'beacon-plain': `navigator.sendBeacon(url, '{}')`,
  'beacon-json': `navigator.sendBeacon(url, new Blob(['{}'], { type: 'application/json' }))`,
  iframe: `document.body.append(Object.assign(document.createElement('iframe'), { src: url }))`,
  image: `new Image().src = url`,
  'new-tab': `window.open(url)`,
  navigation: `location.assign(url)`,
};

const ATTACKER = `<body><script>
  function submit(action, enctype, target, isEmpty) {
    const form = document.createElement('form');
    // A frame of its own: where an answer still comes in, a second form would be dropped.
    if (target === 'frame') {
      target += document.forms.length;
      document.body.append(Object.assign(document.createElement('iframe'), { name: target }));
    }
    Object.assign(form, { action, enctype, target, method: 'POST' });
    // As plain text this is JSON: {"a":"=","b":""}
    if (!isEmpty)
      form.append(Object.assign(document.createElement('input'), { name: '{"a":"', value: '","b":""}' }));
    document.body.append(form);
    form.submit();
  }
  function sandbox(url) {
    const frame = document.createElement('iframe');
    frame.sandbox = 'allow-forms allow-scripts';
    frame.srcdoc = '<form method=post action="' + url + '"></form><script>document.forms[0].submit()<' + '/script>';
    document.body.append(frame);
  }
</script>`;

/** Hands out the cookie, and has a page of the host's own. */
@Controller()
class HostController {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  @Get('page')
  @Header('Content-Type', 'text/html')
  page(): string {
    return '<title>own page</title>';
  }

  @Get('login')
  login(
    @Query('token') token: string,
    @Req() { headers }: IncomingMessage,
    @Res() response: object,
  ) {
    const { httpAdapter } = this.adapterHost;
    // Of the kinds of cookies that browsers take here, the one that is sent most widely.
    const isSecure = headers.host?.includes('localhost') === true;
    const attributes = isSecure ? 'SameSite=None; Secure' : 'SameSite=Lax';
    httpAdapter.setHeader(
      response,
      'Set-Cookie',
      `access=${token}; HttpOnly; Path=/; ${attributes}`,
    );
    httpAdapter.reply(response, 'in', 200);
  }
}

/** The host's middleware puts the cookie's token into the Authorization header. */
function copyCookie(nest: INestApplication): void {
  const copy = ({ headers }: IncomingMessage): void => {
    const [, token] = /access=([^;]+)/.exec(headers.cookie ?? '') ?? [];
    if (token !== undefined) headers.authorization ??= `Bearer ${token}`;
  };
  if (nest.getHttpAdapter().getType() === 'express')
    (nest as NestExpressApplication).use((from: IncomingMessage, _: object, next: () => void) => {
      copy(from);
      next();
    });
  else
    (nest as NestFastifyApplication)
      .getHttpAdapter()
      .getInstance()
      .addHook('onRequest', ({ raw }, _, done) => {
        copy(raw);
        done();
      });
}

/** How a host comes to a bearer; the second allows every origin what it asks for. */
const HOSTS = {
  'a host that copies the cookie into the header': (platform: Platform) =>
    TestApp.start(
      platform,
      { bodyToken: 'optional' },
      { controllers: [HostController, MeController], configure: copyCookie },
    ),
  'a host that names the cookie in tokenSources, and allows every origin': (platform: Platform) =>
    TestApp.start(
      platform,
      {
        bodyToken: 'optional',
        tokenSources: [{ cookie: 'access' }],
        cookies: [{ name: 'access' }],
      },
      {
        controllers: [HostController, MeController],
        configure: (nest) => {
          nest.enableCors({ origin: true, credentials: true });
        },
      },
    ),
};

/** What a page of `origin` had of a WebSocket whose handshake our guard would see. */
interface Handshake {
  readonly origin: string | undefined;
  readonly hasCookie: boolean;
  readonly verdict: string;
}

/** Browsers treat localhost as HTTPS; on `shop.test` they send no Sec-Fetch-Site. */
const PLACES = [
  ['a sibling domain', 'app.shop.localhost', 'blog.shop.localhost'],
  ['another site', 'app.shop.localhost', 'evil.localhost'],
  ['a sibling domain, on plain HTTP', 'app.shop.test', 'blog.shop.test'],
] as const;
const NAMES = [...new Set(PLACES.flatMap(([, own, attacker]) => [own, attacker]))];

const CASES = PLATFORMS.flatMap((platform) =>
  Object.entries(HOSTS).map(([name, start]) => [platform, name, start] as const),
);

// Seventeen attacks, one after the other, in a browser that may share its cores.
jest.setTimeout(300_000);

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

testWith('chromium', hasChromium, () => {
  const profile = temporaryFolder();
  let browser: Browser;
  let attacker: Server;
  beforeAll(async () => {
    browser = await openCarelessBrowser(profile.path, NAMES);
    attacker = createServer((_, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end(ATTACKER);
    });
    await new Promise<void>((resolve) => attacker.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await browser.close();
    profile.remove();
    attacker.close();
  });

  describe.each(CASES)('On %s, a user of %s', (platform, _name, start) => {
    let app: TestApp;
    let context: BrowserContext;
    /** Requests to the logout that were answered, by their method and the name of the attack. */
    let arrived: Map<string, IncomingMessage>;
    beforeEach(async () => {
      arrived = new Map();
      app = await start(platform);
      (app.nest.getHttpServer() as Server).prependListener(
        'request',
        (request: IncomingMessage, response: ServerResponse) => {
          const [path, name] = request.url?.split('?') ?? [];
          if (path !== LOGOUT || name === undefined) return;
          response.once('close', () => arrived.set(`${request.method} ${name}`, request));
        },
      );
      context = await browser.newContext();
    });
    afterEach(async () => {
      await context.close();
      await app.close();
    });

    async function logIn(own: string): Promise<{ token: string; base: string; page: Page }> {
      const token = app.issuer.token();
      const base = `http://${own}:${portOf(app.nest.getHttpServer() as Server)}`;
      const page = await context.newPage();
      await page.goto(`${base}/login?token=${token}`);
      await page.goto(`${base}/page`);
      return { token, base, page };
    }

    const hasArrived = (name: string): boolean =>
      [...arrived.keys()].some((key) => key.endsWith(` ${name}`));

    async function attack(url: string, page: Page): Promise<void> {
      for (const [name, script] of Object.entries(ATTACKS)) {
        const code = `(() => { const url = ${JSON.stringify(`${url}?${name}`)}; void (${script}); })()`;
        await page.evaluate(code);
        await until(() => hasArrived(name), { withinMs: 60_000 }).catch((cause: unknown) => {
          throw new Error(`${name} has not arrived.`, { cause });
        });
      }
    }

    it.each(PLACES)('is not logged out by %s', async (_place, own, other) => {
      const { token, base } = await logIn(own);
      const page = await context.newPage();
      await page.goto(`http://${other}:${portOf(attacker)}`);
      await attack(`${base}${LOGOUT}`, page);
      await app.me(token).expect(200);
      const withCookie = [...arrived].filter(([, { headers }]) =>
        headers.cookie?.includes('access='),
      );
      const posts = withCookie.filter(([key]) => key.startsWith('POST'));
      // Otherwise the browser has defended the user, and not we.
      expect(posts.length).toBeGreaterThan(6);
    });

    it('logs out by the own page', async () => {
      const { token, page } = await logIn('app.shop.localhost');
      const status = await page.evaluate(`fetch(${JSON.stringify(LOGOUT)}, {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}',
      }).then(({ status }) => status)`);
      expect(status).toBe(200);
      await app.me(token).expect(401);
    });
  });

  describe('A WebSocket with the cookie', () => {
    let app: TestApp;
    let context: BrowserContext;
    let handshakes: Handshake[];

    async function start(allowedOrigins: readonly string[]): Promise<void> {
      handshakes = [];
      const options = { tokenSources: [{ cookie: 'access' }], allowedOrigins };
      app = await TestApp.start('express', options, { controllers: [HostController] });
      const authenticator = app.nest.get(RequestAuthenticator, { strict: false });
      const server = app.nest.getHttpServer() as Server;
      server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
        void Promise.resolve(authenticator.authenticate(request)).then(({ verdict }) => {
          const { origin, cookie = '' } = request.headers;
          handshakes.push({ origin, hasCookie: cookie.includes('access='), verdict });
          socket.destroy();
        });
      });
      context = await browser.newContext();
    }
    afterEach(async () => {
      await context.close();
      await app.close();
    });

    async function openSocketFrom(page: string, own: string): Promise<Handshake | undefined> {
      const host = `${own}:${portOf(app.nest.getHttpServer() as Server)}`;
      const tab = await context.newPage();
      await tab.goto(`http://${host}/login?token=${app.issuer.token()}`);
      await tab.goto(page === own ? `http://${host}/page` : `http://${page}:${portOf(attacker)}`);
      await tab.evaluate(`void new WebSocket('ws://${host}/')`);
      await until(() => handshakes.length > 0);
      return handshakes[0];
    }

    it.each(PLACES)('lets in no page of %s', async (_place, own, other) => {
      await start([]);
      const handshake = await openSocketFrom(other, own);
      expect(handshake).toMatchObject({ hasCookie: true, verdict: 'missing' });
    });

    it.each(PLACES)(
      'lets in a page of %s that allowedOrigins lists',
      async (_place, own, other) => {
        await start([`http://${other}:${portOf(attacker)}`]);
        expect(await openSocketFrom(other, own)).toMatchObject({ verdict: 'live' });
      },
    );

    it.each(['app.shop.localhost', 'app.shop.test'])('lets in the own page, on %s', async (own) => {
      await start([]);
      expect(await openSocketFrom(own, own)).toMatchObject({ verdict: 'live' });
    });
  });
});
