import type { Pool, PoolClient } from 'pg';
import { DataSource } from 'typeorm';
import { PostgresError } from './postgres-error';
import { ownOptions, type PoolNeeds } from './pool-options';
import type { ResolvedStoreOptions } from '../options';
import { postgresOptionsOf, type PostgresOptions, type PostgresSource } from './source';
import { Tables } from './tables';

/**
 * For the transaction: what is not in our schema is found in `pg_catalog` alone. Otherwise a
 * function of another role in `public` may fit a call better, and would run with our rights. Not
 * for the session, which PgBouncer shares among its clients.
 */
export const PINNED_SEARCH_PATH = 'SET LOCAL search_path = pg_catalog, pg_temp';

/**
 * Whatever a role's or a database's defaults are: our statements are written for these. Two
 * statements.
 */
export const BEGIN_WRITING = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; ${PINNED_SEARCH_PATH}`;

const WRITE_CONNECTIONS = 2;
/** What is asked meanwhile shares the next statement. */
export const LOOK_UP_CONNECTIONS = 1;
/** Readers of the audit and of revocations take turns, and delay no look-up and no logout. */
const READ_CONNECTIONS = 1;
/** Reads what is new, rings and hears the doorbell, announces this instance: stays open for good. */
const FEED_CONNECTIONS = 1;
/** For each page of a long read: the first may take as long as an hour of revocations does. */
export const PAGE_TIMEOUT_MS = 10_000;

/**
 * For each statement about the audit. A question by network goes through all that happened today:
 * 3 s for a million events.
 */
export const auditTimeoutMs = ({ writeTimeoutMs }: ResolvedStoreOptions): number =>
  Math.max(writeTimeoutMs, PAGE_TIMEOUT_MS);

interface Opened {
  readonly sources: readonly DataSource[];
  readonly writes: Pool;
  readonly lookUps: Pool;
  readonly reads: Pool;
  readonly feed: Pool;
  /** Of a relay, where there is one. */
  readonly relayFeed: Pool | undefined;
}

/** Our own few connections to the host's primary, so that a full pool of the host's delays none. */
export class PostgresConnections {
  readonly tables: Tables;
  private readonly host: PostgresOptions;
  private opened?: Opened;

  /** @throws {TypeError} the source is neither a data source of PostgreSQL nor an address. */
  constructor(
    source: PostgresSource,
    private readonly options: ResolvedStoreOptions,
  ) {
    this.host = postgresOptionsOf(source);
    this.tables = new Tables(options.schema);
  }

  get writes(): Pool {
    return this.use().writes;
  }

  get lookUps(): Pool {
    return this.use().lookUps;
  }

  get reads(): Pool {
    return this.use().reads;
  }

  get feed(): Pool {
    return this.use().feed;
  }

  get relayFeed(): Pool {
    const { relayFeed } = this.use();
    if (relayFeed === undefined) throw new PostgresError('the store has no relay');
    return relayFeed;
  }

  /** Connects. What was connected before a failure is closed again. */
  async open(): Promise<void> {
    const { lookupTimeoutMs, writeTimeoutMs, feedConnection, relay, onError } = this.options;
    const sources: DataSource[] = [];
    // The pool forgets a connection before its socket is closed: while we close, a server that
    // stops as well, or a proxy, may still end it with an error that means nothing.
    const report = (error: Error): void => {
      if (this.opened !== undefined) onError(error);
    };
    const connect = async (
      role: string,
      size: number,
      timeoutMs: number,
      more: Partial<PoolNeeds> = {},
    ): Promise<Pool> => {
      const source = await this.connect({ role, size, timeoutMs, onError: report, ...more });
      sources.push(source);
      return poolOf(source);
    };
    const connectFeed = (role: string): Promise<Pool> =>
      connect(role, FEED_CONNECTIONS, PAGE_TIMEOUT_MS, { isKept: true, address: feedConnection });
    try {
      this.opened = {
        sources,
        writes: await connect('writes', WRITE_CONNECTIONS, writeTimeoutMs),
        lookUps: await connect('look-ups', LOOK_UP_CONNECTIONS, lookupTimeoutMs),
        reads: await connect('reads', READ_CONNECTIONS, auditTimeoutMs(this.options)),
        feed: await connectFeed('feed'),
        relayFeed: relay && (await connectFeed('relay feed')),
      };
    } catch (error) {
      await destroyAll(sources);
      throw error;
    }
  }

  /**
   * A data source of our own. The caller must destroy it. Longer limits for answers, as a slow server
   * or process needs them, hold for getting a connection as well.
   */
  async connect(needs: PoolNeeds, more: object = {}): Promise<DataSource> {
    const { lookupTimeoutMs, writeTimeoutMs } = this.options;
    const connectTimeoutMs = Math.max(lookupTimeoutMs, writeTimeoutMs);
    const own = ownOptions(this.host, needs, connectTimeoutMs);
    return new DataSource({ ...own, ...more }).initialize();
  }

  async close(): Promise<void> {
    const sources = this.opened?.sources ?? [];
    delete this.opened;
    await destroyAll(sources);
  }

  private use(): Opened {
    if (this.opened === undefined) {
      throw new PostgresError('the store is not open: call open() first, and not after close()');
    }
    return this.opened;
  }
}

/**
 * Runs `work` in a transaction whose every statement has a time limit at the server, and which is
 * durable once this resolves. Fails when the outcome is unknown; the connection is dropped then.
 */
export function inTransaction<T>(
  pool: Pool,
  begin: string,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  return onConnection(pool, async (client) => {
    await client.query(begin);
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  });
}

/** Lends `work` a connection of its own, which is dropped when `work` fails. */
export async function onConnection<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  try {
    const result = await work(client);
    client.release();
    return result;
  } catch (error) {
    client.release(true);
    throw error;
  }
}

async function destroyAll(sources: readonly DataSource[]): Promise<void> {
  await Promise.all(sources.map((source) => source.destroy()));
}

/** TypeORM types its pool as anything; for `postgres` it is one of `pg`. */
export const poolOf = (source: DataSource): Pool =>
  (source.driver as unknown as { master: Pool }).master;
