import { ApacheResourceServer, hasApache } from '../../support/apache';
import { hasOpenssl, selfSignedCertificate } from '../../support/certificate';
import { TestCaller } from '../../support/introspection';
import { OWN_ISSUER } from '../../support/sessions';
import { SessionApp } from '../../support/session-app';
import { temporaryFolder } from '../../support/temporary-folder';
import { TlsFront } from '../../support/tls-front';
import { testWith } from '../../support/tools';

describe('Apache with mod_auth_openidc, which asks us what each token is worth,', () => {
  testWith('apache2 and libapache2-mod-auth-openidc', hasApache() && hasOpenssl(), () => {
    const folder = temporaryFolder();
    const caller = new TestCaller('apache', { audiences: OWN_ISSUER });
    const foreign = new TestCaller('foreign', { audiences: 'https://other.example' });
    const started: ApacheResourceServer[] = [];
    let host: SessionApp;
    let front: TlsFront;

    const apacheAs = async (
      id: string,
      secret: string,
      ...directives: readonly string[]
    ): Promise<ApacheResourceServer> => {
      const apache = await ApacheResourceServer.start([
        `OIDCOAuthIntrospectionEndpoint ${front.url}/api/v1/auth/introspect`,
        'OIDCOAuthIntrospectionEndpointAuth client_secret_basic',
        `OIDCOAuthClientID ${id}`,
        `OIDCOAuthClientSecret ${secret}`,
        'OIDCOAuthRemoteUserClaim sub',
        'OIDCOAuthSSLValidateServer Off',
        ...directives,
      ]);
      started.push(apache);
      return apache;
    };
    /** It keeps no answer. */
    const ASKS_ALWAYS = 'OIDCOAuthTokenIntrospectionInterval -1';

    beforeAll(async () => {
      host = await SessionApp.start(
        'express',
        {},
        { introspectionCallers: [caller.options, foreign.options] },
      );
      front = await TlsFront.start(selfSignedCertificate(folder.path), host.app.url);
    });
    afterAll(async () => {
      await Promise.all(started.map((apache) => apache.stop()));
      await front.close();
      await host.close();
      folder.remove();
    });

    it('lets a user in, and after the logout no more', async () => {
      const apache = await apacheAs(caller.id, caller.secret, ASKS_ALWAYS);
      const [ada, bob] = [await host.login('ada'), await host.login('bob')];
      expect([await apache.get(ada.access), await apache.get(bob.access)]).toEqual([200, 200]);
      await host.app.logout(ada.access).expect(200);
      expect([await apache.get(ada.access), await apache.get(bob.access)]).toEqual([401, 200]);
    });

    it('refuses what is no access token of ours, a refresh token among it', async () => {
      const apache = await apacheAs(caller.id, caller.secret, ASKS_ALWAYS);
      const { refresh } = await host.login();
      expect([await apache.get(refresh), await apache.get('x'), await apache.get()]).toEqual([
        401, 401, 401,
      ]);
    });

    it('lets no one in where it is no caller of ours, or one for other audiences', async () => {
      const { access } = await host.login();
      const wrong = await apacheAs(caller.id, 'f'.repeat(64), ASKS_ALWAYS);
      const other = await apacheAs(foreign.id, foreign.secret, ASKS_ALWAYS);
      expect([await wrong.get(access), await other.get(access)]).toEqual([401, 401]);
    });

    it('keeps an answer until the token expires, unless it is told to ask always', async () => {
      const apache = await apacheAs(caller.id, caller.secret);
      const { access } = await host.login();
      expect(await apache.get(access)).toBe(200);
      await host.app.logout(access).expect(200);
      expect(await apache.get(access)).toBe(200);
    });
  });
});
