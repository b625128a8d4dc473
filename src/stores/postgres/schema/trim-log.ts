import { BEGIN_WRITING, inTransaction, type PostgresConnections } from '../connection/connections';
import { lockKeyOf } from './advisory-lock';

/** So that each transaction is short. */
const FRAMES_PER_TRANSACTION = 5000;

/**
 * Notes now and then what is visible, and deletes the frames of `revocation_log` that every reader
 * has seen, or else loads everything instead. Ends early where another instance is at work. It
 * delays only reads of the audit.
 */
export async function trimLog(
  { reads, tables }: PostgresConnections,
  timeoutMs: number,
): Promise<void> {
  const lockKey = lockKeyOf('trimming', tables.schema);
  const trim = `${tables.qualify('trim_revocation_log')}(${FRAMES_PER_TRANSACTION})`;
  const begin = `${BEGIN_WRITING}; SET LOCAL statement_timeout = ${timeoutMs}`;
  let trimmed: number;
  do {
    trimmed = await inTransaction(reads, begin, async (client) => {
      const { rows } = await client.query<{ count: string }>(
        `SELECT (CASE WHEN pg_try_advisory_xact_lock(${lockKey})
           THEN ${trim} ELSE 0 END)::text AS count`,
      );
      return Number(rows[0]?.count);
    });
  } while (trimmed === FRAMES_PER_TRANSACTION);
}
