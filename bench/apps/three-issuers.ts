import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NamedIssuer } from '../../src';
import { AUDIENCE, ISSUER } from '../tokens';

/**
 * The issuer of the bench and two others; each publishes its keys, as this process serves them.
 * @param key that verifies the tokens of the bench, in PEM.
 */
export async function threeIssuers(key: string): Promise<readonly NamedIssuer[]> {
  const others = [1, 2].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);
  const sets = [createPublicKey(key), ...others].map((each) => ({
    keys: [{ ...each.export({ format: 'jwk' }), use: 'sig', alg: 'ES256' }],
  }));
  const server = createServer(({ url = '' }, response) => {
    response.end(JSON.stringify(sets[Number(url.slice(1))]));
  });
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return sets.map((_, at) => ({
    issuer: at === 0 ? ISSUER : `${ISSUER}/${at}`,
    audience: AUDIENCE,
    jwksUri: `http://127.0.0.1:${port}/${at}`,
  }));
}
