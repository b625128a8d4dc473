import { LRUCache } from 'lru-cache';

/** Keys remembered at once: bounds the memory that an attacker can take, to some 2 MB. */
const MAX_KEYS = 10_000;

/**
 * Which keys have their row for the time being. When more keys have one than are remembered, the
 * key that was asked for longest ago is forgotten: it may get a second row, within the budget.
 */
export class OncePerWindow {
  private readonly ends = new LRUCache<string, number>({ max: MAX_KEYS });

  constructor(private readonly clock: () => number) {}

  /** Whether a row was written for `key` in a window that has not ended. */
  isWritten(key: string): boolean {
    return (this.ends.get(key) ?? 0) > this.clock();
  }

  /** A row was written: `key` needs no other for `windowMs`. */
  written(key: string, windowMs: number): void {
    this.ends.set(key, this.clock() + windowMs);
  }
}
