import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { SCOPES } from '../tokens/scopes';
import type { Revocation } from './revocation';
import { PREFIX_BYTES, type FeedSlice } from './revocation-feed';

const HOUR_MS = 3_600_000;

/** So many revocations are applied in some tenths of a millisecond. */
export const APPLIED_PER_TURN = 256;
/** To read a slice from its text takes as long as to apply so many revocations, at least. */
const READING_A_SLICE = 16;

export type LearnedRevocation = Pick<Revocation, 'key' | 'scope' | 'issuedBefore' | 'expiresAt'>;

/** A revocation of this instance's own, as a feed brings it. */
export function sliceOf(revocation: LearnedRevocation): FeedSlice {
  const { key, scope, expiresAt } = revocation;
  if (SCOPES[scope].kind === 'cutoff') return { absolute: [], cutoffs: [revocation] };
  const prefixes = Buffer.from(key.slice(0, 2 * PREFIX_BYTES), 'hex');
  return { absolute: [{ expiresBefore: endOfHour(expiresAt), prefixes }], cutoffs: [] };
}

/** As feeds group them: when one of our own comes back with the feed, it is held already. */
export function endOfHour(instant: Date): Date {
  return new Date((Math.floor(instant.getTime() / HOUR_MS) + 1) * HOUR_MS);
}

export type ApplySlice = (slice: FeedSlice) => Promise<void>;

/** A few times as long as a turn takes. */
const REST_MS = 1;

/**
 * What applies the slices of one read, `APPLIED_PER_TURN` revocations in a turn of the event loop:
 * requests are answered in between. A slice is applied when its promise resolves; the next may be
 * handed over then.
 * @param maxStalenessMs it rests between turns, a quarter of this in all: so most requests find the
 * process idle, and no lease is lost. 0: not at all.
 */
export function inTurns(apply: (part: FeedSlice) => void, maxStalenessMs = 0): ApplySlice {
  let appliedInTurn = 0;
  let restsLeftMs = maxStalenessMs / 4;
  const turn = async (): Promise<void> => {
    if (restsLeftMs <= 0) return setImmediate();
    const began = performance.now();
    await sleep(REST_MS);
    restsLeftMs -= performance.now() - began;
  };
  return async (slice) => {
    for (const part of partsOf(slice)) {
      if (appliedInTurn >= APPLIED_PER_TURN) {
        await turn();
        appliedInTurn = 0;
      }
      apply(part);
      appliedInTurn += sizeOf(part) + READING_A_SLICE;
    }
  };
}

/** How many revocations there are in the slice. */
export const sizeOf = ({ absolute, cutoffs }: FeedSlice): number =>
  absolute.reduce((sum, { prefixes }) => sum + prefixes.length / PREFIX_BYTES, cutoffs.length);

/** The same revocations in slices of `APPLIED_PER_TURN` at most. */
function* partsOf(slice: FeedSlice): Generator<FeedSlice> {
  if (sizeOf(slice) <= APPLIED_PER_TURN) {
    yield slice;
    return;
  }
  const bytes = APPLIED_PER_TURN * PREFIX_BYTES;
  for (const { expiresBefore, prefixes } of slice.absolute)
    for (let at = 0; at < prefixes.length; at += bytes)
      yield {
        absolute: [{ expiresBefore, prefixes: prefixes.subarray(at, at + bytes) }],
        cutoffs: [],
      };
  for (let at = 0; at < slice.cutoffs.length; at += APPLIED_PER_TURN)
    yield { absolute: [], cutoffs: slice.cutoffs.slice(at, at + APPLIED_PER_TURN) };
}
