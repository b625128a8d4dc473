import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { SessionOptions } from '../../../src/sessions/session-options';
import { ApacheResourceServer, hasApache } from '../../support/apache';
import { hasOpenssl, selfSignedCertificate } from '../../support/certificate';
import { SessionApp } from '../../support/session-app';
import { temporaryFolder } from '../../support/temporary-folder';
import { TlsFront } from '../../support/tls-front';
import { testWith } from '../../support/tools';

const keyOf = (kid: string) => ({
  key: generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey,
  kid,
});
const [OLD, NEW, OTHER] = [keyOf('old'), keyOf('new'), keyOf('old')];
const refreshKeys = randomBytes(32);

describe('Apache with mod_auth_openidc, which knows nothing of us but where our keys are,', () => {
  testWith('apache2 and libapache2-mod-auth-openidc', hasApache() && hasOpenssl(), () => {
    const folder = temporaryFolder();
    const apps: SessionApp[] = [];
    let front: TlsFront;
    let apache: ApacheResourceServer;

    /** An instance with these keys; it publishes them from now on. */
    const deploy = async (signingKeys: SessionOptions['signingKeys']): Promise<SessionApp> => {
      const app = await SessionApp.start('express', { signingKeys, refreshKeys });
      apps.push(app);
      front.target = app.app.url;
      return app;
    };
    /** An instance whose keys are published nowhere. */
    const hidden = async (signingKeys: SessionOptions['signingKeys']): Promise<SessionApp> => {
      const { target } = front;
      const app = await deploy(signingKeys);
      front.target = target;
      return app;
    };

    beforeAll(async () => {
      front = await TlsFront.start(selfSignedCertificate(folder.path), '');
      apache = await ApacheResourceServer.start([
        `OIDCOAuthVerifyJwksUri ${front.url}/api/v1/auth/jwks`,
        'OIDCOAuthSSLValidateServer Off',
        'OIDCOAuthRemoteUserClaim sub',
      ]);
    });
    afterAll(async () => {
      await apache.stop();
      await Promise.all(apps.map((app) => app.close()));
      await front.close();
      folder.remove();
    });

    it('lets a user of ours in, the moment the token is minted, and no one without one', async () => {
      const { access } = await (await deploy(OLD)).login();
      expect(await apache.get(access)).toBe(200);
      expect(await apache.get()).toBe(401);
    });

    it('refuses a token of which a claim was changed, and one of a key that is not ours', async () => {
      const { access } = await (await deploy(OLD)).login();
      const [header = '', payload = '', signature = ''] = access.split('.');
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
      const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'eve' })).toString('base64url');
      expect(await apache.get([header, changed, signature].join('.'))).toBe(401);
      const forged = await (await hidden(OTHER)).login();
      expect(await apache.get(forged.access)).toBe(401);
    });

    it('goes on without a restart while our key is changed: no token is refused', async () => {
      const before = await (await deploy(OLD)).login();
      expect(await apache.get(before.access)).toBe(200);
      const during = await (await deploy([OLD, NEW])).login();
      const after = await (await deploy([NEW, OLD])).login();
      // The new key makes it ask again: what it is told then has the old one, too.
      for (const { access } of [after, before, during]) expect(await apache.get(access)).toBe(200);
      const alone = await (await deploy(NEW)).login();
      expect(await apache.get(alone.access)).toBe(200);
    });

    it('does not know who has logged out here: for that it must ask us (introspection)', async () => {
      const app = await deploy(OLD);
      const { access } = await app.login();
      await app.app.logout(access).expect(200);
      await app.app.me(access).expect(401);
      expect(await apache.get(access)).toBe(200);
    });
  });
});
