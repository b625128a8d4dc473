import fc from 'fast-check';
import { sees, seesAllOf, SEES_NOTHING } from '../../../src/stores/postgres/feed/snapshot';

const MOST = 12;

/** A snapshot of a server that has given out few numbers, as text. */
const snapshots = fc
  .record({
    xmax: fc.integer({ min: 1, max: MOST }),
    underWay: fc.uniqueArray(fc.integer({ min: 1, max: MOST }), { maxLength: MOST }),
  })
  .map(({ xmax, underWay }) => {
    const xip = underWay.filter((xid) => xid < xmax).toSorted((one, other) => one - other);
    return `${xip[0] ?? xmax}:${xmax}:${xip.join(',')}`;
  });

const numbers = Array.from({ length: MOST + 2 }, (_, at) => BigInt(at + 1));

describe('A snapshot', () => {
  it('sees all of another exactly where no transaction is seen there and not here', () => {
    fc.assert(
      fc.property(snapshots, snapshots, (one, other) => {
        const misses = numbers.some((xid) => sees(other, xid) && !sees(one, xid));
        expect(seesAllOf(one, other)).toBe(!misses);
      }),
      { numRuns: 5000 },
    );
  });

  it('sees all of itself, and of the one that sees nothing', () => {
    fc.assert(
      fc.property(snapshots, (one) => {
        expect([seesAllOf(one, one), seesAllOf(one, SEES_NOTHING)]).toEqual([true, true]);
      }),
    );
  });
});
