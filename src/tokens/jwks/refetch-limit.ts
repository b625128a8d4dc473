import { elapsedMs, instantOf, type Instant, type InstanceTime } from '../../time/instance-time';

/** Keys that are unknown cause one fetch in this time, however many tokens name them. */
const BETWEEN_FETCHES_MS = 30_000;
/** Those that wait at a time. */
const MAX_WAITING = 100;

/** Waiting for new keys of an issuer: how often that may cause a fetch, for how many, and how long. */
export class RefetchLimit {
  /** When it last caused a fetch. */
  private askedAt: Instant | null = null;
  private waiting = 0;

  constructor(
    private readonly time: InstanceTime,
    private readonly maxWaitMs: number,
  ) {}

  /** Whether one more may wait now. */
  get mayWait(): boolean {
    return this.waiting < MAX_WAITING;
  }

  /** Whether a fetch may be caused now. It is counted then. */
  mayFetch(): boolean {
    const { askedAt, time } = this;
    if (askedAt !== null && elapsedMs(askedAt, time) < BETWEEN_FETCHES_MS) return false;
    this.askedAt = instantOf(time);
    return true;
  }

  /**
   * Resolves once the fetch has ended, or the longest wait has.
   * @returns whether the fetch says that the keys are those of now.
   */
  async wait(fetched: Promise<boolean>): Promise<boolean> {
    this.waiting += 1;
    let cancel = (): void => undefined;
    const late = new Promise<false>((resolve) => {
      cancel = this.time.after(this.maxWaitMs, () => {
        resolve(false);
      });
    });
    try {
      return await Promise.race([fetched, late]);
    } finally {
      cancel();
      this.waiting -= 1;
    }
  }
}
