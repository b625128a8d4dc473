import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { SessionOptions } from '../../../src/sessions/session-options';
import { DOCUMENTED, PLATFORMS, TestApp } from '../../support/app';
import { OWN_ISSUER } from '../../support/sessions';
import { SessionApp } from '../../support/session-app';
import { MemoryRevocationStore } from '../../../src/stores/memory';

const keyOf = (kid?: string) => ({
  key: generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey,
  ...(kid !== undefined && { kid }),
});
const [OLD, NEW] = [keyOf('old'), keyOf()];
const refreshKeys = randomBytes(32);

describe.each(PLATFORMS)(
  'A host on %s that takes the tokens of another host of ours',
  (platform) => {
    const minting: SessionApp[] = [];
    const store = new MemoryRevocationStore();
    const deploy = async (signingKeys: SessionOptions['signingKeys']): Promise<SessionApp> => {
      const app = await SessionApp.start(platform, { signingKeys, refreshKeys }, { store });
      minting.push(app);
      return app;
    };
    afterEach(() => Promise.all(minting.splice(0).map((app) => app.close())));

    it('verifies them by what that one publishes, with a named key and with a nameless one', async () => {
      const logins = await deploy([OLD, NEW]);
      const other = await deploy([NEW, OLD]);
      const tokens = [await logins.login(), await other.login()].map(({ access }) => access);
      const app = await TestApp.start(platform, {
        algorithms: undefined,
        keys: undefined,
        issuer: OWN_ISSUER,
        audience: OWN_ISSUER,
        jwksUri: `${logins.app.url}/api/v1/auth/jwks`,
        store: new MemoryRevocationStore(),
      });
      for (const token of tokens) {
        await app.me(token).expect(200);
        await app.logout(token).expect(200, DOCUMENTED.loggedOut);
        await app.me(token).expect(401);
      }
      await app.close();
    });
  },
);
