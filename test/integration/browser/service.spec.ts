import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { readEnvironment } from '../../../src/service/environment';
import { startService, type Service } from '../../../src/service/service';
import { DOCUMENTED, LOGOUT } from '../../support/app';
import { hasChromium, openBrowser } from '../../support/browser';
import { createDatabase, type TestDatabase } from '../../support/database';
import { AUDIENCE, ISSUER, TestIssuer } from '../../support/tokens';
import { testWith } from '../../support/tools';

testWith('chromium', hasChromium, () => {
  describe('A web page and the service on two origins', () => {
    const issuer = new TestIssuer();
    let front: Server;
    let database: TestDatabase;
    let service: Service;
    let browser: Browser;

    beforeAll(async () => {
      front = createServer((_request, response) => response.end('<title>page</title>'));
      await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
      database = await createDatabase();
      const environment = {
        PORT: '0',
        DATABASE_URL: database.url,
        JWT_SECRET: issuer.key,
        JWT_ISSUER: ISSUER,
        JWT_AUDIENCE: AUDIENCE,
        LOG_LEVEL: 'error',
        THROTTLE_LIMIT: '10',
        CORS_ORIGINS: pageAt('127.0.0.1'),
      };
      service = await startService(readEnvironment(environment));
      browser = await openBrowser();
    });
    afterAll(async () => {
      await browser.close();
      await service.stop();
      await database.drop();
      front.close();
    });

    const pageAt = (host: string): string =>
      `http://${host}:${(front.address() as AddressInfo).port}`;

    /** Logs out in a page of `host`, and asks for more until it is one request too many. */
    async function logOutAt(host: string): Promise<unknown> {
      const page = await browser.newPage();
      await page.goto(pageAt(host));
      const token = issuer.token();
      const init = {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ token }),
      };
      return page.evaluate(`(async () => {
        const seen = async (init) => {
          const response = await fetch(${JSON.stringify(service.url + LOGOUT)}, init);
          const [challenge, retryAfter] =
            ['WWW-Authenticate', 'Retry-After'].map((name) => response.headers.get(name));
          return { status: response.status, text: await response.text(), challenge, retryAfter };
        };
        const init = ${JSON.stringify(init)};
        const out = await seen(init).catch((error) => error.name);
        const again = await seen(init).catch((error) => error.name);
        let last = again;
        for (let i = 0; i < 12; i += 1)
          last = await seen({ method: 'POST', body: 'x' }).catch((error) => error.name);
        return [out, again, last];
      })()`);
    }

    it('read each other’s answers where CORS_ORIGINS lists the page, and not otherwise', async () => {
      expect(await logOutAt('127.0.0.1')).toEqual([
        expect.objectContaining({ status: 200, text: DOCUMENTED.loggedOut }),
        expect.objectContaining({ status: 401, challenge: 'Bearer error="invalid_token"' }),
        expect.objectContaining({
          status: 429,
          text: DOCUMENTED.tooMany,
          retryAfter: expect.stringMatching(/^\d+$/) as string,
        }),
      ]);
      expect(await logOutAt('localhost')).toEqual(['TypeError', 'TypeError', 'TypeError']);
    });
  });
});
