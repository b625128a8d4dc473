import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { hasChromium, openBrowser } from '../../support/browser';
import { builtProject } from '../../support/built-project';
import { testWith } from '../../support/tools';

const PASSWORDS = { ada: 'lovelace', grace: 'hopper', alan: 'turing' };

/** The example, as `npm run example:sessions` runs it. */
async function startExample(): Promise<{ example: ChildProcess; url: string }> {
  const main = join(await builtProject(), 'dist/examples/sessions/main.js');
  const example = spawn(process.execPath, [main], {
    env: { PATH: process.env['PATH'], PORT: '0' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = (await once(createInterface(example.stdout), 'line')) as [string];
  return { example, url: /http:\S+(?=:)/.exec(line)?.[0] ?? 'nowhere' };
}

describe('The example with sessions, in Chromium', () => {
  testWith('chromium', hasChromium, () => {
    let example: ChildProcess;
    let browser: Browser;
    let url: string;
    const contexts: BrowserContext[] = [];

    beforeAll(async () => {
      [{ example, url }, browser] = await Promise.all([startExample(), openBrowser()]);
    });
    afterAll(async () => {
      await browser.close();
      example.kill();
    });
    afterEach(async () => {
      await Promise.all(contexts.splice(0).map((context) => context.close()));
    });

    /** A browser of its own: another device. */
    async function openDevice(): Promise<Page> {
      const context = await browser.newContext();
      contexts.push(context);
      return openTab(context);
    }
    async function openTab(context: BrowserContext): Promise<Page> {
      const page = await context.newPage();
      await page.goto(url);
      return page;
    }
    async function login(
      page: Page,
      device: string,
      name: keyof typeof PASSWORDS = 'ada',
    ): Promise<void> {
      await page.fill('[name=name]', name);
      await page.fill('[name=password]', PASSWORDS[name]);
      await page.fill('[name=device]', device);
      await page.click('text=Log in');
      await page.waitForSelector('#devices:not([hidden])');
    }
    const devicesOn = (page: Page): Promise<string[]> =>
      page.locator('#devices tbody tr td:first-child').allTextContents();
    const isLoggedIn = async (page: Page): Promise<boolean> => {
      await page.reload();
      await page.waitForSelector('#devices:not([hidden]), #login:not([hidden])');
      return page.isVisible('#devices');
    };

    it('keeps a login where the page is loaded again, and its tokens out of storage', async () => {
      const phone = await openDevice();
      await login(phone, 'phone');
      expect(await isLoggedIn(phone)).toBe(true);
      const stored = await phone.evaluate(
        'JSON.stringify([localStorage, sessionStorage, document.cookie])',
      );
      expect(stored).toBe('[{},{},""]');
    });

    it('lists the devices of a user, signs out this one, another, and all others', async () => {
      const [phone, laptop, tablet] = [await openDevice(), await openDevice(), await openDevice()];
      await login(phone, 'phone', 'grace');
      await login(laptop, 'laptop', 'grace');
      await login(tablet, 'tablet', 'grace');
      expect(await devicesOn(tablet)).toEqual(['tablet (this device)', 'laptop', 'phone']);

      await tablet.click('tr:has-text("laptop") >> text=Sign out');
      await tablet.waitForFunction('document.querySelectorAll("tbody tr").length === 2');
      expect(await isLoggedIn(laptop)).toBe(false);
      expect(await isLoggedIn(phone)).toBe(true);

      await tablet.click('#others');
      await tablet.waitForFunction('document.querySelectorAll("tbody tr").length === 1');
      expect(await isLoggedIn(phone)).toBe(false);

      await tablet.click('tr.here >> text=Sign out');
      await tablet.waitForSelector('#login:not([hidden])');
      expect(await isLoggedIn(tablet)).toBe(false);
      expect(await tablet.context().cookies(url)).toEqual([]);
    });

    it('lets a user log in again in the page in which another has signed out', async () => {
      const shared = await openDevice();
      await login(shared, 'library');
      await shared.click('tr.here >> text=Sign out');
      await shared.waitForSelector('#login:not([hidden])');
      await login(shared, 'library', 'grace');
      expect(await devicesOn(shared)).toContain('library (this device)');
    });

    it('signs nobody out where two tabs refresh at the same moment', async () => {
      const first = await openDevice();
      await login(first, 'laptop', 'alan');
      const second = await openTab(first.context());
      await second.waitForSelector('#devices:not([hidden])');
      // Both forget their access token, and begin with a refresh.
      for (let time = 0; time < 5; time += 1)
        await Promise.all(
          [first, second].map(async (page) => {
            await page.reload();
            await page.waitForSelector('#devices:not([hidden])');
            expect(await devicesOn(page)).toEqual(['laptop (this device)']);
          }),
        );
    });

    it('tells the other tabs of a logout', async () => {
      const first = await openDevice();
      await login(first, 'laptop');
      const second = await openTab(first.context());
      await second.waitForSelector('#devices:not([hidden])');
      await first.click('tr.here >> text=Sign out');
      await second.waitForSelector('text=You signed out in another tab.');
    });
  });
});
