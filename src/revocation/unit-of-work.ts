import type { AuditEvent } from '../audit/audit-event';
import type { Revocation } from './revocation';

/** A transaction of the host's, such as TypeORM's `EntityManager`: it runs SQL inside itself. */
export interface HostTransaction {
  query(sql: string, parameters?: unknown[]): Promise<unknown>;
}

/** A revocation, and the event that tells of it. The event is recorded where it is new. */
export interface Addition {
  readonly revocation: Revocation;
  readonly event: AuditEvent;
}

/** What is committed together: all of it or nothing. At most 1000 revocations and events. */
export interface UnitOfWork {
  readonly revocations: readonly Addition[];
  /** Recorded in any case, behind the events of the revocations. */
  readonly events: readonly AuditEvent[];
}

/**
 * Where a change stands among all changes of its store, as text. Only the feed of that store can
 * read it.
 */
export type CommitPosition = string;

/** What became of a unit of work. */
export interface Committed {
  /** For each revocation whether this call added it; `false`: it was there already. */
  readonly areNew: readonly boolean[];
  /** A feed that has come this far has brought every one of them; `null`: there is no feed. */
  readonly position: CommitPosition | null;
}

const MOST = 1000;

/** @throws {TypeError} the unit is empty, or larger than 1000 revocations and events. */
export function checkSize({ revocations, events }: UnitOfWork): void {
  const size = revocations.length + events.length;
  if (size >= 1 && size <= MOST) return;
  throw new TypeError(`nestjs-logout: a unit of work holds 1 to ${MOST} members, not ${size}.`);
}
