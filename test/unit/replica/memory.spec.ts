import { TypescriptProcess } from '../../support/typescript-process';

const COUNT = 1_000_000;

/** In a process of its own, so that the garbage of other tests is not measured with it. */
const PROGRAM = `
  const { randomBytes } = require('node:crypto');
  const [HOUR_MS, PER_SLICE] = [3_600_000, 500];
  require('node:v8').setFlagsFromString('--expose-gc');
  const collectGarbage = require('node:vm').runInNewContext('gc');
  const { KnownRevocations } = require('./src/replica/known-revocations.ts');
  const bytesInUse = () => {
    for (let time = 0; time < 3; time += 1) collectGarbage(); // arrays are freed a little later
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const known = new KnownRevocations(2 * ${COUNT});
  const before = bytesInUse();
  const hour = Math.ceil(Date.now() / HOUR_MS) + 1; // the next one may begin meanwhile
  const endOfHour = (place) => new Date((hour + (place % 24)) * HOUR_MS);
  for (let place = 0; place < ${COUNT} / 2; place += 1)
    known.add({
      key: randomBytes(32).toString('hex'),
      scope: 'session',
      issuedBefore: 'infinity',
      expiresAt: endOfHour(place),
    });
  for (let place = 0; place < ${COUNT} / 2 / PER_SLICE; place += 1)
    known.apply({
      absolute: [{ expiresBefore: endOfHour(place), prefixes: randomBytes(16 * PER_SLICE) }],
      cutoffs: [],
    });
  const bytesEach = (bytesInUse() - before) / ${COUNT};
  console.log(JSON.stringify({ size: known.size, bytesEach }));`;

it('A million revoked sessions over the coming day, of one’s own and from the feed, take 32 bytes each at most', async () => {
  const { code, stdout } = await new TypescriptProcess(PROGRAM).ending();
  expect(code).toBe(0);
  const { size, bytesEach } = JSON.parse(stdout) as { size: number; bytesEach: number };
  expect(size).toBe(COUNT);
  expect(bytesEach).toBeLessThanOrEqual(32);
  expect(bytesEach).toBeGreaterThan(16); // else nothing was measured
});
