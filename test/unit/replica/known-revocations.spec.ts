import { about } from '../../../src/testing/contract/contract';
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { KnownRevocations } from '../../../src/replica/known-revocations';
import type { RevocationKey } from '../../../src/tokens/identity';

const START = Date.UTC(2030, 0, 1);
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;
const MONTH_MINUTES = 31 * DAY_MINUTES;

const at = (minutes: number): Date => new Date(START + minutes * MINUTE_MS);
const keyOf = (name: string | number): RevocationKey =>
  createHash('sha256').update(String(name)).digest('hex');
const keysFrom = (first: number, count: number): RevocationKey[] =>
  Array.from({ length: count }, (_, index) => keyOf(first + index));
const prefixesOf = (keys: readonly RevocationKey[]): Buffer =>
  Buffer.from(keys.map((key) => key.slice(0, 32)).join(''), 'hex');

/** Knows nothing but that it is `START`. */
function nothingKnown(maxEntries = 1_000_000): KnownRevocations {
  const known = new KnownRevocations(maxEntries);
  known.forget(at(0));
  return known;
}

function applyTokens(known: KnownRevocations, expiresBefore: Date, keys: RevocationKey[]): void {
  known.apply({ absolute: [{ expiresBefore, prefixes: prefixesOf(keys) }], cutoffs: [] });
}

function addToken(known: KnownRevocations, expiresAt: Date, key: RevocationKey): void {
  known.add({ key, scope: 'token', issuedBefore: 'infinity', expiresAt });
}

function addCutoff(known: KnownRevocations, expiresAt: Date, key: RevocationKey): void {
  known.add({ key, scope: 'subject', issuedBefore: at(MONTH_MINUTES), expiresAt });
}

/** What typed arrays and buffers that are still in use take. */
async function bytesInArrays(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  for (let times = 0; times < 3; times += 1) {
    collectGarbage();
    await setImmediate();
  }
  return process.memoryUsage().arrayBuffers;
}

/** Those of the keys under which a token of any age is refused. */
const coveredAmong = (known: KnownRevocations, keys: readonly RevocationKey[]): RevocationKey[] =>
  keys.filter((key) => known.covers(about([key], at(0))));

