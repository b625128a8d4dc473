import { misconfigured } from '../options/misconfiguration';

const LONGEST_BY_DEFAULT_MS = 500;

/**
 * How often a replica asks what changed, in ms: 500 by default, or a quarter of `maxStalenessMs` where
 * that is less.
 * @throws {TypeError} it is more than half of `maxStalenessMs`.
 */
export function pollIntervalOf({
  maxStalenessMs,
  pollIntervalMs = Math.min(LONGEST_BY_DEFAULT_MS, Math.floor(maxStalenessMs / 4)),
}: {
  readonly maxStalenessMs: number;
  readonly pollIntervalMs?: number | undefined;
}): number {
  if (2 * pollIntervalMs <= maxStalenessMs) return pollIntervalMs;
  throw misconfigured('pollIntervalMs', 'at most half of "maxStalenessMs"', String(pollIntervalMs));
}
