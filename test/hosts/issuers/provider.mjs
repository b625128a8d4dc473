import { once } from 'node:events';
import { createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { signToken } from '../harness/sign-token.mjs';

const CONFIGURATION = '/.well-known/openid-configuration';

/** Runs `work(provider)` with a provider on a port of this machine, and closes it afterwards. */
export async function withProvider(paths, work) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const provider = new Provider(`http://127.0.0.1:${server.address().port}`, paths);
  server.on('request', ({ url }, response) => provider.answer(url, response));
  try {
    return await work(provider);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** What publishes metadata and a JWK Set, and signs with RS256. Its users log in elsewhere. */
class Provider {
  keys = [];

  /**
   * @param issuer the path of its `iss`, or an `iss` that stands elsewhere.
   * @param jwks the path of its JWK Set.
   */
  constructor(url, { issuer, jwks }) {
    this.url = url;
    this.issuer = new URL(issuer, url).href;
    this.jwksUri = url + jwks;
    this.rotate();
  }

  /** A new key signs from now on. That before it stays published. */
  rotate() {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    const published = createPublicKey(publicKey).export({ format: 'jwk' });
    const jwk = { ...published, kid: randomUUID(), use: 'sig', alg: 'RS256' };
    this.keys = [{ privateKey, jwk }, ...this.keys.slice(0, 1)];
  }

  /** A token as it signs it, with the claims given here. */
  token(claims, header = {}) {
    const [{ privateKey, jwk }] = this.keys;
    return signToken(privateKey, { iss: this.issuer, ...claims }, { kid: jwk.kid, ...header });
  }

  answer(path, response) {
    const published = new Map([
      [
        new URL(this.issuer).pathname + CONFIGURATION,
        { issuer: this.issuer, jwks_uri: this.jwksUri },
      ],
      [new URL(this.jwksUri).pathname, { keys: this.keys.map(({ jwk }) => jwk) }],
    ]).get(path);
    if (published === undefined) response.writeHead(404).end();
    else
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify(published));
  }
}
