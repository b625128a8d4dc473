import { decodeProtectedHeader } from 'jose';
import { DOCUMENTED, PLATFORMS, TestApp } from '../../support/app';
import { freePort } from '../../support/free-port';
import { OidcProvider, signingJwk, type SigningJwk } from '../../support/oidc-provider';
import { AUDIENCE } from '../../support/tokens';

const [OLD, NEW, NEXT] = ['old', 'new', 'next'].map(signingJwk) as [
  SigningJwk,
  SigningJwk,
  SigningJwk,
];
const CLIENT = { id: 'app' };

describe.each(PLATFORMS)(
  'A host on %s that knows of oidc-provider its address alone',
  (platform) => {
    let port: number;
    let provider: OidcProvider;
    let app: TestApp;

    /** The provider starts anew, with these keys: the first one signs. */
    const deploy = async (...keys: readonly SigningJwk[]): Promise<void> => {
      await provider.stop();
      provider = await OidcProvider.start({ clients: [CLIENT], port, keys });
    };
    const login = () => provider.browser().logIn(CLIENT.id, 'ada');
    const kidOf = (token: string): unknown => decodeProtectedHeader(token).kid;

    beforeEach(async () => {
      port = await freePort();
      provider = await OidcProvider.start({ clients: [CLIENT], port, keys: [OLD] });
      app = await TestApp.start(platform, {
        algorithms: undefined,
        keys: undefined,
        issuer: provider.issuer,
        audience: AUDIENCE,
        discovery: true,
      });
    });
    afterEach(async () => {
      await app.close();
      await provider.stop();
    });

    it('accepts its access tokens, ends them by a logout, and takes no ID token for one', async () => {
      const { accessToken, idToken } = await login();
      await app.me(accessToken).expect(200);
      await app.me(idToken).expect(401);
      await app.logout(accessToken).expect(200, DOCUMENTED.loggedOut);
      await app.me(accessToken).expect(401);
    });

    it('accepts the tokens of its new key without a restart, and those of the old one meanwhile', async () => {
      const { accessToken: before } = await login();
      await app.me(before).expect(200);
      await deploy(NEW, OLD);
      const { accessToken: after } = await login();
      expect([kidOf(before), kidOf(after)]).toEqual(['old', 'new']);
      await app.me(after).expect(200);
      await app.me(before).expect(200);
    });

    it('refuses the tokens of a key that is gone once it has asked, remembered ones too', async () => {
      const { accessToken: before } = await login();
      for (const status of [200, 200, 200]) await app.me(before).expect(status);
      await deploy(NEXT, NEW);
      await app.me(before).expect(200); // it has not asked yet
      const { accessToken: after } = await login();
      await app.me(after).expect(200);
      await app.me(before).expect(401);
      await app.logout(before).expect(401, DOCUMENTED.refused);
    });

    it('goes on with the last keys while the provider is away', async () => {
      const { accessToken } = await login();
      await app.me(accessToken).expect(200);
      await provider.stop();
      await app.me(accessToken).expect(200);
      await app.logout(accessToken).expect(200);
      provider = await OidcProvider.start({ clients: [CLIENT], port, keys: [OLD] });
    });
  },
);
