import type { FeedCursor, RevocationFeed } from '../revocation/revocation-feed';
import { elapsedMs, type InstanceTime, type Instant, instantOf } from '../time/instance-time';

/**
 * For how many times `maxStalenessMs` an announcement lasts from when it was sent. After that a
 * cluster-wide logout need not wait for its instance, which therefore does not answer from memory.
 */
export const ANNOUNCEMENT_LASTS = 5;

/** For how many times `maxStalenessMs` an announcement is not repeated without a reason. */
const ANNOUNCED_EVERY = 0.5;

/** What a lease rests on; both are noted before its read is sent. */
export interface LeaseClaim {
  readonly readBegan: Instant;
  /** When the last announcement was sent that had succeeded by then; `null` where none had. */
  readonly announced: Instant | null;
}

/**
 * A replica's right to answer from memory. It ends by itself, by comparing clocks whenever it is
 * asked for, and never by a timer: a paused process finds it over, and so does one whose clock was
 * set forward; a clock set back does not lengthen it.
 */
export class Lease {
  private readBegan: Instant | null = null;
  private endsAtWallMs = -Infinity;
  private endsAtMonotonicMs = -Infinity;

  /** @param maxStalenessMs a whole number, so that a clock of whole milliseconds lengthens nothing. */
  constructor(
    private readonly maxStalenessMs: number,
    private readonly time: InstanceTime,
  ) {}

  /** At this instant. On the way of every request: two clocks, two comparisons. */
  get isValid(): boolean {
    return this.time.monotonic() < this.endsAtMonotonicMs && this.time.wall() < this.endsAtWallMs;
  }

  /** Since the begin of the read that the last lease rests on; `null` before the first. */
  get ageMs(): number | null {
    return this.readBegan === null ? null : elapsedMs(this.readBegan, this.time);
  }

  /** For `maxStalenessMs` from the begin of a read that succeeded, but as its announcement lasts. */
  grant({ readBegan, announced }: LeaseClaim): void {
    if (announced === null) return;
    const staleMs = this.maxStalenessMs;
    const lastsMs = this.maxStalenessMs * ANNOUNCEMENT_LASTS;
    this.readBegan = readBegan;
    this.endsAtWallMs = Math.min(readBegan.wallMs + staleMs, announced.wallMs + lastsMs);
    this.endsAtMonotonicMs = Math.min(
      readBegan.monotonicMs + staleMs,
      announced.monotonicMs + lastsMs,
    );
  }

  /** Ends it now. */
  drop(): void {
    this.endsAtWallMs = -Infinity;
    this.endsAtMonotonicMs = -Infinity;
  }
}

/**
 * This instance among those that cluster-wide logouts wait for; without it no lease begins.
 * One announcement is under way at a time, beside the reads.
 */
export class Registration {
  /** When the last announcement was sent that has succeeded; `null` where none counts. */
  announced: Instant | null = null;
  private cursor: FeedCursor | null = null;
  private next: Promise<void> | null = null;
  private last: Promise<void> = Promise.resolve();
  private drops = 0;
  private isOver = false;

  constructor(
    private readonly feed: Pick<RevocationFeed, 'announce'>,
    private readonly maxStalenessMs: number,
    private readonly time: InstanceTime,
    private readonly onError: (error: Error) => void,
  ) {}

  /** Whether none has succeeded for half of `maxStalenessMs`. */
  get isDue(): boolean {
    const everyMs = this.maxStalenessMs * ANNOUNCED_EVERY;
    return this.announced === null || elapsedMs(this.announced, this.time) >= everyMs;
  }

  /**
   * Announces what memory holds, once the announcement under way has ended; of several that wait
   * for that, the last is sent. Resolves when it has succeeded or failed; never rejects.
   */
  renew(cursor: FeedCursor | null): Promise<void> {
    this.cursor = cursor;
    if (this.next === null) {
      this.next = this.last.then(() => (this.isOver ? undefined : this.send()));
      this.last = this.next;
    }
    return this.next;
  }

  /** Nothing announced until now counts: the store may be one that knows nothing of it. */
  drop(): void {
    this.announced = null;
    this.drops += 1;
  }

  /** Announces nothing more. Resolves when nothing is under way. */
  stop(): Promise<void> {
    this.isOver = true;
    return this.last;
  }

  private async send(): Promise<void> {
    this.next = null;
    const { cursor, drops, maxStalenessMs } = this;
    const sent = instantOf(this.time);
    try {
      await this.feed.announce({ maxStalenessMs, cursor });
      if (drops === this.drops) this.announced = sent;
    } catch (cause) {
      if (!this.isOver) this.onError(new Error(CANNOT_ANNOUNCE, { cause }));
    }
  }
}

const CANNOT_ANNOUNCE =
  'This instance could not announce that it answers from memory. Until it can, it asks the store.';
