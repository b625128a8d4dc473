import { BEGIN_WRITING, inTransaction, type PostgresConnections } from '../connection/connections';
import { orUnavailable } from '../connection/postgres-error';
import type { Statement } from '../writes/insertions';

/** Reads for administration and audit; they take turns on one connection. */
export class Reader {
  constructor(
    private readonly connections: PostgresConnections,
    private readonly timeoutMs: number,
  ) {}

  /**
   * The rows of the statement, as the primary has them.
   * @param pool whose connection it takes.
   * @throws {StoreUnavailableError} also where the server is a standby.
   */
  rows<Row extends object>(
    operation: string,
    statement: () => Statement,
    pool: 'reads' | 'writes' = 'reads',
  ): Promise<readonly Row[]> {
    // A standby, which may not have seen the last revocations, refuses a transaction that may write.
    const begin = `${BEGIN_WRITING}; SET LOCAL statement_timeout = ${this.timeoutMs}`;
    return orUnavailable(operation, this.timeoutMs, () =>
      inTransaction(this.connections[pool], begin, async (client) => {
        const { rows } = await client.query<Row & Record<string, unknown>>(statement());
        return rows;
      }),
    );
  }
}
