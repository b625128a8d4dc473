import type { Revocation } from './revocation';
import type { Instant } from '../time/instance-time';
import type { StoreStatus } from './store-status';
import type { CommitPosition, HostTransaction } from './unit-of-work';

/** How far a read came: what the next one continues from. Only its feed can read it. */
export interface FeedCursor {
  /** The snapshot of the read. */
  readonly snapshot: string;
  /** Which server answered, and since when it has been up. */
  readonly server: string;
  /**
   * Everything that was answered before this moment has been read; `null`: that is not known of any
   * moment. Absent where it holds for the begin of the read.
   */
  readonly completeUntil?: Instant | null;
}

/** How many of a key's 32 bytes a feed hands over: they are as good as unique, and half the memory. */
export const PREFIX_BYTES = 16;

/** Revocations of absolute scopes that are not needed after an instant. */
export interface AbsoluteGroup {
  /** The end of an hour: they are forgotten together, a little later than they could be. */
  readonly expiresBefore: Date;
  /** The first `PREFIX_BYTES` of each key, one after the other. */
  readonly prefixes: Buffer;
}

/** What a check needs to know of a revocation of the other scopes, also of one for good. */
export type Cutoff = Pick<Revocation, 'key' | 'issuedBefore' | 'expiresAt'>;

/** Some revocations: few enough to be applied in less than 10 ms; see `inTurns`. */
export interface FeedSlice {
  readonly absolute: readonly AbsoluteGroup[];
  readonly cutoffs: readonly Cutoff[];
}

/** This instance among those that answer from memory. */
export interface Announcement {
  readonly maxStalenessMs: number;
  /** What its memory holds; `null` while it holds nothing yet. */
  readonly cursor: FeedCursor | null;
}

/**
 * How replicas learn what changed in a store, and how they are told. Whatever breaks, each promise
 * settles within a time limit. Adapter: Postgres; a port because the replica's proof must be driven
 * by hand in tests, and because other stores will say it differently.
 */
export abstract class RevocationFeed {
  /** What wakes this instance: the doorbell, or polling alone. */
  abstract readonly wakenBy: NonNullable<StoreStatus['feed']>;

  /** How long to rest between reads, however often it rings; grows with the instances. In ms. */
  abstract readonly restMs: number;

  /**
   * Reads from the primary every live revocation (`since` is `null`), or every one that the read
   * that returned `since` did not see, and hands them to `apply` in any order.
   * @returns where this read stands; `null` where `since` is of no use any more (another server, one
   * that was restarted or set back, or what it has not seen is kept no longer): nothing was read,
   * and everything must be.
   * @throws {StoreUnavailableError} what was applied until then is true nevertheless.
   */
  abstract read(
    since: FeedCursor | null,
    apply: (slice: FeedSlice) => void,
  ): Promise<FeedCursor | null>;

  /**
   * From the next read or announcement on, calls `onRing` when something may have changed. Nothing
   * rests on it but speed: a ring may be lost, repeated or false.
   * @param onRing `isAwaited`: a logout waits until it is announced that this ring was followed.
   */
  abstract listen(onRing: (isAwaited: boolean) => void): void;

  /**
   * Tells the other instances that something has changed. Costs the caller nothing; never fails.
   * @param isAwaited whether `waitForCluster` is called next.
   */
  abstract ring(isAwaited: boolean): void;

  /**
   * The position of everything that the transaction writes. Writes nothing itself.
   * @throws {TypeError} the store joins no transactions.
   * @throws {StoreUnavailableError} or what the transaction fails with.
   */
  abstract positionOf(transaction: HostTransaction): Promise<CommitPosition>;

  /**
   * Whether the transaction at this position had ended before the snapshot of the cursor: the read
   * that returned it, or one before, has brought what it wrote, or nothing ever does. `false` where
   * that cannot be told.
   */
  abstract hasDecided(cursor: FeedCursor, position: CommitPosition): boolean;

  /**
   * Resolves once no other instance can answer from a memory without what was committed at this
   * position before this call. Never rejects: where instances cannot be asked it waits until
   * their leases are over.
   */
  abstract waitForCluster(position: CommitPosition): Promise<void>;

  /**
   * Tells all instances, durably, that this one answers from memory, and how far that reaches.
   * @throws {StoreUnavailableError}
   */
  abstract announce(announcement: Announcement): Promise<void>;

  /**
   * Stops listening, withdraws the announcement, and ends what is under way; all of these may be
   * called again afterwards. Idempotent; never fails.
   */
  abstract close(): Promise<void>;
}
