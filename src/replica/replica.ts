import type { RevocationQuery } from '../tokens/scopes';
import type { Revocation } from '../revocation/revocation';
import { Doubts, type Doubt } from './doubts';
import { RevocationCheck } from '../revocation/revocation-check';
import type { FeedSlice, RevocationFeed } from '../revocation/revocation-feed';
import type { StoreClock } from '../revocation/store-clock';
import type { ReplicaStatus } from '../revocation/store-status';
import { FeedFollower, type FeedProgress, type FollowerOptions } from './feed-follower';
import { INSTANCE_TIME, type InstanceTime } from '../time/instance-time';
import { KnownRevocations } from './known-revocations';
import { Lease } from './lease';

export interface ReplicaOptions extends FollowerOptions {
  /** Above this nothing is evicted, which would un-revoke: the store is asked instead. */
  readonly maxEntries: number;
}

/**
 * The live revocations in this instance's memory. From `maxStalenessMs` after a logout was answered
 * anywhere, no token of it is accepted here, whatever fails. The proof: memory answers "not revoked"
 * at t only while t < t0 + `maxStalenessMs`, where t0 was noted before the last read that succeeded
 * was sent. Had the logout been answered by t0, that read, or one before it, would have brought it.
 */
export class Replica extends RevocationCheck {
  private readonly revocations: KnownRevocations;
  private readonly lease: Lease;
  private readonly doubts = new Doubts();
  private readonly progress: FeedProgress = {
    catchUpMs: null,
    catchUps: 0,
    failedCatchUps: 0,
    loads: 0,
  };
  private follower: FeedFollower | null = null;
  private loaded: Promise<void> = Promise.resolve();
  private stopped: Promise<void> = Promise.resolve();

  /**
   * @param direct the store itself, asked while memory may not answer.
   * @param clock the store's, which the feed observes with every read.
   */
  constructor(
    private readonly feed: RevocationFeed,
    private readonly direct: Pick<RevocationCheck, 'isRevoked'>,
    private readonly clock: StoreClock,
    private readonly options: ReplicaOptions,
    private readonly time: InstanceTime = INSTANCE_TIME,
  ) {
    super();
    this.revocations = new KnownRevocations(options.maxEntries);
    this.lease = new Lease(options.maxStalenessMs, time);
  }

  /**
   * Announces this instance, listens and loads. Resolves when that has succeeded or failed; it goes
   * on trying by itself, and tokens are checked all the while. Never rejects. Idempotent.
   */
  start(): Promise<void> {
    if (this.follower === null) {
      const { feed, revocations: known, doubts, lease, clock, progress, options, time } = this;
      const followed = { known, doubts, lease, clock, progress };
      const follower = new FeedFollower(feed, followed, options, time);
      this.follower = follower;
      this.loaded = this.stopped.then(() => follower.start());
    }
    return this.loaded;
  }

  /** A revocation that this instance has just committed: known here before its logout is answered. */
  learn(revocation: Revocation): void {
    this.revocations.add(revocation);
  }

  /** See `RevocationStore.watch`. */
  watch(onLearned: (learned: FeedSlice) => void): void {
    this.revocations.watchers.push(onLearned);
  }

  /**
   * Until a read has decided what becomes of the revocation, or it is known, the store is asked
   * about tokens that it covers.
   */
  doubt(doubt: Doubt): void {
    this.doubts.add(doubt);
    // While no read arrives, what has expired makes room for what comes.
    const storeMs = this.clock.lastStoreTime?.getTime() ?? -Infinity;
    this.doubts.tidy(({ expiresAt }) => expiresAt.getTime() < storeMs);
  }

  /** At once where it is known as revoked, or while the lease lasts; else the store is asked. */
  isRevoked(query: RevocationQuery): boolean | Promise<boolean> {
    return this.known(query) ?? this.ask(query);
  }

  known(query: RevocationQuery): boolean | undefined {
    if (this.revocations.covers(query)) return true;
    return this.mayAnswer() && !this.isDoubted(query) ? false : undefined;
  }

  status(): ReplicaStatus {
    const { revocations, lease, progress } = this;
    return {
      ...progress,
      answersFrom: this.mayAnswer() ? 'memory' : 'store',
      leaseAgeMs: lease.ageMs,
      size: revocations.size,
      isFull: revocations.isFull,
    };
  }

  /**
   * From here on the store is asked. Closes the feed; resolves when nothing runs any more. What is
   * known stays known, and `start` may follow. Idempotent.
   */
  stop(): Promise<void> {
    if (this.follower !== null) {
      this.lease.drop(); // before the feed withdraws the announcement
      this.stopped = bothOf(this.stopped, this.follower.stop());
      this.follower = null;
    }
    return this.stopped;
  }

  private isDoubted(query: RevocationQuery): boolean {
    return this.doubts.size > 0 && this.doubts.cover(query);
  }

  private mayAnswer(): boolean {
    return this.lease.isValid && !this.revocations.isFull;
  }

  private async ask(query: RevocationQuery): Promise<boolean> {
    const isRevoked = await this.direct.isRevoked(query);
    return isRevoked || this.revocations.covers(query); // learned here meanwhile
  }
}

async function bothOf(one: Promise<void>, other: Promise<void>): Promise<void> {
  await Promise.all([one, other]);
}
