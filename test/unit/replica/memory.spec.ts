import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { KnownRevocations } from '../../../src/replica/known-revocations';
import type { Revocation } from '../../../src/revocation/revocation';

const COUNT = 1_000_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function bytesInUse(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const sessionAt = (expiresMs: number): Revocation => ({
  key: randomBytes(32).toString('hex'),
  scope: 'session',
  issuedBefore: 'infinity',
  expiresAt: new Date(expiresMs),
});

it('A million revoked sessions of one’s own, over the coming day, take 32 bytes each at most', () => {
  const known = new KnownRevocations(2 * COUNT);
  const before = bytesInUse();
  for (let place = 0; place < COUNT; place += 1)
    known.add(sessionAt(Date.now() + (place % 24) * 3_600_000));
  const bytesEach = (bytesInUse() - before) / COUNT;

  expect(known.size).toBe(COUNT);
  expect(bytesEach).toBeLessThanOrEqual(32);
  expect(bytesEach).toBeGreaterThan(16); // else nothing was measured
});
