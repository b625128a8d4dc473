import { BEGIN_WRITING, inTransaction, type PostgresConnections } from '../connection/connections';
import { codeOf, NO_PARTITION } from '../connection/postgres-error';
import { DURABLE_COMMIT, type Statement } from './insertions';
import type { Partitions } from '../schema/partitions';

/** Inserts into the audit in a durable transaction, making the month that it may lack. */
export class Writer {
  constructor(
    private readonly connections: PostgresConnections,
    private readonly partitions: Partitions,
    private readonly timeoutMs: number,
  ) {}

  /** @returns the rows, once they are committed. */
  async run(statement: Statement): Promise<unknown[]> {
    try {
      return await this.attempt(statement);
    } catch (error) {
      if (codeOf(error) !== NO_PARTITION) throw error;
      await this.partitions.makeAgain([]);
      return this.attempt(statement);
    }
  }

  private attempt(statement: Statement): Promise<unknown[]> {
    const begin =
      `${BEGIN_WRITING}; SET LOCAL statement_timeout = ${this.timeoutMs}; ` + DURABLE_COMMIT;
    return inTransaction(this.connections.writes, begin, async (client) => {
      const { rows } = await client.query<Record<string, unknown>>(statement);
      return rows;
    });
  }
}
