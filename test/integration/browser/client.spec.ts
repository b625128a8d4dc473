import type { Browser, BrowserContext, Page } from 'playwright-core';
import { TestApp, LOGOUT } from '../../support/app';
import { bundledClient, hasChromium, openBrowser } from '../../support/browser';
import { testWith } from '../../support/tools';
import { until } from '../../support/until';

interface Response {
  status(code: number): Response;
  set(headers: object): Response;
  end(text?: string): void;
}

type Handler = (
  request: { path: string; method: string; socket: { destroy(): void } },
  response: Response,
  next: () => void,
) => void;

const CLIENT = bundledClient();

/** What the page has of the client, put where tests find it. */
const PAGE = `<script type="module">
  import { logout, onLogout } from '/client.mjs';
  window.logout = logout;
  window.listen = onLogout;
  window.isTold = 0;
  window.stop = onLogout(() => { window.isTold += 1; });
</script>`;

const FORBIDDEN = `window.BroadcastChannel = class {
  constructor() { throw new DOMException('forbidden', 'SecurityError'); }
}`;

/** Before ours: what goes wrong between the browser and the route. */
let faults: Handler[] = [];

const page: Handler = (request, response, next) => {
  // A browser repeats what is cut on a connection that it had kept, and tells no page.
  response.set({ Connection: 'close' });
  if (request.path === '/page') response.status(200).set({ 'Content-Type': 'text/html' }).end(PAGE);
  else if (request.path === '/client.mjs')
    response.status(200).set({ 'Content-Type': 'text/javascript' }).end(CLIENT);
  else if (request.path === LOGOUT && faults.length > 0) faults.shift()?.(request, response, next);
  else next();
};

const refusing =
  (status: number, headers = {}): Handler =>
  (_request, response) => {
    response.status(status).set(headers).end();
  };

/** The route does its work, and its answer is lost. */
const losingTheAnswer: Handler = (request, response, next) => {
  Object.assign(response, {
    end: () => {
      request.socket.destroy();
    },
  });
  next();
};

const losingTheRequest: Handler = ({ socket }) => {
  socket.destroy();
};

describe('nestjs-logout/client', () => {
  it.each([
    [2048, ['logout', 'onLogout']],
    [2048, ['keepSession']],
    [4096, ['logout', 'onLogout', 'keepSession']],
  ])('is at most %i bytes, minified, for a page that imports %p', (bytes, names) => {
    expect(Buffer.byteLength(bundledClient(names))).toBeLessThanOrEqual(bytes);
  });

  testWith('chromium', hasChromium, () => {
    let app: TestApp;
    let browser: Browser;
    let context: BrowserContext;
    let tab: Page;

    beforeAll(async () => {
      browser = await openBrowser();
      app = await TestApp.start('express', {}, { configure: (nest) => void nest.use(page) });
    });
    afterAll(async () => {
      await browser.close();
      await app.close();
    });
    beforeEach(async () => {
      faults = [];
      context = await browser.newContext();
      tab = await openTab();
    });
    afterEach(() => context.close());

    async function openTab(): Promise<Page> {
      const opened = await context.newPage();
      await opened.goto(`${app.url}/page`);
      await opened.waitForFunction('window.logout');
      await opened.evaluate(`for (const storage of [localStorage, sessionStorage])
        for (const key of ['token', 'theme']) storage.setItem(key, key);`);
      return opened;
    }

    const logOut = (token: string, storageKeys: unknown = ['token']): Promise<unknown> =>
      tab.evaluate(`logout(${JSON.stringify({ url: LOGOUT, token, storageKeys })})`);

    const stored = (page: Page): Promise<unknown> =>
      page.evaluate('[localStorage, sessionStorage].map((each) => Object.keys(each).sort())');

    it('revokes the token', async () => {
      const token = app.issuer.token();
      expect(await logOut(token)).toBe('revoked');
      await app.me(token).expect(401);
    });

    it('removes the given keys from both storages, in every tab, and tells the other tabs', async () => {
      const other = await openTab();
      await logOut(app.issuer.token());
      await other.waitForFunction('window.isTold === 1');
      expect(await stored(tab)).toEqual([['theme'], ['theme']]);
      expect(await stored(other)).toEqual([['theme'], ['theme']]);
      expect(await tab.evaluate('window.isTold')).toBe(0);
    });

    it('empties both storages where it is told to', async () => {
      await logOut(app.issuer.token(), 'all');
      expect(await stored(tab)).toEqual([[], []]);
    });

    it('tells no tab that listens no more', async () => {
      const [deaf, other] = [await openTab(), await openTab()];
      await deaf.evaluate('window.stop()');
      await logOut(app.issuer.token());
      await other.waitForFunction('window.isTold === 1');
      expect(await deaf.evaluate('window.isTold')).toBe(0);
    });

    it('revokes the token in a browser without BroadcastChannel, and where it is forbidden', async () => {
      for (const forbid of ['delete window.BroadcastChannel', FORBIDDEN]) {
        await tab.evaluate(forbid);
        const token = app.issuer.token();
        expect(await logOut(token)).toBe('revoked');
        await app.me(token).expect(401);
        await tab.evaluate('window.listen(() => undefined)()');
      }
    });

    it('says that a token was refused, and empties the storages all the same', async () => {
      expect(await logOut(app.issuer.expired())).toBe('refused');
      expect(await stored(tab)).toEqual([['theme'], ['theme']]);
    });

    it('knows by the 401 of the second try that the first took effect, when its answer was lost', async () => {
      faults = [losingTheAnswer];
      const token = app.issuer.token();
      expect(await logOut(token)).toBe('revoked');
      await app.me(token).expect(401);
    });

    it.each<[string, Handler]>([
      ['a request that was lost', losingTheRequest],
      ['a 500', refusing(500)],
      ['a 429, as long as it says', refusing(429, { 'Retry-After': '1' })],
    ])('tries again after %s', async (_name, fault) => {
      faults = [fault];
      const token = app.issuer.token();
      expect(await logOut(token)).toBe('revoked');
      await app.me(token).expect(401);
    });

    it('takes no 401 after a 429 for a success', async () => {
      faults = [refusing(429, { 'Retry-After': '1' })];
      expect(await logOut(app.issuer.token({ aud: 'https://other.example' }))).toBe('refused');
    });

    it.each<[string, Handler[]]>([
      ['no answer to three tries', [refusing(500), losingTheRequest, refusing(503)]],
      ['a wait of more than ten seconds', [refusing(429, { 'Retry-After': '60' })]],
    ])('does not know after %s', async (_name, all) => {
      faults = [...all];
      expect(await logOut(app.issuer.token())).toBe('unknown');
      expect(faults).toEqual([]);
      expect(await stored(tab)).toEqual([['theme'], ['theme']]);
    });

    it('revokes the token though the page is left at once', async () => {
      const token = app.issuer.token();
      await tab.evaluate(
        `logout(${JSON.stringify({ url: LOGOUT, token })}); location.assign('about:blank')`,
      );
      await until(async () => (await app.me(token)).status === 401);
    });
  });
});
