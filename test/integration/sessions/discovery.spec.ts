import { execFile, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { promisify } from 'node:util';
import * as oauth from 'oauth4webapi';
import { SessionApp } from '../../support/session-app';
import { OWN_ISSUER } from '../../support/sessions';
import { testWith } from '../../support/tools';

const keyPair = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
const ISSUER = `${OWN_ISSUER}/tenant`;

/** Debian's, which has Debian's packages. */
const PYTHON = '/usr/bin/python3';
const hasPython = spawnSync(PYTHON, ['-c', 'import jwt, authlib']).status === 0;

const PYJWT = `
import jwt, sys
url, issuer, token = sys.argv[1:]
key = jwt.PyJWKClient(url).get_signing_key_from_jwt(token)
print(jwt.decode(token, key.key, algorithms=['ES256'], audience=issuer, issuer=issuer)['sub'])`;

const AUTHLIB = `
import json, sys, urllib.request
from authlib.jose import JsonWebKey, jwt
url, issuer, token = sys.argv[1:]
keys = JsonWebKey.import_key_set(json.load(urllib.request.urlopen(url)))
claims = jwt.decode(token, keys, claims_options={
  'iss': {'essential': True, 'value': issuer}, 'aud': {'essential': True, 'value': issuer}})
claims.validate()
print(claims['sub'])`;

describe('What we publish is enough for', () => {
  let host: SessionApp;
  beforeAll(async () => {
    // Two keys without a kid: only their thumbprints tell them apart.
    host = await SessionApp.start('express', {
      signingKeys: [keyPair(), keyPair()],
      issuer: ISSUER,
      audience: ISSUER,
    });
  });
  afterAll(() => host.close());

  it('oauth4webapi: it discovers us by our issuer, verifies a token, and revokes it', async () => {
    const { access } = await host.login('ada');
    // In place of name and TLS of the issuer.
    const here = (url: string, init: object): Promise<Response> =>
      fetch(url.replace(OWN_ISSUER, host.app.url), init);
    const options = { [oauth.customFetch]: here };
    const issuer = new URL(ISSUER);
    const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...options });
    const server = await oauth.processDiscoveryResponse(issuer, found);
    const request = (): Request =>
      new Request(`${ISSUER}/me`, { headers: { Authorization: `Bearer ${access}` } });
    const claims = await oauth.validateJwtAccessToken(server, request(), ISSUER, options);
    expect(claims.sub).toBe('ada');
    const client = { client_id: ISSUER };
    const revoked = await oauth.revocationRequest(server, client, oauth.None(), access, options);
    await oauth.processRevocationResponse(revoked);
    await host.app.me(access).expect(401);
  });

  testWith('python3-jwt and python3-authlib', hasPython, () => {
    it.each([
      ['PyJWT', PYJWT],
      ['Authlib', AUTHLIB],
    ])('%s: it verifies a token by our keys', async (_, program) => {
      const { access } = await host.login('ada');
      const url = `${host.app.url}/api/v1/auth/jwks`;
      const { stdout } = await promisify(execFile)(PYTHON, ['-c', program, url, ISSUER, access]);
      expect(stdout.trim()).toBe('ada');
    });
  });
});
