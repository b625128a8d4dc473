import { sizeOf } from '../../src/revocation/feed-slice';
import type { FeedSlice } from '../../src/revocation/revocation-feed';

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
  await read((slice) => (inTurn += sizeOf(slice)));
  clearImmediate(next);
  endTurn();
  return perTurn;
}
