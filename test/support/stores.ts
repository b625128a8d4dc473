import type { AuditEvent } from '../../src/audit/audit-event';
import { AuditTrail, type AuditPage, type AuditQuery } from '../../src/audit/audit-trail';
import { StoreUnavailableError } from '../../src/revocation/errors';
import type { Revocation } from '../../src/revocation/revocation';
import { RevocationStore, type HostTransaction } from '../../src/revocation/revocation-store';
import { MemoryRevocationStore } from '../../src/stores/memory/revocation-store.memory';

/** A memory store that remembers what it was asked, and that can be made to fail. */
export class ObservedStore extends RevocationStore {
  readonly audit: AuditTrail;
  readonly added: Revocation[] = [];
  readonly lookedUp: { keys: readonly Buffer[]; issuedAt: Date }[] = [];
  readonly transactions: HostTransaction[] = [];
  canLookUp = true;
  canAdd = true;
  isOpen = false;

  constructor(private readonly inner: RevocationStore = new MemoryRevocationStore()) {
    super();
    this.audit = inner.audit;
  }

  open(): Promise<void> {
    this.isOpen = true;
    return this.inner.open();
  }

  async add(
    revocation: Revocation,
    event: AuditEvent,
    transaction?: HostTransaction,
  ): Promise<boolean> {
    if (!this.canAdd) throw new StoreUnavailableError('add a revocation');
    this.added.push(revocation);
    if (transaction !== undefined) this.transactions.push(transaction);
    return this.inner.add(revocation, event);
  }

  async isRevoked(keys: readonly Buffer[], issuedAt: Date): Promise<boolean> {
    this.lookedUp.push({ keys, issuedAt });
    if (!this.canLookUp) throw new StoreUnavailableError('look up a token');
    return this.inner.isRevoked(keys, issuedAt);
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

  get events(): AuditEvent[] {
    return this.batches.flat();
  }

  async append(events: readonly AuditEvent[]): Promise<void> {
    if (this.slownessMs > 0)
      await new Promise((resolve) => {
        setTimeout(resolve, this.slownessMs);
      });
    if (this.isAway) throw new StoreUnavailableError('append');
    this.batches.push(events);
  }

  find(query: AuditQuery): Promise<AuditPage> {
    return Promise.resolve({ events: [], nextCursor: JSON.stringify(query) });
  }
}
