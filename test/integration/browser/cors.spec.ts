import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { DOCUMENTED, LOGOUT, PLATFORMS, TestApp } from '../../support/app';
import { hasChromium, openBrowser } from '../../support/browser';
import { FaultyStore } from '../../support/faulty-store';
import { testWith } from '../../support/tools';

/** What a script of the page can see of an answer. */
interface Seen {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | null;
  readonly challenge: string | null;
}

const BEARER = 'Bearer';
const BAD_BEARER = 'Bearer error="invalid_token"';

testWith('chromium', hasChromium, () => {
  describe.each(PLATFORMS)('A page of another origin that the host allows, on %s', (platform) => {
    let front: Server;
    let browser: Browser;
    let page: Page;
    let app: TestApp;
    const store = new FaultyStore();

    beforeAll(async () => {
      front = createServer((_request, response) => response.end('<title>page</title>'));
      await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
      const origin = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
      const configure = (nest: TestApp['nest']): void => {
        nest.enableCors({ origin, exposedHeaders: ['X-Of-The-Host'], credentials: true });
      };
      app = await TestApp.start(platform, { store, throttleLimit: 12 }, { configure });
      browser = await openBrowser();
      page = await browser.newPage();
      await page.goto(origin);
    });
    afterAll(async () => {
      await browser.close();
      await app.close();
      front.close();
    });
    beforeEach(() => {
      store.isBlind = false;
    });

    async function see(path: string, init: object): Promise<Seen> {
      const url = `${app.url}${path}`;
      return page.evaluate<Seen>(`fetch(${JSON.stringify(url)}, ${JSON.stringify(init)}).then(
        async (response) => ({
          status: response.status,
          text: await response.text(),
          retryAfter: response.headers.get('Retry-After'),
          challenge: response.headers.get('WWW-Authenticate'),
        }))`);
    }

    const post = (token: string | undefined, body: string, headers = {}): Promise<Seen> =>
      see(LOGOUT, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          ...(token !== undefined && { Authorization: `Bearer ${token}` }),
          ...headers,
        },
        body,
      });
    const logOut = (token: string): Promise<Seen> => post(token, JSON.stringify({ token }));

    it('reads the 200 of a logout', async () => {
      expect(await logOut(app.issuer.token())).toMatchObject({
        status: 200,
        text: DOCUMENTED.loggedOut,
      });
    });

    it('reads the 401 and 403 of the route, with their challenge', async () => {
      expect(await post(undefined, '{}')).toMatchObject({ status: 401, challenge: BEARER });
      const token = app.issuer.token();
      await logOut(token);
      expect(await logOut(token)).toMatchObject({ status: 401, challenge: BAD_BEARER });
      expect(await logOut(app.issuer.expired())).toMatchObject({
        status: 403,
        challenge: BAD_BEARER,
      });
    });

    it('reads the 401 of our guard, with its challenge', async () => {
      expect(await see('/me', {})).toMatchObject({ status: 401, challenge: BEARER });
    });

    it.each([
      [400, '{"a', {}],
      [413, JSON.stringify({ token: 'x'.repeat(20_000) }), {}],
      [415, 'x', { 'Content-Type': 'text/plain' }],
    ])('reads the %i of the gate', async (status, body, headers) => {
      expect(await post(app.issuer.token(), body, headers)).toMatchObject({ status });
    });

    it('reads the 405 of the gate', async () => {
      expect(await see(LOGOUT, { method: 'GET' })).toMatchObject({ status: 405 });
    });

    it('reads the 500 of an outage, at our route, behind our guard and of enforcement', async () => {
      store.isBlind = true;
      const token = app.issuer.token();
      const headers = { Authorization: `Bearer ${token}` };
      expect(await logOut(token)).toMatchObject({ status: 500, text: DOCUMENTED.internal });
      expect(await see('/me', { headers })).toMatchObject({ status: 500 });
      expect(await see('/nowhere', { headers })).toMatchObject({
        status: 500,
        text: DOCUMENTED.internal,
      });
    });

    it('reads the 429, and how long to wait', async () => {
      const answers = await Promise.all(Array.from({ length: 13 }, () => post('none', '{}')));
      const refused = answers.find(({ status }) => status === 429);
      expect(Number(refused?.retryAfter)).toBeGreaterThan(0);
    });
  });

  describe.each(PLATFORMS)('A host without CORS, on %s', (platform) => {
    it('gets no header of CORS from us', async () => {
      const app = await TestApp.start(platform);
      const { headers } = await app
        .post()
        .set('Origin', 'https://other.example')
        .send({})
        .expect(401);
      await app.close();
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    });
  });
});