describe('What a replica knows', () => {
  describe('of tokens', () => {
    it('holds one of its own once, whenever it expires, also when the feed brings it back', () => {
      const known = nothingKnown();
      for (let minutes = 1; minutes <= 1400; minutes += 7) {
        const key = keyOf(minutes);
        const endOfHour = at(60 * (Math.floor(minutes / 60) + 1));
        addToken(known, at(minutes), key);
        applyTokens(known, endOfHour, [key]);
      }
      expect(known.size).toBe(200);
    });

    it('covers those that a feed told of, and those of its own, and no other', () => {
      const known = nothingKnown();
      applyTokens(known, at(60), keysFrom(0, 3));
      addToken(known, at(60), keyOf('own'));

      const keys = [...keysFrom(0, 3), keyOf('own'), keyOf('other')];
      expect(coveredAmong(known, keys)).toEqual(keys.slice(0, 4));
      expect(known.size).toBe(4);
    });

    it('covers them whatever their age', () => {
      const known = nothingKnown();
      addToken(known, at(60), keyOf('t'));

      expect(known.covers(about([keyOf('t')], new Date(0)))).toBe(true);
      expect(known.covers(about([keyOf('t')], at(MONTH_MINUTES)))).toBe(true);
    });

    it('finds one revoked key among several', () => {
      const known = nothingKnown();
      addToken(known, at(60), keyOf('t'));

      expect(known.covers(about([keyOf('a'), keyOf('t'), keyOf('b')], at(0)))).toBe(true);
      expect(known.covers(about([keyOf('a'), keyOf('b')], at(0)))).toBe(false);
      expect(known.covers(about([], at(0)))).toBe(false);
    });

    it('counts a token once however often it is told of it', () => {
      const known = nothingKnown();
      applyTokens(known, at(60), [keyOf('t'), keyOf('t')]);
      applyTokens(known, at(60), [keyOf('t')]);
      addToken(known, at(59), keyOf('t'));
      known.forget(at(50));
      applyTokens(known, at(60), [keyOf('t')]);

      expect(known.size).toBe(1);
    });

    it.each([
      ['the earlier first', [60, 600]],
      ['the later first', [600, 60]],
    ])('keeps a token that was revoked twice until the later expiry, told of %s', (_, expiries) => {
      const known = nothingKnown();
      for (const minutes of expiries) applyTokens(known, at(minutes), [keyOf('t')]);

      known.forget(at(599));
      expect(coveredAmong(known, [keyOf('t')])).toEqual([keyOf('t')]);
      known.forget(at(700));
      expect(known.size).toBe(0);
    });

    it('reads prefixes wherever in a larger buffer they are', () => {
      const known = nothingKnown();
      const keys = keysFrom(0, 5);
      const prefixes = Buffer.concat([Buffer.alloc(3), prefixesOf(keys)]).subarray(3 + 16, 3 + 48);
      known.apply({ absolute: [{ expiresBefore: at(60), prefixes }], cutoffs: [] });

      expect(coveredAmong(known, keys)).toEqual(keys.slice(1, 3));
    });

    it('takes a slice without anything in it', () => {
      const known = nothingKnown();
      applyTokens(known, at(60), []);
      known.apply({ absolute: [], cutoffs: [] });

      expect(known.size).toBe(0);
    });

    it('knows a prefix of zeros only once it was told of it', () => {
      const known = nothingKnown();
      const zeros = '0'.repeat(64);
      applyTokens(known, at(60), keysFrom(0, 100));

      expect(coveredAmong(known, [zeros])).toEqual([]);
      applyTokens(known, at(60), [zeros]);
      expect(coveredAmong(known, [zeros])).toEqual([zeros]);
    });

    it.each([0, 15, 16, 23, 24, 31])('tells keys apart by digit %i of 0 to 31', (digit) => {
      const known = nothingKnown();
      const key = keyOf('t');
      const other = key.slice(0, digit) + (key[digit] === '0' ? '1' : '0') + key.slice(digit + 1);
      addToken(known, at(60), key);

      expect(coveredAmong(known, [key, other])).toEqual([key]);
    });

    it('finds every one of many, and none besides', () => {
      const known = nothingKnown();
      const [keys, others] = [keysFrom(0, 24_000), keysFrom(24_000, 24_000)];
      const slices = Array.from({ length: 24 }, (_, hour) =>
        keys.slice(hour * 1000, (hour + 1) * 1000),
      );
      for (const [hour, slice] of slices.entries()) applyTokens(known, at(60 * (hour + 1)), slice);

      expect(known.size).toBe(24_000);
      expect(coveredAmong(known, keys)).toHaveLength(24_000);
      expect(coveredAmong(known, others)).toEqual([]);
    });

    it('loses none of hundreds of thousands while its memory grows, at no moment', () => {
      const known = nothingKnown();
      const missing: number[] = [];
      for (let first = 0; first < 300_000; first += 10_000) {
        applyTokens(known, at(60), keysFrom(first, 10_000));
        const held = keysFrom(0, first + 10_000).filter((_, index) => index % 31 === 0);
        missing.push(held.length - coveredAmong(known, held).length);
      }

      expect(known.size).toBe(300_000);
      expect(missing).toEqual(missing.map(() => 0));
      expect(coveredAmong(known, keysFrom(300_000, 10_000))).toEqual([]);
    });

    it.each([
      ['first', 0, 8],
      ['second', 8, 16],
      ['third', 16, 24],
      ['last', 24, 32],
    ])('tells apart many that differ only in the %s quarter of their prefixes', (_, from, to) => {
      const alike = keysFrom(0, 4000).map(
        (key) => keyOf('t').slice(0, from) + key.slice(from, to) + keyOf('t').slice(to),
      );
      const known = nothingKnown();
      applyTokens(known, at(60), alike.slice(0, 2000));

      expect(coveredAmong(known, alike)).toEqual(alike.slice(0, 2000));
    });

    it('says that it knows not all, rather than losing one, once too many are alike', () => {
      const known = nothingKnown();
      const alike = keysFrom(0, 4000).map((key) => keyOf('t').slice(0, 16) + key.slice(16));
      applyTokens(known, at(60), alike);

      expect(known.isFull).toBe(true);
      expect(known.size).toBeGreaterThan(1000);
      expect(coveredAmong(known, alike)).toEqual(alike.slice(0, known.size));
    });
  });

  describe('of cutoffs', () => {
    const cutOff = (known: KnownRevocations, issuedBefore: Date, expiresAt: Date): void => {
      known.add({ key: keyOf('ada'), scope: 'subject', issuedBefore, expiresAt });
    };
    const covers = (known: KnownRevocations, issuedAt: Date): boolean =>
      known.covers(about([keyOf('ada')], issuedAt));

    it.each([
      ['before', -1, true],
      ['at', 0, true],
      ['after', 1, false],
    ])('judges a token issued %s the cutoff', (_, milliseconds, isCovered) => {
      const known = nothingKnown();
      cutOff(known, at(10), at(60));

      expect(covers(known, new Date(at(10).getTime() + milliseconds))).toBe(isCovered);
    });

    it('are known whether a feed tells them or they are its own', () => {
      const known = nothingKnown();
      const other = { key: keyOf('theirs'), issuedBefore: at(10), expiresAt: at(60) };
      known.apply({ absolute: [], cutoffs: [other] });
      addCutoff(known, at(60), keyOf('ours'));

      const keys = [keyOf('theirs'), keyOf('ours')];
      expect(keys.filter((key) => known.covers(about([key], at(10))))).toEqual(keys);
      expect(known.size).toBe(2);
    });

    it('never takes a cutoff for what shares its prefix', () => {
      const known = nothingKnown();
      addCutoff(known, at(60), keyOf('s'));

      expect(coveredAmong(known, [keyOf('s').slice(0, 32) + keyOf('t').slice(32)])).toEqual([]);
    });

    it.each([
      ['in their order', [1, 9]],
      ['the later one first', [9, 1]],
    ])('obeys the later of two cutoffs, told %s', (_, cutoffs) => {
      const known = nothingKnown();
      for (const minutes of cutoffs) cutOff(known, at(minutes), at(60));

      expect([covers(known, at(9)), covers(known, at(10))]).toEqual([true, false]);
      expect(known.size).toBe(1);
    });

    it.each([
      [
        'the one that lasts longer first',
        [
          [1, 90],
          [9, 60],
        ],
      ],
      [
        'the one that lasts longer last',
        [
          [9, 60],
          [1, 90],
        ],
      ],
    ])('obeys each cutoff until its own expiry, told %s', (_, cutoffs) => {
      const known = nothingKnown();
      for (const [minutes, expiry] of cutoffs) cutOff(known, at(minutes!), at(expiry!));

      expect(covers(known, at(9))).toBe(true);
      known.forget(at(60));
      expect(covers(known, at(9))).toBe(true);
      known.forget(at(90));
      expect([covers(known, at(1)), covers(known, at(2))]).toEqual([true, false]);
      known.forget(at(91));
      expect(covers(known, at(1))).toBe(false);
    });

    it('forgets many little by little', () => {
      const known = nothingKnown();
      for (const key of keysFrom(0, 12_000)) addCutoff(known, at(60), key);
      addCutoff(known, at(120), keyOf('live'));
      const sizes = [1, 2, 3].map((): number => {
        known.forget(at(61));
        return known.size;
      });

      expect(sizes).toEqual([7001, 2001, 1]);
      addCutoff(known, at(60), keyOf('late'));
      known.forget(at(61));
      expect(known.size).toBe(1);
      expect(coveredAmong(known, [keyOf('live')])).toEqual([keyOf('live')]);
    });
  });

  describe('as time passes', () => {
    it('never forgets a token before it expires, and soon after it has', () => {
      fc.assert(
        fc.property(fc.integer({ min: 1, max: MONTH_MINUTES }), (minutes) => {
          const known = nothingKnown();
          addToken(known, at(minutes), keyOf('t'));
          known.forget(at(minutes));
          expect(coveredAmong(known, [keyOf('t')])).toEqual([keyOf('t')]);

          // With its hour, as a feed would bring it.
          known.forget(at(minutes + 60 + Math.max(15, (minutes + 60) / 16)));
          expect(coveredAmong(known, [keyOf('t')])).toEqual([]);
          expect(known.size).toBe(0);
        }),
      );
    });

    it('goes by its own clock about how long to keep, only until it is told the time', () => {
      const known = new KnownRevocations(10);
      const inMinutes = (minutes: number): Date => new Date(Date.now() + minutes * MINUTE_MS);
      addToken(known, inMinutes(30), keyOf('soon'));
      addToken(known, inMinutes(300), keyOf('later'));

      known.forget(inMinutes(120)); // the hour of the first, and a quarter, are over
      expect(known.size).toBe(1);
    });

    it('never forgets what is live when told an earlier time than before', () => {
      const known = nothingKnown();
      addToken(known, at(60), keyOf('t'));
      addCutoff(known, at(60), keyOf('s'));
      known.forget(at(59));
      known.forget(at(-1000));

      expect(coveredAmong(known, [keyOf('t'), keyOf('s')])).toHaveLength(2);
    });

    it('takes what has expired already, and forgets it', () => {
      const known = nothingKnown();
      applyTokens(known, at(-60), [keyOf('t')]);
      known.forget(at(1));

      expect(known.size).toBe(0);
    });

    it('stays exact while there are many tokens and few by turns', () => {
      const known = nothingKnown();
      const waves = Array.from({ length: 100 }, (_, wave) =>
        keysFrom(wave * 10_000, Math.round(1500 * (1 + Math.cos(wave / 5)) ** 2)),
      );
      const mistakes = waves.map((keys, wave) => {
        applyTokens(known, at((wave + 3) * 15), keys);
        for (let seconds = 0; seconds < 20; seconds += 1)
          known.forget(at(wave * 15 + seconds / 60));
        const live = waves.slice(Math.max(0, wave - 2), wave + 1).flat();
        const gone = waves[wave - 5] ?? [];
        return [live.length - coveredAmong(known, live).length, coveredAmong(known, gone).length];
      });

      expect(mistakes).toEqual(waves.map(() => [0, 0]));
    });

    it('knows nothing any more of a token whose memory another one has taken', () => {
      const known = nothingKnown();
      const gone = keysFrom(0, 40_000);
      applyTokens(known, at(60), gone);
      applyTokens(known, at(6000), keysFrom(40_000, 40_000));
      known.forget(at(100));
      addToken(known, at(700), keyOf('t'));
      addToken(known, at(700), keyOf('t'));

      expect(coveredAmong(known, [...gone, keyOf('t')])).toEqual([keyOf('t')]);
      expect(known.size).toBe(40_001);
    });

    it('takes as many at once as it has just forgotten, again and again, without growing', async () => {
      const known = nothingKnown();
      const before = await bytesInArrays();
      for (let hour = 0; hour < 6; hour += 1) {
        const [gone, keys] = [hour - 1, hour].map((round) => keysFrom(round * 20_000, 20_000));
        known.forget(at(60 * hour));
        applyTokens(known, at(60 * hour + 15), keys!);

        expect(coveredAmong(known, [...gone!, ...keys!])).toEqual(keys);
        expect(known.size).toBe(20_000);
      }
      expect((await bytesInArrays()) - before).toBeLessThan(48 * 20_000);
    });

    it('keeps the few that are left of many, and takes many again', () => {
      const known = nothingKnown();
      const [brief, lasting, late] = [
        keysFrom(0, 20_000),
        keysFrom(2e4, 2000),
        keysFrom(3e4, 20_000),
      ];
      applyTokens(known, at(60), brief);
      applyTokens(known, at(6000), lasting);
      for (let minute = 1000; minute < 1400; minute += 1) known.forget(at(minute));
      expect(coveredAmong(known, brief)).toEqual([]);
      expect(coveredAmong(known, lasting)).toEqual(lasting);

      applyTokens(known, at(6000), late);
      expect(coveredAmong(known, [...lasting, ...late])).toHaveLength(22_000);
    });

    it('holds a token in 32 bytes, and gives them back once it is forgotten', async () => {
      const known = nothingKnown();
      const before = await bytesInArrays();
      for (let minute = 0; minute < 1000; minute += 1)
        applyTokens(known, at(minute), keysFrom(minute * 150, 150));
      expect((await bytesInArrays()) - before).toBeLessThan(32 * 150_000);

      for (let minute = 1000; minute < 1500; minute += 1) known.forget(at(minute));
      expect(known.size).toBe(0);
      expect((await bytesInArrays()) - before).toBeLessThan(100_000);
    });
  });

  describe('when there is no more room', () => {
    it('refuses, evicts nothing, and says so', () => {
      const known = nothingKnown(3);
      addToken(known, at(60), keyOf(0));
      addCutoff(known, at(60), keyOf(1));
      applyTokens(known, at(60), [keyOf(2)]);
      expect(known.isFull).toBe(false);

      applyTokens(known, at(60), [keyOf(3)]);
      expect(known.isFull).toBe(true);
      expect(coveredAmong(known, keysFrom(0, 4))).toEqual(keysFrom(0, 3));
    });

    it.each([
      ['token', addToken],
      ['cutoff', addCutoff],
    ])('is not full for a %s that it knows already, but for another', (_, add) => {
      const known = nothingKnown(1);
      add(known, at(60), keyOf('t'));
      add(known, at(60), keyOf('t'));
      expect(known.isFull).toBe(false);

      add(known, at(60), keyOf('other'));
      expect([known.isFull, known.size]).toEqual([true, 1]);
    });

    it('has room again once less than nine tenths are left', () => {
      const known = nothingKnown(10);
      applyTokens(known, at(60), keysFrom(0, 1));
      applyTokens(known, at(120), keysFrom(1, 1));
      applyTokens(known, at(180), keysFrom(2, 9));

      const isFull = [at(1), at(90), at(150)].map((now): boolean => {
        known.forget(now);
        return known.isFull;
      });
      expect(isFull).toEqual([true, true, false]);
      addToken(known, at(240), keyOf('t'));
      expect(coveredAmong(known, [keyOf('t')])).toEqual([keyOf('t')]);
    });
  });
});
