import { TypescriptProcess } from '../../support/typescript-process';
import { MemoryRequestCounter } from '../../../src/web/request-counter.memory';

/** Prints the bytes that a counter holds after half as many networks as it has room for, and after twice as many. */
const MEASURE = `
  require('node:v8').setFlagsFromString('--expose-gc');
  const collect = require('node:vm').runInNewContext('gc');
  const { MemoryRequestCounter } = require('./src/web/request-counter.memory.ts');
  const bytes = () => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = bytes();
  const counter = new MemoryRequestCounter();
  const rules = { limit: 10, windowMs: 60_000 };
  const count = (from, to) => {
    for (let i = from; i < to; i += 1)
      counter.count('2001:db8:' + (i >> 16) + ':' + (i & 65535) + '::/64', rules);
    return bytes() - before;
  };
  console.log(JSON.stringify([count(0, 262_144), count(262_144, 1_048_576)]));
  counter.count('it is still needed', rules);`;

const RULES = { limit: 3, windowMs: 60_000 };

describe('The counter in memory', () => {
  let now: number;
  let counter: MemoryRequestCounter;
  beforeEach(() => {
    now = 5000;
    counter = new MemoryRequestCounter(() => now);
  });
  const count = (key = 'ada') => counter.count(key, RULES);
  const times = (n: number, key?: string) => Array.from({ length: n }, () => count(key));
  const OK = undefined;

  it('lets the limit through, and is full for a window from the next request on', () => {
    expect(times(5)).toEqual([OK, OK, OK, 60_000, 60_000]);
    now += 45_000;
    expect(count()).toBe(15_000);
    now += 14_999;
    expect(count()).toBe(1);
    now += 1;
    expect(times(4)).toEqual([OK, OK, OK, 60_000]);
  });

  it('counts each key by itself', () => {
    expect([...times(3, 'ada'), ...times(4, 'grace')]).toEqual([OK, OK, OK, OK, OK, OK, 60_000]);
  });

  it('starts anew once a key has been quiet for two windows', () => {
    times(3);
    now += 120_000;
    expect(times(3)).toEqual([OK, OK, OK]);
  });

  it('slides: what the last window still covers counts, so that no burst fits around its end', () => {
    count();
    now += 59_000;
    times(2);
    now += 2000;
    expect(times(2)).toEqual([OK, 60_000]);
  });

  it('lets through in the second half of a window what the first half of the one before had', () => {
    times(2);
    now += 90_000;
    expect(times(3)).toEqual([OK, OK, 60_000]);
  });

  it('lets a steady client go on for ever that stays below the limit', () => {
    const answers = Array.from({ length: 50 }, () => {
      now += 20_500;
      return count();
    });
    expect(answers).toEqual(Array(50).fill(OK));
  });

  it('keeps to limits of a million', () => {
    const rules = { limit: 1_000_000, windowMs: 60_000 };
    for (let i = 0; i < 1_000_000; i += 1) counter.count('ada', rules);
    expect(counter.count('ada', rules)).toBe(60_000);
  });

  it('keeps full keys full while a million others come, which is more than it has room for', () => {
    const full = Array.from({ length: 20 }, (_, i) => `full-${i}`);
    for (const key of full) times(4, key);
    now += 1000;
    for (let i = 0; i < 1_000_000; i += 1) count(`network-${i}`);
    expect(full.map((key) => count(key))).toEqual(full.map(() => 59_000));
  });

  it('takes less than 200 bytes a network and 64 MB in all, however many come', async () => {
    const { stdout } = await new TypescriptProcess(MEASURE).ending();
    const [half, twice] = JSON.parse(stdout) as [number, number];
    expect(half / 262_144).toBeLessThan(200);
    expect(twice).toBeLessThan(64 * 1024 * 1024);
  });
});
