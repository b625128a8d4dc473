import { execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { exportJWK, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import { MemoryRevocationStore } from '../../../src/stores/memory';
import { coreWithSessions, OWN_ISSUER } from '../../support/sessions';
import { testWith } from '../../support/tools';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const core = coreWithSessions(new MemoryRevocationStore(), {
  signingKeys: { key: privateKey, kid: 'now' },
});
/** Minted a moment ago: where a verifier is too strict about times, it fails here. */
const mint = async (): Promise<string> => (await core.sessions.open('ada')).accessToken;

/** Debian's, which has Debian's packages. */
const PYTHON = '/usr/bin/python3';
const hasPython = spawnSync(PYTHON, ['-c', 'import jwt, authlib']).status === 0;

const PYJWT = `
import jwt, sys
key, token, issuer = sys.stdin.read().split('\\0')
print(jwt.decode(token, key, algorithms=['ES256'], audience=issuer, issuer=issuer)['sub'])`;

const AUTHLIB = `
import sys
from authlib.jose import jwt
key, token, issuer = sys.stdin.read().split('\\0')
claims = jwt.decode(token, key, claims_options={
  'iss': {'essential': True, 'value': issuer}, 'aud': {'essential': True, 'value': issuer}})
claims.validate()
print(claims['sub'])`;

describe('An access token of a session is accepted, the moment it is minted, by', () => {
  afterAll(() => core.close());

  it('jose, with a longest age', async () => {
    const { payload } = await jwtVerify(await mint(), publicKey, {
      issuer: OWN_ISSUER,
      audience: OWN_ISSUER,
      typ: 'at+jwt',
      maxTokenAge: '15 minutes',
    });
    expect(payload.sub).toBe('ada');
  });

  it('oauth4webapi, which asks for all that RFC 9068 does', async () => {
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'now', alg: 'ES256' }] };
    const server = { issuer: OWN_ISSUER, jwks_uri: `${OWN_ISSUER}/jwks` };
    const request = new Request(`${OWN_ISSUER}/me`, {
      headers: { Authorization: `Bearer ${await mint()}` },
    });
    const claims = await oauth.validateJwtAccessToken(server, request, OWN_ISSUER, {
      [oauth.customFetch]: () => Promise.resolve(Response.json(jwks)),
    });
    expect(claims.sub).toBe('ada');
  });

  testWith('python3-jwt and python3-authlib', hasPython, () => {
    it.each([
      ['PyJWT', PYJWT],
      ['Authlib', AUTHLIB],
    ])('%s', async (_, program) => {
      const input = [pem, await mint(), OWN_ISSUER].join('\0');
      const output = execFileSync(PYTHON, ['-c', program], { input, encoding: 'utf8' });
      expect(output.trim()).toBe('ada');
    });
  });
});
