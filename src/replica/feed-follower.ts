import { StoreUnavailableError } from '../revocation/errors';
import type { FeedCursor, RevocationFeed } from '../revocation/revocation-feed';
import { MAX_SKEW_MS, type StoreClock } from '../revocation/store-clock';
import type { Doubts } from './doubts';
import { type InstanceTime, type Instant, instantOf, rateLimited } from '../time/instance-time';
import { PollSchedule } from './poll-schedule';
import type { KnownRevocations } from './known-revocations';
import { Registration, type Lease, type LeaseClaim } from './lease';

export interface FollowerOptions {
  readonly maxStalenessMs: number;
  /** From the begin of one read to the begin of the next. */
  readonly pollIntervalMs: number;
  /** Told the first failure of a kind, and then one a minute at most. */
  readonly onError: (error: Error) => void;
}

/** What a follower keeps current. */
export interface Followed {
  readonly known: KnownRevocations;
  readonly doubts: Doubts;
  readonly lease: Lease;
  /** The feed observes it with every read. */
  readonly clock: StoreClock;
  readonly progress: FeedProgress;
}

/** A read that was sent. */
interface Read extends LeaseClaim {
  readonly number: number;
  readonly isAwaited: boolean;
}

export interface FeedProgress {
  catchUpMs: number | null;
  catchUps: number;
  failedCatchUps: number;
  loads: number;
}

/**
 * Keeps a replica's memory and its lease current, from a start to its stop. One read at a time:
 * everything at first, then what is new. What was applied is true even if its read fails later, so
 * only the lease depends on a read's end. A read that hangs is the feed's to end.
 */
