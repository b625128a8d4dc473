import { PREFIX_BYTES, type FeedSlice } from '../../src/revocation/revocation-feed';

/** How many revocations a slice has. */
export const countOf = ({ absolute, cutoffs }: FeedSlice): number =>
  absolute.reduce((sum, { prefixes }) => sum + prefixes.length / PREFIX_BYTES, cutoffs.length);

/** How many revocations were applied in each turn of the event loop, where any were. */
export async function appliedPerTurn(
  read: (apply: (slice: FeedSlice) => void) => Promise<unknown>,
): Promise<number[]> {
  const perTurn: number[] = [];
  let inTurn = 0;
  const endTurn = (): void => {
    if (inTurn > 0) perTurn.push(inTurn);
    inTurn = 0;
  };
  let next = setImmediate(function turn() {
    endTurn();
    next = setImmediate(turn);
  });
  await read((slice) => (inTurn += countOf(slice)));
  clearImmediate(next);
  endTurn();
  return perTurn;
}
