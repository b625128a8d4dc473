import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Resolves where this hour, or this day, of UTC goes on for so long yet; else once the next one has
 * begun. For tests that compare partitions, which would change meanwhile.
 */
export async function farFromEndOf(spanMs: number, marginMs = 30_000): Promise<void> {
  const leftMs = spanMs - (Date.now() % spanMs);
  if (leftMs < marginMs) await sleep(leftMs);
}
