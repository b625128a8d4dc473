import fastify from 'fastify';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import request from 'supertest';
import { createRevocation as forExpress } from '../../src/express';
import { createRevocation as forFastify } from '../../src/fastify';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { FRAMEWORKS } from '../support/plain-host';
import { sessionOptions } from '../support/sessions';

const { privateKey } = generateKeyPairSync('ed25519');
const optionsWith = (signingKeys: Parameters<typeof sessionOptions>[0]) => ({
  issuers: [],
  sessions: sessionOptions(signingKeys),
  store: new MemoryRevocationStore(),
});

describe.each([...FRAMEWORKS.map(([name]) => name), 'Fastify 5'])(
  'The handler `jwks` on %s',
  (name) => {
    let server: Server;
    let close: () => Promise<void>;
    let mint: () => Promise<string>;
    let url: string;
    beforeAll(async () => {
      const options = optionsWith({ signingKeys: privateKey });
      const framework = FRAMEWORKS.find(([each]) => each === name)?.[1];
      if (framework === undefined) {
        const revocation = forFastify(options);
        const app = fastify();
        app.get('/jwks', revocation.jwks);
        await app.ready();
        server = app.server;
        mint = async () => (await revocation.sessions.open('ada')).accessToken;
        close = () => revocation.close();
      } else {
        const revocation = forExpress(options);
        const app = framework();
        app.get('/jwks', revocation.jwks);
        server = createServer(app);
        mint = async () => (await revocation.sessions.open('ada')).accessToken;
        close = () => revocation.close();
      }
      await once(server.listen(0, '127.0.0.1'), 'listening');
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterAll(async () => {
      server.closeAllConnections();
      server.close();
      await close();
    });

    it('publishes the keys by which others verify access tokens', async () => {
      const keys = createRemoteJWKSet(new URL(`${url}/jwks`));
      expect((await jwtVerify(await mint(), keys)).payload.sub).toBe('ada');
    });

    it('has them cached by anyone, and asked for again by their tag', async () => {
      const { headers } = await request(url).get('/jwks').expect(200);
      expect(headers).toMatchObject({
        'content-type': 'application/jwk-set+json; charset=utf-8',
        'cache-control': 'public, max-age=300',
        'access-control-allow-origin': '*',
      });
      const known = await request(url).get('/jwks').set('If-None-Match', headers.etag!).expect(304);
      expect([known.text, known.headers.etag]).toEqual(['', headers.etag]);
      await request(url).head('/jwks').expect(200).expect('ETag', headers.etag!);
    });
  },
);

describe('Where there is no public key, the handler `jwks`', () => {
  it.each([
    ['a secret', randomBytes(32)],
    ['secrets', [randomBytes(32), { key: randomBytes(32), kid: 'k' }]],
  ])('says so once it is taken, and nothing before: %s', async (_, signingKeys) => {
    for (const create of [forExpress, forFastify]) {
      const revocation = create(optionsWith({ signingKeys }));
      expect(() => revocation.jwks).toThrow(
        '"sessions.signingKeys" must be a key pair where jwks is used',
      );
      await revocation.close();
    }
  });
});
