import type { AuditEvent, AuditEventName, AuditOutcome, RecordedAuditEvent } from './audit-event';

/** Which events to find; what is left out matches everything. */
export interface AuditQuery {
  readonly subject?: string;
  readonly event?: AuditEventName;
  readonly outcome?: AuditOutcome;
  /** The `jti` of the token. */
  readonly tokenId?: string;
  /** The earliest instant, itself included. */
  readonly from?: Date;
  /** The latest instant, itself excluded. */
  readonly to?: Date;
  /** An address (`203.0.113.7`) or a network (`2001:db8::/32`). */
  readonly ip?: string;
  /** Rows a page, 1–1000. @defaultValue 100 */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

/** Newest first. */
export interface AuditPage {
  readonly events: readonly RecordedAuditEvent[];
  /** Absent on the last page. Pages neither repeat nor skip rows, whatever is written meanwhile. */
  readonly nextCursor?: string;
}

/** An event can never be stored, whatever the state of the database: its value is to blame. */
export class UnstorableEventError extends Error {
  override readonly name = 'UnstorableEventError';
}

/**
 * Where the audit is kept: append-only. Adapters: Postgres and memory, each beside its
 * `RevocationStore`, because a success and its revocation are committed together there.
 */
export abstract class AuditTrail {
  /**
   * @throws {UnstorableEventError} none of the events is kept, because one of them never can be.
   * @throws {StoreUnavailableError} some or none of the events are kept.
   */
  abstract append(events: readonly AuditEvent[]): Promise<void>;

  /**
   * @throws {TypeError} the query is not of its form (a bad limit, cursor, address or instant).
   * @throws {StoreUnavailableError}
   */
  abstract find(query: AuditQuery): Promise<AuditPage>;
}
