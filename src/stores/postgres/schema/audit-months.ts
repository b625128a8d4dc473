import { BEGIN_WRITING, inTransaction, type PostgresConnections } from '../connection/connections';
import {
  codeOf,
  INSUFFICIENT_PRIVILEGE,
  LOCK_NOT_AVAILABLE,
  PostgresError,
} from '../connection/postgres-error';
import type { ResolvedStoreOptions } from '../options';

/** Drops the days of the audit that are older than the option `auditMonths` says. */
export class AuditMonths {
  private isRefused = false;

  constructor(
    private readonly connections: PostgresConnections,
    private readonly options: ResolvedStoreOptions,
  ) {}

  /**
   * Drops nothing where another session holds a lock; the next call tries again.
   * @throws {PostgresError} the role may not, and what the owner should run. Later calls do nothing:
   * each would leave an error in the log of the server.
   */
  async dropOld(): Promise<void> {
    const { auditMonths, writeTimeoutMs } = this.options;
    if (auditMonths === undefined || this.isRefused) return;
    const { reads, tables } = this.connections;
    const begin = `${BEGIN_WRITING}; SET LOCAL statement_timeout = ${writeTimeoutMs}`;
    const drop = `SELECT ${tables.quotedSchema}.drop_audit_months(${auditMonths})`;
    const dropSome = async (): Promise<boolean> =>
      inTransaction(reads, begin, async (client) => {
        const { rows } = await client.query<{ dropped: string }>(`${drop}::text AS dropped`);
        return Number(rows[0]?.dropped) > 0;
      });
    try {
      while (await dropSome()) continue;
    } catch (error) {
      if (codeOf(error) === LOCK_NOT_AVAILABLE) return;
      if (codeOf(error) !== INSUFFICIENT_PRIVILEGE) throw error;
      this.isRefused = true;
      throw new PostgresError(
        `"auditMonths" is ${auditMonths}, and the role of this instance may not drop days of the ` +
          `audit: it does not own the tables. Let their owner run, such as once a day: ${drop}`,
        INSUFFICIENT_PRIVILEGE,
      );
    }
  }
}
