/** Above this an instance is not ready, and tokens expire by the later of the two clocks. */
export const MAX_SKEW_MS = 30_000;

interface Reading {
  readonly storeMs: number;
  readonly monotonicMs: number;
}

/**
 * The time of day by which tokens expire: this instance's own, unless that is far behind the
 * store's. Rows are purged by the store's clock, 60 s after the last use of what they cover: on an
 * instance further behind, a token that was logged out would come back to life.
 */
export class StoreClock {
  private last?: Reading;

  /**
   * @param wall milliseconds since the epoch, as this instance believes.
   * @param monotonic milliseconds that no change of the time of day moves.
   */
  constructor(
    private readonly wall: () => number = () => Date.now(),
    private readonly monotonic: () => number = () => performance.now(),
  ) {}

  /** Notes the store's clock, read by an answer that has just arrived: it is now at least that. */
  observe(storeMs: number): void {
    this.last = { storeMs, monotonicMs: this.monotonic() };
  }

  /** Milliseconds since the epoch: the later clock where they differ by more than 30 s. */
  now(): number {
    const own = this.wall();
    const store = this.storeNow();
    return store - own > MAX_SKEW_MS ? store : own;
  }

  /** How far this instance's clock is ahead of the store's, in ms; `null` before the first answer. */
  get skewMs(): number | null {
    return this.last === undefined ? null : this.wall() - this.storeNow();
  }

  /**
   * The store's time when it last answered; `null` before the first answer. Never later than its
   * time now, whatever this instance's clocks do: what has expired by it may be forgotten.
   */
  get lastStoreTime(): Date | null {
    return this.last === undefined ? null : new Date(this.last.storeMs);
  }

  /** Whether the clocks agree well enough; `true` before the first answer. */
  get isTrusted(): boolean {
    return Math.abs(this.skewMs ?? 0) <= MAX_SKEW_MS;
  }

  /** The store's time now, or a little earlier: an answer's way to us counts as no time. */
  private storeNow(): number {
    if (this.last === undefined) return -Infinity;
    return this.last.storeMs + (this.monotonic() - this.last.monotonicMs);
  }
}
