import { BEGIN_WRITING, inTransaction, type PostgresConnections } from '../connection/connections';
import { lockKeyOf } from './advisory-lock';

/** A logout of one of these tokens waits for the transaction. */
const ROWS_PER_TRANSACTION = 5000;

/**
 * Gives numbers of this server to the rows that were restored from a dump of another one. Otherwise
 * each poll would read those again that are ahead of this server's numbers, until they expire. Ends
 * early where another instance is at work. It delays neither logouts nor checks, only reads of the
 * audit.
 */
export async function renumberForeignRows(
  { reads, tables }: PostgresConnections,
  timeoutMs: number,
): Promise<void> {
  const lockKey = lockKeyOf('renumbering', tables.schema);
  const renumber = `${tables.qualify('renumber_revocations')}(${ROWS_PER_TRANSACTION})`;
  const begin = `${BEGIN_WRITING}; SET LOCAL statement_timeout = ${timeoutMs}`;
  let renumbered: number;
  do {
    renumbered = await inTransaction(reads, begin, async (client) => {
      const { rows } = await client.query<{ count: string }>(
        `SELECT (CASE WHEN pg_try_advisory_xact_lock(${lockKey})
           THEN ${renumber} ELSE 0 END)::text AS count`,
      );
      return Number(rows[0]?.count);
    });
  } while (renumbered > 0);
}
