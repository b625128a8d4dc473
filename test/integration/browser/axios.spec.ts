import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSync } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { LOGOUT, PLATFORMS, TestApp } from '../../support/app';
import { hasChromium, openBrowser } from '../../support/browser';
import { testWith } from '../../support/tools';

/** axios as a bundler gives it to a page. */
const bundled = (): string =>
  buildSync({
    stdin: { contents: "import axios from 'axios'; window.axios = axios;", resolveDir: __dirname },
    bundle: true,
    platform: 'browser',
    write: false,
  }).outputFiles[0]?.text ?? '';

testWith('chromium', hasChromium, () => {
  let front: Server;
  let browser: Browser;
  beforeAll(async () => {
    const script = `<script>${bundled().replaceAll('</script', '<\\/script')}</script>`;
    front = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/html; charset=utf-8').end(script);
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser.close();
    front.close();
  });

  describe.each(PLATFORMS)('axios in a page of another origin, on %s', (platform) => {
    let app: TestApp;
    let page: Page;
    beforeAll(async () => {
      const origin = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
      const configure = (nest: TestApp['nest']): void => {
        nest.enableCors({ origin });
      };
      app = await TestApp.start(platform, { bodyToken: 'optional' }, { configure });
      page = await browser.newPage();
      await page.goto(origin);
    });
    afterAll(() => app.close());

    it.each(['undefined', 'null', "''", '{}'])(
      'logs out by the bearer alone with axios.post(url, %s)',
      async (body) => {
        const token = app.issuer.token();
        const [url, headers] = [app.url + LOGOUT, { Authorization: `Bearer ${token}` }];
        const status = await page.evaluate(
          `axios.post(${JSON.stringify(url)}, ${body}, ${JSON.stringify({ headers })})
            .then(({ status }) => status, ({ message }) => message)`,
        );
        expect(status).toBe(200);
        await app.me(token).expect(401);
      },
    );
  });
});
