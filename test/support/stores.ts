import type { AuditEvent } from '../../src/audit/audit-event';
import {
  AuditTrail,
  UnstorableEventError,
  type AuditPage,
  type AuditQuery,
} from '../../src/audit/audit-trail';
import { StoreUnavailableError } from '../../src/revocation/errors';
import type {
  LiveRevocation,
  RevocationPage,
  RevocationSearch,
} from '../../src/revocation/live-revocations';
import type { CutoffOrder, Revocation } from '../../src/revocation/revocation';
import { RevocationStore } from '../../src/revocation/revocation-store';
import type {
  Committed,
  Cut,
  HostTransaction,
  UnitOfWork,
} from '../../src/revocation/unit-of-work';
import { MemoryRevocationStore } from '../../src/stores/memory/revocation-store.memory';
import type { SessionStore } from '../../src/revocation/session-store';
import type { StoreClock } from '../../src/revocation/store-clock';
import type { StoreStatus } from '../../src/revocation/store-status';
import type { RevocationQuery } from '../../src/tokens/scopes';

/** A memory store that remembers what it was asked, and that can be made to fail. */
export class ObservedStore extends RevocationStore {
  readonly audit: AuditTrail;
  readonly clock: StoreClock;
  readonly sessions: SessionStore;
  readonly added: Revocation[] = [];
  readonly lookedUp: RevocationQuery[] = [];
  readonly transactions: HostTransaction[] = [];
  canLookUp = true;
  canAdd = true;
  isOpen = false;

  constructor(private readonly inner: RevocationStore = new MemoryRevocationStore()) {
    super();
    this.audit = inner.audit;
    this.clock = inner.clock;
    this.sessions = inner.sessions;
  }

  open(): Promise<void> {
    this.isOpen = true;
    return this.inner.open();
  }

  async commit(work: UnitOfWork, transaction?: HostTransaction): Promise<Committed> {
    if (!this.canAdd) throw new StoreUnavailableError('add a revocation');
    this.added.push(...work.revocations.map(({ revocation }) => revocation));
    if (transaction !== undefined) this.transactions.push(transaction);
    return this.inner.commit(work);
  }

  async cutOff(order: CutoffOrder, event: AuditEvent): Promise<Cut> {
    if (!this.canAdd) throw new StoreUnavailableError('cut off');
    return this.inner.cutOff(order, event);
  }

  async isRevoked(query: RevocationQuery): Promise<boolean> {
    this.lookedUp.push(query);
    if (!this.canLookUp) throw new StoreUnavailableError('look up a token');
    return this.inner.isRevoked(query);
  }

  known(): undefined {
    return undefined;
  }

  find(search: RevocationSearch): Promise<RevocationPage> {
    return this.inner.find(search);
  }

  explain(query: RevocationQuery): Promise<readonly LiveRevocation[]> {
    return this.inner.explain(query);
  }

  status(): StoreStatus {
    return this.inner.status();
  }

  close(): Promise<void> {
    this.isOpen = false;
    return this.inner.close();
  }
}

/** An audit trail that keeps what it is given, in the batches it came in; it can be away or slow. */
export class ObservedTrail extends AuditTrail {
  readonly batches: (readonly AuditEvent[])[] = [];
  isAway = false;
  slownessMs = 0;
  /** The subject whose events can never be stored. */
  refused: string | undefined;
  readonly error = new Error('22021');

  get events(): AuditEvent[] {
    return this.batches.flat();
  }

  async append(events: readonly AuditEvent[]): Promise<void> {
    if (this.slownessMs > 0)
      await new Promise((resolve) => {
        setTimeout(resolve, this.slownessMs);
      });
    if (this.isAway) throw new StoreUnavailableError('append');
    if (events.some(({ subject }) => subject !== undefined && subject === this.refused))
      throw new UnstorableEventError('refused', { cause: this.error });
    this.batches.push(events);
  }

  find(query: AuditQuery): Promise<AuditPage> {
    return Promise.resolve({ events: [], nextCursor: JSON.stringify(query) });
  }
}
