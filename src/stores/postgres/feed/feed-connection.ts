import type { Pool, PoolClient } from 'pg';
import { onConnection } from '../connection/connections';
import { codeOf, within } from '../connection/postgres-error';
import { CLIENT_GRACE_MS } from '../connection/pool-options';
import type { Doorbell } from './doorbell';

/** Rows of text, one list for each statement of a message. */
export type Answers = readonly {
  readonly rows: readonly unknown[];
  readonly rowCount: number | null;
}[];

/**
 * The one connection by which an instance reads what is new, rings and hears the doorbell, and
 * announces itself. Who uses it has it alone meanwhile. It is replaced when it fails, and not when a
 * statement is refused.
 */
export class FeedConnection {
  /** @param pool of one connection; called when the store is open. */
  constructor(
    private readonly pool: () => Pool,
    private readonly doorbell: Doorbell,
  ) {}

  async use<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const settled = await onConnection(this.pool(), async (client) => {
      await this.doorbell.busy(client);
      const [outcome] = await Promise.allSettled([work(client)]);
      if (outcome.status === 'rejected') await rollBackAfter(outcome.reason, client);
      this.doorbell.idle(client);
      return outcome;
    });
    if (settled.status === 'rejected') throw settled.reason;
    return settled.value;
  }

  /** Closes the connection after that, if there is one: nothing listens. `use` makes another. */
  async useLast(work: (client: PoolClient) => Promise<unknown>): Promise<void> {
    const client = await this.pool().connect();
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

/** Of an error that the server has answered with. */
const SQLSTATE = /^[0-9A-Z]{5}$/;
const ROLLBACK_MS = 2000;

/**
 * Keeps a connection on which a statement was refused: a new one would ring, and what is refused
 * again and again would read again and again.
 * @throws what was given, or what came of it, where the connection is of no use any more.
 */
async function rollBackAfter(error: unknown, client: PoolClient): Promise<void> {
  if (!SQLSTATE.test(codeOf(error) ?? '')) throw error;
  await within(ROLLBACK_MS, client.query('ROLLBACK'));
}
