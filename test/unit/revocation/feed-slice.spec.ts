import timers from 'node:timers/promises';
import fc from 'fast-check';
import { APPLIED_PER_TURN, inTurns, sizeOf } from '../../../src/revocation/feed-slice';
import type { FeedSlice } from '../../../src/revocation/revocation-feed';
import { appliedPerTurn } from '../../support/turns';
import { keyOf } from '../replica/manual-ports';

const HOUR_MS = 3_600_000;

/** Revocations of their own numbers: as many in each group, and so many cutoffs. */
function sliceFrom(first: number, groups: readonly number[], cutoffs: number): FeedSlice {
  let number = first;
  const key = (): string => keyOf(number++);
  const keys = (count: number): string[] => Array.from({ length: count }, key);
  return {
    absolute: groups.map((count, hour) => ({
      expiresBefore: new Date(hour * HOUR_MS),
      prefixes: Buffer.from(
        keys(count)
          .map((each) => each.slice(0, 32))
          .join(''),
        'hex',
      ),
    })),
    cutoffs: keys(cutoffs).map((each) => ({
      key: each,
      issuedBefore: new Date(number),
      expiresAt: new Date(number * HOUR_MS),
    })),
  };
}

/** What a replica learns of them, one text each. */
const learned = (slices: readonly FeedSlice[]): string[] =>
  slices.flatMap(({ absolute, cutoffs }) => [
    ...absolute.flatMap(({ expiresBefore, prefixes }) =>
      (prefixes.toString('hex').match(/.{32}/g) ?? []).map(
        (prefix) => `${prefix} until ${expiresBefore.getTime()}`,
      ),
    ),
    ...cutoffs.map((cutoff) => JSON.stringify(cutoff)),
  ]);

const slices = fc
  .array(fc.tuple(fc.array(fc.nat(1500), { maxLength: 4 }), fc.oneof(fc.nat(10), fc.nat(1500))), {
    maxLength: 8,
  })
  .map((sizes) => sizes.map(([groups, cutoffs], at) => sliceFrom(at * 10_000, groups, cutoffs)));

describe('What a feed has read', () => {
  it('is applied whole, each revocation once and with its own expiry', async () => {
    await fc.assert(
      fc.asyncProperty(slices, async (read) => {
        const parts: FeedSlice[] = [];
        const apply = inTurns((part) => parts.push(part));
        for (const slice of read) await apply(slice);

        expect(learned(parts).sort()).toEqual(learned(read).sort());
      }),
      { numRuns: 50 },
    );
  });

  it('lets requests be answered after every 256 revocations, in whatever slices they come', async () => {
    await fc.assert(
      fc.asyncProperty(slices, async (read) => {
        const perTurn = await appliedPerTurn(async (count) => {
          const apply = inTurns(count);
          for (const slice of read) await apply(slice);
        });

        expect(perTurn.reduce((sum, each) => sum + each, 0)).toBe(learned(read).length);
        expect(Math.max(0, ...perTurn)).toBeLessThan(2 * APPLIED_PER_TURN);
      }),
      { numRuns: 50 },
    );
  });

  it('lets requests be answered among many slices of one revocation', async () => {
    const perTurn = await appliedPerTurn(async (count) => {
      const apply = inTurns(count);
      for (let number = 0; number < 1000; number += 1) await apply(sliceFrom(number, [1], 0));
    });

    expect(Math.max(...perTurn)).toBeLessThan(20);
  });

  it('rests between turns while a quarter of the bound is left', async () => {
    const sleep = jest.spyOn(timers, 'setTimeout');
    const restsWithin = async (maxStalenessMs: number): Promise<number> => {
      sleep.mockClear();
      await inTurns(() => undefined, maxStalenessMs)(sliceFrom(0, [10 * APPLIED_PER_TURN], 0));
      return sleep.mock.calls.length;
    };

    expect(await restsWithin(60_000)).toBe(9);
    expect(await restsWithin(0)).toBe(0);
    const few = await restsWithin(4); // 1 ms in all
    expect(few).toBeGreaterThan(0);
    expect(few).toBeLessThan(5);
    sleep.mockRestore();
  });

  it('is applied at once where it is little, as of a logout', () => {
    const parts: FeedSlice[] = [];
    void inTurns((part) => parts.push(part))(sliceFrom(0, [1, 2], 3));

    expect(parts.map(sizeOf)).toEqual([6]);
  });
});
