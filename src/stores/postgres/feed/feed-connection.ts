import type { PoolClient } from 'pg';
import { onConnection, type PostgresConnections } from '../connection/connections';
import { within } from '../connection/postgres-error';
import { CLIENT_GRACE_MS } from '../connection/pool-options';
import type { Doorbell } from './doorbell';

/** Rows of text, one list for each statement of a message. */
export type Answers = readonly {
  readonly rows: readonly unknown[];
  readonly rowCount: number | null;
}[];

/**
 * The one connection by which an instance reads what is new, hears the doorbell and announces
 * itself. Who uses it has it alone meanwhile, and it is replaced when that fails.
 */
export class FeedConnection {
  constructor(
    private readonly connections: PostgresConnections,
    private readonly doorbell: Doorbell,
  ) {}

  use<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    return onConnection(this.connections.feed, async (client) => {
      await this.doorbell.busy(client);
      const result = await work(client);
      this.doorbell.idle(client);
      return result;
    });
  }

  /** Closes the connection after that, if there is one: nothing listens. `use` makes another. */
  async useLast(work: (client: PoolClient) => Promise<unknown>): Promise<void> {
    const client = await this.connections.feed.connect();
    try {
      await work(client);
    } finally {
      client.release(true);
    }
  }
}

/**
 * Sends one message of several statements.
 * @throws {PostgresError} no answer in time; the connection is of no use then.
 */
export async function send(
  client: PoolClient,
  timeoutMs: number,
  message: string,
): Promise<Answers> {
  // The driver answers a message of several statements with as many results.
  const results: unknown = await within(timeoutMs + CLIENT_GRACE_MS, client.query(message));
  return results as Answers;
}