export class FeedFollower {
  private readonly registration: Registration;
  private readonly pace: PollSchedule;
  private readonly report: (error: Error) => void;
  private readonly reportFull: (error: Error) => void;
  private cursor: FeedCursor | null = null;
  /** Something live may be missing in memory, so that everything must be loaded. */
  private hasGaps = false;
  private forgottenMs = -Infinity;
  /** A ring since the last read began has to be answered by an announcement. */
  private isAwaited = false;
  private consecutiveFailures = 0;
  private roundBegan: Instant;
  private isOver = false;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly feed: RevocationFeed,
    private readonly followed: Followed,
    { maxStalenessMs, pollIntervalMs, onError }: FollowerOptions,
    private readonly time: InstanceTime,
  ) {
    const reportAnnouncement = rateLimited(onError, time);
    this.registration = new Registration(feed, maxStalenessMs, time, reportAnnouncement);
    this.pace = new PollSchedule(pollIntervalMs, time);
    this.report = rateLimited(onError, time);
    this.reportFull = rateLimited(onError, time);
    this.roundBegan = instantOf(time);
  }

  /** Resolves when the first load has succeeded or failed; goes on by itself. Never rejects. */
  start(): Promise<void> {
    if (this.isOver) return Promise.resolve();
    this.feed.listen((isAwaited) => {
      this.isAwaited ||= isAwaited;
      this.pace.ring();
    });
    const loaded = this.round();
    this.running = loaded.then(() => this.follow());
    return loaded;
  }

  /** Closes the feed, which ends what is under way. Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.isOver = true;
    this.pace.interrupt();
    const announcing = this.registration.stop();
    await this.feed.close();
    await Promise.all([announcing, this.running]);
  }

  private async follow(): Promise<void> {
    while (!this.isOver) {
      await this.pace.untilDue(this.roundBegan, this.feed.restMs, this.consecutiveFailures);
      await this.round();
    }
  }

  private async round(): Promise<void> {
    if (this.isOver) return;
    this.roundBegan = instantOf(this.time);
    try {
      if (this.hasGaps && !this.followed.known.isFull) this.cursor = null;
      const isOtherServer = this.cursor !== null && !(await this.read());
      if (this.cursor === null) await this.load();
      // Servers that take turns behind one address must not make a storm of loads.
      this.consecutiveFailures = isOtherServer ? 1 : 0;
    } catch (error) {
      this.failed(error);
    }
  }

  private async load(): Promise<void> {
    this.hasGaps = false;
    await this.registration.renew(null);
    if (!(await this.read())) throw new StoreUnavailableError('load its revocations');
    // It took longer than a lease lasts, or could not be announced before.
    if (!this.followed.lease.isValid) await this.read();
  }

  /** @returns whether the cursor was of any use. */
  private async read(): Promise<boolean> {
    if (this.isOver) return false;
    this.pace.clearRing();
    const since = this.cursor;
    const { isAwaited } = this;
    this.isAwaited = false;
    const { announced } = this.registration;
    const number = this.followed.doubts.readBegins();
    const claim: Read = { number, isAwaited, readBegan: instantOf(this.time), announced };
    const cursor = await this.feed.read(since, (slice) => {
      this.followed.known.apply(slice);
    });
    if (cursor === null) this.resetCursor();
    else this.arrived(cursor, claim, since === null ? 'loads' : 'catchUps');
    return cursor !== null;
  }

  /** Another server, or one that was set back: it may know nothing of what we announced. */
  private resetCursor(): void {
    this.cursor = null;
    this.followed.lease.drop();
    this.registration.drop();
  }

  /** Everything until the cursor is in memory. */
  private arrived(cursor: FeedCursor, claim: Read, kind: 'loads' | 'catchUps'): void {
    if (this.isOver) return;
    const { lease, progress } = this.followed;
    this.cursor = cursor;
    this.endDoubts(cursor, claim);
    this.forgetExpired();
    if (this.hasGaps) lease.drop();
    else this.grant(cursor, claim);
    progress[kind] += 1;
    progress.catchUpMs = this.time.monotonic() - claim.readBegan.monotonicMs;
    // An instance that cannot hear a ring cannot be asked for an announcement.
    const isWanted = kind === 'loads' || claim.isAwaited || this.feed.wakenBy === 'polling';
    if (isWanted || this.registration.isDue) void this.registration.renew(cursor);
  }

  /** A feed that does not read the store itself says what the lease rests on. */
  private grant({ completeUntil }: FeedCursor, { readBegan, announced }: Read): void {
    if (completeUntil === null) return;
    this.followed.lease.grant({ readBegan: completeUntil ?? readBegan, announced });
  }

  /** What this read has decided is in memory, or never comes. */
  private endDoubts(cursor: FeedCursor, { number }: Read): void {
    const { known, doubts, clock } = this.followed;
    // By the store's clock, never by ours, which may be ahead.
    const storeMs = clock.lastStoreTime?.getTime() ?? -Infinity;
    doubts.review(
      number,
      (position) => this.feed.hasDecided(cursor, position),
      (revocation) => known.includes(revocation) || revocation.expiresAt.getTime() < storeMs,
    );
  }

  /** By the store's clock, never by ours. */
  private forgetExpired(): void {
    const { known, clock } = this.followed;
    if (known.isFull) this.overflowed(); // to be noted before forgetting makes room
    const now = clock.lastStoreTime;
    if (now === null) return;
    known.forget(now);
    // If the store's clock was set back, entries that were dropped may be valid again: reload.
    const isSetBack = now.getTime() < this.forgottenMs - MAX_SKEW_MS;
    if (isSetBack) this.hasGaps = true;
    this.forgottenMs = isSetBack ? now.getTime() : Math.max(this.forgottenMs, now.getTime());
  }

  private overflowed(): void {
    this.hasGaps = true;
    this.reportFull(new Error(TOO_MANY));
  }

  private failed(error: unknown): void {
    if (this.isOver) return;
    this.consecutiveFailures += 1;
    this.followed.progress.failedCatchUps += 1;
    this.report(error instanceof Error ? error : new Error(String(error)));
  }
}

const TOO_MANY =
  'More revocations are live than memory may hold, so the store is asked about every token. ' +
  'Raise maxEntries.';
