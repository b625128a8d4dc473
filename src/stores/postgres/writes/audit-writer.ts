import type { AuditEvent } from '../../../audit/audit-event';
import { BEGIN_WRITING, inTransaction, type PostgresConnections } from '../connection/connections';
import { codeOf, NO_PARTITION } from '../connection/postgres-error';
import { appendEvents, DURABLE_COMMIT } from './insertions';
import type { Partitions } from '../schema/partitions';

/** Appends to the audit in a durable transaction, and makes the day that it may lack. */
export class AuditWriter {
  constructor(
    private readonly connections: PostgresConnections,
    private readonly partitions: Partitions,
    private readonly timeoutMs: number,
  ) {}

  async append(events: readonly AuditEvent[]): Promise<void> {
    try {
      await this.attempt(events);
    } catch (error) {
      if (codeOf(error) !== NO_PARTITION) throw error;
      await this.partitions.makeAgain([]);
      await this.attempt(events);
    }
  }

  private attempt(events: readonly AuditEvent[]): Promise<void> {
    const begin =
      `${BEGIN_WRITING}; SET LOCAL statement_timeout = ${this.timeoutMs}; ` + DURABLE_COMMIT;
    return inTransaction(this.connections.writes, begin, async (client) => {
      await client.query(appendEvents(this.connections.tables, events));
    });
  }
}
