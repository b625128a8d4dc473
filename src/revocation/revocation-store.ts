import '../options/copies'; // a store of another copy is told by where that stands
import type { AuditEvent } from '../audit/audit-event';
import type { AuditTrail } from '../audit/audit-trail';
import type { FeedSlice } from './revocation-feed';
import type { RevocationQuery } from '../tokens/scopes';
import type { LiveRevocation, RevocationPage, RevocationSearch } from './live-revocations';
import type { CutoffOrder, Revocation } from './revocation';
import { RevocationCheck } from './revocation-check';
import type { SessionStore } from './session-store';
import type { StoreClock } from './store-clock';
import type { StoreStatus } from './store-status';
import type { CommitPosition, Committed, Cut, HostTransaction, UnitOfWork } from './unit-of-work';

/**
 * Where revocations live. Adapters: Postgres and memory; what they promise in common is
 * `describeRevocationStore` of nestjs-logout/testing. A class, so that it is its own injection token.
 */
export abstract class RevocationStore extends RevocationCheck {
  /** The audit that commits together with the revocations. */
  abstract readonly audit: AuditTrail;

  /** The sessions whose ends are revocations of this store. */
  abstract readonly sessions: SessionStore;

  /** The clock by which tokens expire; what the store reads of its own keeps it right. */
  abstract readonly clock: StoreClock;

  /** Makes the store ready (migrations, partitions, upkeep). Safe to call more than once. */
  abstract open(): Promise<void>;

  /**
   * Commits all of the work or nothing, durably for this store, before this resolves. With
   * `transaction` it becomes durable when the host commits.
   * @throws {TypeError} the work is not of its form: nothing was committed.
   * @throws {OutdatedInstanceError} an instance of an older version would not refuse what is revoked:
   * nothing was committed.
   * @throws {StoreUnavailableError} whether it took effect is unknown; repeating it is safe for the
   * revocations and their events, and may record other events twice.
   */
  abstract commit(work: UnitOfWork, transaction?: HostTransaction): Promise<Committed>;

  /**
   * Commits one revocation and, when it is new, its audit event.
   * @returns `true` when this call revoked, `false` when the same revocation was there already.
   * @throws {TypeError} as `commit`.
   * @throws {StoreUnavailableError} whether it took effect is unknown; repeating it is safe.
   */
  async add(
    revocation: Revocation,
    event: AuditEvent,
    transaction?: HostTransaction,
  ): Promise<boolean> {
    const work = { revocations: [{ revocation, event }], events: [] };
    const { areNew } = await this.commit(work, transaction);
    return areNew[0] === true;
  }

  /**
   * Refuses what was issued up to now, by the clock of the store, read while nothing that it covers
   * can begin. Commits it with its audit event.
   * @param onPosition told where the change will stand, before anything is written: from then on it
   * may be committed at any moment. Not called by a store without a feed.
   * @throws {TypeError} the order is not of its form: nothing was committed.
   * @throws {OutdatedInstanceError} as `commit`.
   * @throws {StoreUnavailableError} whether it took effect is unknown; a repetition begins later.
   */
  abstract cutOff(
    order: CutoffOrder,
    event: AuditEvent,
    transaction?: HostTransaction,
    onPosition?: (position: CommitPosition) => void,
  ): Promise<Cut>;

  /**
   * Live revocations, newest first. For administration: it may read every one of them.
   * @throws {TypeError} the search is not of its form (a bad scope, limit or cursor).
   * @throws {StoreUnavailableError}
   */
  abstract find(search: RevocationSearch): Promise<RevocationPage>;

  /**
   * Every live revocation that covers the token which is asked about, newest first: why it is
   * refused. Empty where it is not revoked. Asks the store itself, never a memory of it.
   * @throws {TypeError} the query names no key, or one that is not of its form.
   * @throws {StoreUnavailableError}
   */
  abstract explain(query: RevocationQuery): Promise<readonly LiveRevocation[]>;

  /** Costs nothing: no database is asked. */
  abstract status(): StoreStatus;

  /**
   * From here on `onLearned` is told of every revocation that this instance learns of, from anywhere,
   * once `known` knows it. It may be told again, and must not throw. A store without a memory has no
   * such method, or returns `false`: only asking it tells.
   */
  watch?(onLearned: (learned: FeedSlice) => void): boolean;

  /** Stops upkeep and closes what the store itself opened, never what it was given. Idempotent. */
  abstract close(): Promise<void>;
}
