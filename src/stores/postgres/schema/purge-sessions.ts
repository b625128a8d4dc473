import { BEGIN_WRITING, inTransaction, type PostgresConnections } from '../connection/connections';

/** So that each transaction is short. */
const ROWS_PER_TRANSACTION = 1000;

/**
 * Deletes the sessions that were over a day ago. What another instance is deleting is left to it. It
 * delays only reads of the audit.
 */
export async function purgeSessions(
  { reads, tables }: PostgresConnections,
  timeoutMs: number,
): Promise<void> {
  const purge = `${tables.qualify('purge_sessions')}(${ROWS_PER_TRANSACTION})`;
  const begin = `${BEGIN_WRITING}; SET LOCAL statement_timeout = ${timeoutMs}`;
  let purged: number;
  do {
    purged = await inTransaction(reads, begin, async (client) => {
      const { rows } = await client.query<{ count: string }>(`SELECT ${purge}::text AS count`);
      return Number(rows[0]?.count);
    });
  } while (purged === ROWS_PER_TRANSACTION);
}
