import {
  BEGIN_WRITING,
  inTransaction,
  poolOf,
  type PostgresConnections,
} from '../connection/connections';
import { codeOf, LOCK_NOT_AVAILABLE } from '../connection/postgres-error';
import { lockKeyOf } from './advisory-lock';

/** For one index of one day: some seconds for a million rows. */
const INDEX_TIMEOUT_MS = 3_600_000;
const CANCELLED = '57014';

/** The indexes of the days of the audit that have closed. */
export class AuditIndexes {
  /** Of the session that makes one. */
  private pid?: string;
  private isStopped = false;

  constructor(private readonly connections: PostgresConnections) {}

  /**
   * Makes those that are missing, one a transaction, on a connection of its own that is closed
   * afterwards. Ends early where another instance is at work, or another session holds a lock; the
   * next call goes on.
   */
  async makeMissing(): Promise<void> {
    if (!(await this.isOneMissing())) return;
    const { connections } = this;
    const source = await connections.connect({
      role: 'indexes',
      size: 1,
      timeoutMs: INDEX_TIMEOUT_MS,
      onError: () => undefined,
    });
    try {
      while (!this.isStopped && (await this.makeOne(poolOf(source)))) continue;
    } catch (error) {
      if (codeOf(error) === LOCK_NOT_AVAILABLE) return;
      if (codeOf(error) === CANCELLED && this.isStopped) return;
      throw error;
    } finally {
      delete this.pid;
      await source.destroy();
    }
  }

  /** Breaks off what is being made. The next start makes it anew. */
  async stop(): Promise<void> {
    this.isStopped = true;
    if (this.pid === undefined) return;
    await this.connections.writes.query('SELECT pg_cancel_backend($1::integer)', [this.pid]);
  }

  private async isOneMissing(): Promise<boolean> {
    const { reads, tables } = this.connections;
    const { rows } = await reads.query(`SELECT name FROM ${tables.qualify('next_audit_index')}()`);
    return rows.length > 0;
  }

  /** @returns whether it made one. */
  private makeOne(pool: ReturnType<typeof poolOf>): Promise<boolean> {
    const { tables } = this.connections;
    const lockKey = lockKeyOf('audit indexes', tables.schema);
    const begin = `${BEGIN_WRITING}; SET LOCAL statement_timeout = ${INDEX_TIMEOUT_MS}`;
    return inTransaction(pool, begin, async (client) => {
      const { rows } = await client.query<{ pid: string; is_ours: string }>(
        `SELECT pg_backend_pid()::text AS pid, pg_try_advisory_xact_lock(${lockKey})::text AS is_ours`,
      );
      const [row] = rows;
      if (row !== undefined) this.pid = row.pid;
      if (row?.is_ours !== 'true') return false;
      const made = await client.query<{ name: string | null }>(
        `SELECT ${tables.qualify('index_audit_day')}() AS name`,
      );
      return made.rows[0]?.name != null;
    });
  }
}
