import type { Browser, BrowserContext, Page } from 'playwright-core';
import { RevokedTokensService } from '../../../src';
import { SessionApp, type Login } from '../../support/session-app';
import { bundledClient, hasChromium, openBrowser } from '../../support/browser';
import { testWith } from '../../support/tools';

interface Response {
  status(code: number): Response;
  set(headers: object): Response;
  end(text?: string): void;
}

type Handler = (
  request: { path: string; headers: Record<string, string | undefined> },
  response: Response,
  next: () => void,
) => void;

const REFRESH = '/api/v1/auth/refresh';
const PAGE = `<script type="module">
  import { keepSession } from '/client.mjs';
  window.ended = 0;
  window.session = keepSession({ refreshUrl: '${REFRESH}', onEnd: () => { window.ended += 1; } });
</script>`;

describe('keepSession of nestjs-logout/client', () => {
  testWith('chromium', hasChromium, () => {
    const client = bundledClient();
    let host: SessionApp;
    let browser: Browser;
    let context: BrowserContext;
    let login: Login;
    let refreshes = 0;
    let fault: Handler | undefined;

    /** A page, and a route of refreshes that takes its time. */
    const pages: Handler = (request, response, next) => {
      if (request.path === '/page')
        response.status(200).set({ 'Content-Type': 'text/html' }).end(PAGE);
      else if (request.path === '/client.mjs')
        response.status(200).set({ 'Content-Type': 'text/javascript' }).end(client);
      else if (request.path === REFRESH) {
        refreshes += 1;
        if (fault === undefined) setTimeout(next, 200);
        else fault(request, response, next);
      } else next();
    };

    beforeAll(async () => {
      browser = await openBrowser();
      host = await SessionApp.start(
        'express',
        { cookie: true },
        { throttleLimit: 1000 },
        { configure: (nest) => void nest.use(pages) },
      );
    });
    afterAll(async () => {
      await browser.close();
      await host.close();
    });
    beforeEach(async () => {
      [refreshes, fault] = [0, undefined];
      context = await browser.newContext();
      login = await host.login();
      await context.addCookies([
        {
          name: '__Host-refresh',
          value: login.refresh,
          url: host.app.url.replace('http:', 'https:'),
          secure: true,
          httpOnly: true,
          sameSite: 'Strict',
        },
      ]);
    });
    afterEach(() => context.close());

    async function openTab(): Promise<Page> {
      const page = await context.newPage();
      await page.goto(`${host.app.url}/page`);
      await page.waitForFunction('window.session');
      return page;
    }
    const tokenIn = (page: Page) => page.evaluate<string | undefined>('session.accessToken()');
    const statusOf = (page: Page) =>
      page.evaluate<number>(`session.fetch('/me').then(({ status }) => status)`);

    it('refreshes once for all calls in all tabs, which then have the same token', async () => {
      const tabs = [await openTab(), await openTab(), await openTab()];
      const tokens = await Promise.all(tabs.flatMap((tab) => [tokenIn(tab), tokenIn(tab)]));
      expect(new Set(tokens).size).toBe(1);
      expect(refreshes).toBe(1);
      expect(await Promise.all(tabs.map(statusOf))).toEqual([200, 200, 200]);
      expect(refreshes).toBe(1);
    });

    it('refreshes once more where a token is refused before its time', async () => {
      const tab = await openTab();
      const token = await tokenIn(tab);
      await host.app.nest.get(RevokedTokensService).revoke(token ?? '', { covers: 'token' });
      expect(await statusOf(tab)).toBe(200);
      expect(refreshes).toBe(2);
    });

    it('goes on where the tab that refreshes is closed in the middle of it', async () => {
      const [first, second] = [await openTab(), await openTab()];
      const lost = tokenIn(first).catch(() => undefined);
      const found = tokenIn(second);
      await first.close();
      await lost;
      expect(await found).toEqual(expect.any(String));
    });

    it('tells each tab once that the session is over, and sends requests without a token', async () => {
      const tabs = [await openTab(), await openTab()];
      await host.sessions.end(login.sid);
      expect(await Promise.all(tabs.map(statusOf))).toEqual([401, 401]);
      expect(await Promise.all(tabs.map(statusOf))).toEqual([401, 401]);
      for (const tab of tabs) expect(await tab.evaluate('window.ended')).toBe(1);
    });

    it('says nothing of the session where the server does not answer', async () => {
      const tab = await openTab();
      fault = (_, response) => {
        response.status(500).end();
      };
      expect(await tokenIn(tab)).toBeUndefined();
      expect(await tab.evaluate('window.ended')).toBe(0);
      fault = undefined;
      expect(await tokenIn(tab)).toEqual(expect.any(String));
    });
  });
});
