import type { AuditEvent } from '../audit/audit-event';
import type { AuditTrail } from '../audit/audit-trail';
import type { Revocation } from './revocation';
import { RevocationCheck } from './revocation-check';
import type { StoreClock } from './store-clock';
import type { StoreStatus } from './store-status';

/** A transaction of the host's, such as TypeORM's `EntityManager`: whatever runs SQL inside it. */
export interface HostTransaction {
  query(sql: string, parameters?: unknown[]): Promise<unknown>;
}

/**
 * Where revocations live. Adapters: Postgres and memory; what they promise in common is
 * `test/contracts/revocation-store.contract.ts`. A class, so that it is its own injection token.
 */
export abstract class RevocationStore extends RevocationCheck {
  /** The audit that commits together with the revocations. */
  abstract readonly audit: AuditTrail;

  /** The clock by which tokens expire; what the store reads of its own keeps it right. */
  abstract readonly clock: StoreClock;

  /** Makes the store ready (migrations, partitions, upkeep). Safe to call more than once. */
  abstract open(): Promise<void>;

  /**
   * Adds a revocation and, when it is new, its audit event: both or neither, durably for this
   * store, before this resolves. With `transaction` they become durable when the host commits.
   * @returns `true` when this call revoked, `false` when the same revocation was there already.
   * @throws {StoreUnavailableError} whether it took effect is unknown; repeating it is safe.
   */
  abstract add(
    revocation: Revocation,
    event: AuditEvent,
    transaction?: HostTransaction,
  ): Promise<boolean>;

  /** Costs nothing: asks nobody. */
  abstract status(): StoreStatus;

  /** Stops upkeep and closes what the store itself opened, never what it was given. Idempotent. */
  abstract close(): Promise<void>;
}
