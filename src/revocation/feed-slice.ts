import { SCOPES } from '../tokens/scopes';
import type { Revocation } from './revocation';
import { PREFIX_BYTES, type FeedSlice } from './revocation-feed';

const HOUR_MS = 3_600_000;

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
