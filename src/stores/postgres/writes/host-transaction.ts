import {
  firstRowOf,
  type CommitPosition,
  type Committed,
  type HostTransaction,
  type UnitOfWork,
} from '../../../revocation/unit-of-work';
import { failureOf, PostgresError } from '../connection/postgres-error';
import type { Tables } from '../connection/tables';
import { AdditionBatch, storableAddition } from './additions';
import { appendEvents } from './insertions';

/**
 * Adds the work in a transaction of the host's, which decides whether it ever commits. The
 * partitions for it must be there.
 * @throws {StoreUnavailableError} the transaction has failed, or its connection has.
 */
export async function addWithin(
  transaction: HostTransaction,
  tables: Tables,
  { revocations, events }: UnitOfWork,
): Promise<Committed> {
  try {
    const batch = new AdditionBatch(revocations.map(storableAddition));
    const { text, values } = batch.statement(tables);
    const { xid, known_places } = rowIn(await transaction.query(text, values));
    if (events.length > 0) {
      const append = appendEvents(tables, events);
      await transaction.query(append.text, append.values);
    }
    return { areNew: batch.areNew(known_places), position: xid };
  } catch (error) {
    throw failureOf('add a revocation', error);
  }
}

function rowIn(result: unknown): { xid: string; known_places: string | null } {
  const row = firstRowOf(result);
  if (row !== undefined && 'xid' in row && 'known_places' in row) {
    const { xid, known_places } = row;
    return {
      xid: String(xid),
      known_places: typeof known_places === 'string' ? known_places : null,
    };
  }
  throw new PostgresError('the transaction did not return the rows of its statement');
}

/** Where what the transaction writes will stand, before it does. */
export async function positionWithin(transaction: HostTransaction): Promise<CommitPosition> {
  const position = await transaction.query('SELECT pg_catalog.pg_current_xact_id()::text AS xid');
  return textIn(position, 'xid');
}

/** The text of that column in the first row. */
export function textIn(result: unknown, name: string): string {
  const value: unknown = Reflect.get(firstRowOf(result) ?? {}, name);
  if (typeof value === 'string' && value !== '') return value;
  throw new PostgresError('the transaction did not return the rows of its statement');
}
