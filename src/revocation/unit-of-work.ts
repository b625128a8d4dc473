import type { AuditEvent } from '../audit/audit-event';
import type { Revocation } from './revocation';

/**
 * A transaction of the host's: it runs SQL inside itself. TypeORM's `EntityManager` and a client of
 * `pg` are such; one of Prisma, Drizzle, Kysely or Knex becomes one in three lines.
 */
export interface HostTransaction {
  /**
   * @param sql one statement; `$1`, `$2`, … stand in it once each, and in this order.
   * @param parameters texts.
   * @returns the rows, or an object that has them as `rows`.
   */
  query(sql: string, parameters?: unknown[]): Promise<unknown>;
}

/** The first row that a statement in the host's transaction returned; `undefined`: none. */
export function firstRowOf(result: unknown): object | undefined {
  const rows: unknown =
    typeof result === 'object' && result !== null && 'rows' in result ? result.rows : result;
  const first: unknown = Array.isArray(rows) ? rows[0] : undefined;
  return typeof first === 'object' && first !== null ? first : undefined;
}

/** @throws {TypeError} it is no transaction that can run SQL. */
export function checkTransaction(transaction: HostTransaction): void {
  const given: unknown = transaction;
  const isObject = typeof given === 'object' && given !== null;
  if (isObject && typeof Reflect.get(given, 'query') === 'function') return;
  throw new TypeError(
    'nestjs-logout: "manager" must be a transaction with a method query(sql, parameters), such as ' +
      'the EntityManager of TypeORM. For Prisma, Drizzle, Kysely and Knex see docs/database.md.',
  );
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

/** A cutoff that was made. */
export interface Cut {
  /** What was issued at or before this instant of the store's clock is refused. */
  readonly issuedBefore: Date;
  /** As of `Committed`. */
  readonly position: CommitPosition | null;
}

const MOST = 1000;

/** @throws {TypeError} the unit is empty, or larger than 1000 revocations and events. */
export function checkSize({ revocations, events }: UnitOfWork): void {
  const size = revocations.length + events.length;
  if (size >= 1 && size <= MOST) return;
  throw new TypeError(`nestjs-logout: a unit of work holds 1 to ${MOST} members, not ${size}.`);
}
