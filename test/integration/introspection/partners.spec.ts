import { generateKeyPairSync } from 'node:crypto';
import { exportJWK } from 'jose';
import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';
import { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { PLATFORMS } from '../../support/app';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { INTROSPECT, TestCaller } from '../../support/introspection';
import { SessionApp } from '../../support/session-app';
import { OWN_ISSUER } from '../../support/sessions';
import { PATIENCE } from '../../support/patience';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
/** With characters that clients must encode. */
const api = new TestCaller('api.example/ü +%', { audiences: OWN_ISSUER, refreshTokens: true });
// Deprecated so that it stands out: our test servers have no TLS.
// eslint-disable-next-line @typescript-eslint/no-deprecated
const { allowInsecureRequests: withoutTls } = oauth;
const JWKS_URI = `${OWN_ISSUER}/jwks`;

describe.each(PLATFORMS)('A resource server asks us on %s and PostgreSQL, with', (platform) => {
  let database: TestDatabase;
  let host: SessionApp;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    host = await SessionApp.start(
      platform,
      { signingKeys: { key: privateKey, kid: 'now' } },
      {
        store: new PostgresRevocationStore({ url: database.url }, PATIENCE),
        introspectionCallers: [api.options],
      },
    );
  });
  afterAll(async () => {
    await host.close();
    await database.drop();
  });

  const server = () => ({
    issuer: OWN_ISSUER,
    introspection_endpoint: `${host.app.url}${INTROSPECT}`,
    jwks_uri: JWKS_URI,
  });

  it('openid-client: a token is active, and inactive after its logout', async () => {
    const auth = client.ClientSecretBasic(api.secret);
    const config = new client.Configuration(server(), api.id, {}, auth);
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- as above
    client.allowInsecureRequests(config);
    const { access, refresh, sid } = await host.login();
    expect(await client.tokenIntrospection(config, access)).toMatchObject({
      active: true,
      sub: 'ada',
      sid,
      token_type: 'Bearer',
    });
    expect(await client.tokenIntrospection(config, refresh)).toMatchObject({ active: true, sid });
    await host.app.logout(access).expect(200);
    expect(await client.tokenIntrospection(config, access)).toEqual({ active: false });
    expect(await client.tokenIntrospection(config, refresh)).toEqual({ active: false });
  });

  describe('oauth4webapi', () => {
    const known = { client_id: api.id, introspection_signed_response_alg: 'ES256' };
    const ask = (token: string, requestJwtResponse: boolean): Promise<Response> =>
      oauth.introspectionRequest(server(), known, oauth.ClientSecretBasic(api.secret), token, {
        requestJwtResponse,
        [withoutTls]: true,
      });
    /** What it makes of a signed answer, whose signature it has checked by our key. */
    const read = async (answer: Response): Promise<oauth.IntrospectionResponse> => {
      const found = await oauth.processIntrospectionResponse(server(), known, answer);
      const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'now', alg: 'ES256' }] };
      await oauth.validateApplicationLevelSignature(server(), answer, {
        [oauth.customFetch]: () => Promise.resolve(Response.json(jwks)),
      });
      return found;
    };

    it('a plain answer', async () => {
      const { access } = await host.login();
      const answer = await ask(access, false);
      const found = await oauth.processIntrospectionResponse(server(), known, answer);
      expect(found).toMatchObject({ active: true, sub: 'ada' });
    });

    it('a signed answer, live and after the logout', async () => {
      const { access } = await host.login();
      expect(await read(await ask(access, true))).toMatchObject({ active: true, sub: 'ada' });
      await host.app.logout(access).expect(200);
      expect(await read(await ask(access, true))).toEqual({ active: false });
    });

    it('a wrong secret is an error that it knows', async () => {
      const wrong = oauth.ClientSecretBasic('wrong');
      const answer = await oauth.introspectionRequest(server(), known, wrong, 't', {
        [withoutTls]: true,
      });
      const reading = oauth.processIntrospectionResponse(server(), known, answer);
      await expect(reading).rejects.toMatchObject({ status: 401 });
    });
  });
});
