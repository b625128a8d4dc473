import { randomUUID } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { AuthModuleOptions } from '../../../src';
import { DOCUMENTED, PLATFORMS, TestApp, type Platform } from '../../support/app';
import { freePort } from '../../support/free-port';
import { Glewlwyd, hasGlewlwyd } from '../../support/glewlwyd';
import { BACKCHANNEL_LOGOUT } from '../../support/logout-tokens';
import { testWith } from '../../support/tools';
import { AUDIENCE } from '../../support/tokens';
import { until } from '../../support/until';

/** What a host has in its options, and how the provider knows its client. */
interface Setting {
  readonly ends?: 'session' | 'subject';
  readonly hasSessionIds: boolean;
}

describe('A host whose users log in with Glewlwyd', () => {
  testWith('glewlwyd', hasGlewlwyd(), () => {
    let provider: Glewlwyd;
    let client: string;
    let app: TestApp;
    const lines: unknown[] = [];

    const start = async (platform: Platform, { ends, hasSessionIds }: Setting): Promise<void> => {
      client = `client-${randomUUID()}`;
      const port = await freePort();
      const backchannelLogoutUri = `http://127.0.0.1:${port}${BACKCHANNEL_LOGOUT}`;
      await provider.register({ id: client, backchannelLogoutUri, hasSessionIds });
      const options: Partial<AuthModuleOptions> = {
        algorithms: undefined,
        keys: undefined,
        issuer: provider.issuer,
        audience: AUDIENCE,
        discovery: true,
        types: ['at+jwt'],
        backchannel: { clientIds: client, ...(ends !== undefined && { ends }) },
      };
      app = await TestApp.start(platform, options, { port });
      const ignored = (): void => undefined;
      app.nest.useLogger({ log: ignored, error: ignored, warn: (line) => lines.push(line) });
    };
    const statusOf = async (token: string): Promise<number> => (await app.me(token)).status;
    const isRefused = async (token: string): Promise<boolean> => (await statusOf(token)) === 401;

    beforeAll(async () => {
      provider = await Glewlwyd.start(['ada', 'grace']);
    });
    afterEach(async () => {
      await app.close();
      lines.length = 0;
    });
    afterAll(() => provider.stop());

    describe.each(PLATFORMS)('on %s', (platform) => {
      it('accepts its access tokens, ends them by a logout here, and takes no ID token', async () => {
        await start(platform, { hasSessionIds: true });
        const { accessToken, idToken } = await (await provider.browser('ada')).logIn(client);
        expect(decodeProtectedHeader(accessToken).typ).toBe('at+jwt');
        await app.me(accessToken).expect(200);
        await app.me(idToken).expect(401);
        await app.logout(accessToken).expect(200, DOCUMENTED.loggedOut);
        await app.me(accessToken).expect(401);
      });

      it.each<[string, Setting]>([
        ['with sid, by ends: "subject"', { ends: 'subject', hasSessionIds: true }],
        ['with sub alone', { hasSessionIds: false }],
      ])(
        'refuses the tokens of a user who has logged out there: a logout token %s',
        async (_, how) => {
          await start(platform, how);
          const ada = await provider.browser('ada');
          const first = await ada.logIn(client);
          const refreshed = await ada.refresh(client, first);
          const grace = await (await provider.browser('grace')).logIn(client);
          for (const each of [first, refreshed, grace]) {
            await app.me(each.accessToken).expect(200);
          }
          await ada.logOut(first);
          await until(() => isRefused(first.accessToken));
          await app.me(refreshed.accessToken).expect(401);
          await app.me(grace.accessToken).expect(200);
          // A login within the second of the logout is refused.
          const again = await provider.browser('ada');
          await until(async () => !(await isRefused((await again.logIn(client)).accessToken)));
        },
      );

      it('says in the log that its tokens name no session, and what to set', async () => {
        await start(platform, { hasSessionIds: true });
        const ada = await provider.browser('ada');
        const tokens = await ada.logIn(client);
        expect(decodeJwt(tokens.accessToken)['sid']).toBeUndefined();
        await app.me(tokens.accessToken).expect(200);
        await ada.logOut(tokens);
        const said = await until(() => lines.find((line) => /^A logout/.test(String(line))));
        expect(said).toMatch(`at the issuer "${provider.issuer}"`);
        expect(said).toMatch("set backchannel.ends to 'subject'");
        await app.me(tokens.accessToken).expect(200);
      });
    });
  });
});
