import { revocation } from '../../../src/testing/contract/contract';
import { Doubts } from '../../../src/replica/doubts';

describe('A doubt', () => {
  /** How many are held. */
  const held = (doubts: Doubts): number => {
    let count = 0;
    doubts.review(
      0,
      () => false,
      () => {
        count += 1;
        return false;
      },
    );
    return count;
  };

  it('is held once, however often a revocation fails while the store is away', () => {
    const doubts = new Doubts();
    const [one, other] = [revocation(), revocation()];
    for (let attempt = 0; attempt < 100; attempt += 1)
      for (const each of [one, other]) doubts.add({ revocation: each, position: null });
    expect(held(doubts)).toBe(2);
  });

  it('is held besides one that ends earlier, covers less, or has a position', () => {
    const doubts = new Doubts();
    const one = revocation();
    doubts.add({ revocation: one, position: '7' });
    doubts.add({ revocation: one, position: null });
    doubts.add({ revocation: { ...one, expiresAt: new Date(4e12) }, position: null });
    doubts.add({ revocation: { ...one, issuedBefore: new Date(1e12) }, position: null });
    expect(held(doubts)).toBe(4);
  });
});
