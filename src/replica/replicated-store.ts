import type { AuditTrail } from '../audit/audit-trail';
import { OutdatedInstanceError } from '../revocation/errors';
import type {
  LiveRevocation,
  RevocationPage,
  RevocationSearch,
} from '../revocation/live-revocations';
import type { FeedSlice, RevocationFeed } from '../revocation/revocation-feed';
import { ANY_ISSUE_TIME, type CutoffOrder, type Revocation } from '../revocation/revocation';
import { checkLookup, checkOrder, checkWork } from '../revocation/revocation-form';
import { RevocationStore } from '../revocation/revocation-store';
import type { SessionStore } from '../revocation/session-store';
import type { StoreClock } from '../revocation/store-clock';
import type { StoreStatus } from '../revocation/store-status';
import type { AuditEvent } from '../audit/audit-event';
import type {
  CommitPosition,
  Committed,
  Cut,
  HostTransaction,
  UnitOfWork,
} from '../revocation/unit-of-work';
import type { RevocationQuery } from '../tokens/scopes';
import { Propagation } from './propagation';
import { Replica, type ReplicaOptions } from './replica';
import { ReplicatedSessions } from './replicated-sessions';

export interface ReplicationOptions extends ReplicaOptions {
  /**
   * `replica`: this instance answers from memory. `direct`: it asks the store about each token, and
   * tells the instances with a replica what it revokes.
   */
  readonly check: 'replica' | 'direct';
  /** `cluster`: what commits waits until no instance answers from a memory that lacks it. */
  readonly logoutWaits: 'instance' | 'cluster';
}

/** Any store, with its live revocations in this instance's memory. */
export class ReplicatedStore extends RevocationStore {
  readonly audit: AuditTrail;
  readonly clock: StoreClock;
  readonly sessions: SessionStore;
  private readonly replica: Replica | undefined;
  private readonly propagation: Propagation;
  private opening: Promise<void> | undefined;

  /**
   * @param truth keeps the revocations, and is asked while memory may not answer.
   * @param feed tells what changed in `truth`, and observes its clock with every read.
   */
  constructor(
    private readonly truth: RevocationStore,
    private readonly feed: RevocationFeed,
    options: ReplicationOptions,
  ) {
    super();
    this.audit = truth.audit;
    this.clock = truth.clock;
    if (options.check === 'replica') this.replica = new Replica(feed, truth, truth.clock, options);
    this.propagation = new Propagation(feed, this.replica, options.logoutWaits);
    this.sessions = new ReplicatedSessions(truth.sessions, truth.clock, this.propagation);
  }

  /**
   * Opens the store, then loads what is revoked. After a failure it may be called again.
   * @throws as the store's own `open`; a load that fails is repeated, and fails nothing.
   */
  open(): Promise<void> {
    this.opening ??= this.prepare().catch((error: unknown) => {
      this.opening = undefined;
      throw error;
    });
    return this.opening;
  }

  /**
   * Once this resolves everything it revokes is refused here, and within `maxStalenessMs`
   * everywhere; with `logoutWaits: 'cluster'` everywhere. With `transaction`, its own time limits
   * apply, what it writes is durable once it commits, and `maxStalenessMs` counts from then.
   */
  async commit(work: UnitOfWork, transaction?: HostTransaction): Promise<Committed> {
    checkWork(work, transaction);
    return transaction === undefined ? this.commitNow(work) : this.join(work, transaction);
  }

  async cutOff(order: CutoffOrder, event: AuditEvent, transaction?: HostTransaction): Promise<Cut> {
    checkOrder(order, event, transaction);
    // Its instant is not known yet: until a read has brought it, the store is asked about all that it
    // may cover.
    const revocation = { ...order, issuedBefore: ANY_ISSUE_TIME } as const;
    const onPosition = (position: CommitPosition): void => {
      this.propagation.doubt([revocation], position);
    };
    const cut = await this.truth.cutOff(order, event, transaction, onPosition);
    if (transaction !== undefined) return cut;
    const { issuedBefore, position } = cut;
    await this.propagation.spread([{ ...order, issuedBefore }], position);
    return cut;
  }

  isRevoked(query: RevocationQuery): boolean | Promise<boolean> {
    checkLookup(query);
    return (this.replica ?? this.truth).isRevoked(query);
  }

  known(query: RevocationQuery): boolean | undefined {
    return (this.replica ?? this.truth).known(query);
  }

  find(search: RevocationSearch): Promise<RevocationPage> {
    return this.truth.find(search);
  }

  explain(query: RevocationQuery): Promise<readonly LiveRevocation[]> {
    return this.truth.explain(query);
  }

  override watch(onLearned: (learned: FeedSlice) => void): boolean {
    this.replica?.watch(onLearned);
    return this.replica !== undefined;
  }

  status(): StoreStatus {
    const status = this.truth.status();
    if (this.replica === undefined) return status;
    return { ...status, feed: this.feed.wakenBy, replica: this.replica.status() };
  }

  async close(): Promise<void> {
    await this.opening?.catch(() => undefined);
    this.opening = undefined;
    await this.replica?.stop();
    await this.truth.close();
  }

  private async prepare(): Promise<void> {
    await this.truth.open();
    await this.replica?.start();
  }

  private async commitNow(work: UnitOfWork): Promise<Committed> {
    const committed = await this.attempt(work);
    const revocations = revocationsOf(work);
    if (revocations.length > 0) await this.propagation.spread(revocations, committed.position);
    return committed;
  }

  private async attempt(work: UnitOfWork): Promise<Committed> {
    try {
      return await this.truth.commit(work);
    } catch (error) {
      // Its answer may be all that was lost. The position was in the answer.
      if (!(error instanceof OutdatedInstanceError))
        this.propagation.doubt(revocationsOf(work), null);
      throw error;
    }
  }

  private async join(work: UnitOfWork, transaction: HostTransaction): Promise<Committed> {
    // Before anything is written: from then on the host may commit at any moment.
    if (this.replica !== undefined)
      this.propagation.doubt(revocationsOf(work), await this.feed.positionOf(transaction));
    return this.truth.commit(work, transaction);
  }
}

const revocationsOf = ({ revocations }: UnitOfWork): readonly Revocation[] =>
  revocations.map(({ revocation }) => revocation);
