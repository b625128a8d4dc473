import type { EventEmitter } from 'node:events';
import type { DataSource, DataSourceOptions } from 'typeorm';
import { toPostgresError } from './postgres-error';

type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

/** What a pool of ours is for. */
export interface PoolNeeds {
  readonly size: number;
  /** For a statement. */
  readonly timeoutMs: number;
  readonly onError: (error: Error) => void;
  /** A connection string that leads elsewhere than the host's does, to the same database. */
  readonly address?: string;
}

/**
 * Settings that a driver sends as start-up parameters. PgBouncer refuses them, and ours are set
 * in each transaction.
 */
const STARTUP_PARAMETERS = [
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'options',
  'query_timeout',
];

const CREDENTIALS = ['host', 'port', 'username', 'password', 'database', 'ssl', 'applicationName'];

/**
 * For getting a connection. It does not depend on the limit of a statement: a busy server is slow
 * to fork. Callers that wait for an answer have a limit of their own.
 */
const CONNECT_TIMEOUT_MS = 2000;

/** The client gives up later than the server, which then frees its backend by itself. */
export const CLIENT_GRACE_MS = 250;

/**
 * Options for a data source of ours to the primary of the host's, which runs nothing by itself
 * and knows no entity.
 * @throws {TypeError} the host's data source is not of type `postgres`.
 */
export function ownOptions(host: DataSource, needs: PoolNeeds): PostgresOptions {
  const options = postgresOptionsOf(host);
  return {
    type: 'postgres',
    ...credentialsOf(options, needs.address),
    ...pick(options, ['schema', 'driver', 'nativeDriver', 'applicationName']),
    installExtensions: false,
    entities: [],
    synchronize: false,
    dropSchema: false,
    migrationsRun: false,
    logging: false,
    cache: false,
    poolSize: needs.size,
    poolErrorHandler: (error: unknown) => {
      needs.onError(toPostgresError(error));
    },
    extra: {
      keepAlive: true,
      allowExitOnIdle: true, // a process that has nothing else to do need not close the store
      ...without(options.extra, STARTUP_PARAMETERS),
      max: needs.size,
      min: 0,
      query_timeout: needs.timeoutMs + CLIENT_GRACE_MS,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      verify: listenForErrors,
    },
  };
}

/**
 * The pool calls this for each connection before it is lent. A lent connection that breaks between
 * statements emits `error`; without a listener, Node would end the process. The error can be
 * ignored: the next statement fails anyway.
 */
function listenForErrors(client: EventEmitter, done: () => void): void {
  client.on('error', () => undefined);
  done();
}

/** @throws {TypeError} as `ownOptions`. */
export function postgresOptionsOf(host: DataSource): PostgresOptions {
  const { options } = host;
  if (options.type === 'postgres') return options;
  throw new TypeError(
    `nestjs-logout: "dataSource" must be of type postgres, got ${options.type}. ` +
      'Pass a TypeORM DataSource of your PostgreSQL database.',
  );
}

function credentialsOf(options: PostgresOptions, address?: string): Partial<PostgresOptions> {
  // A replica may not have seen a logout yet.
  const primary = options.replication?.master ?? options;
  if (address !== undefined) {
    return { ...pick(primary, ['ssl']), url: withoutStartupParameters(address) };
  }
  const { url } = primary;
  return {
    ...pick(primary, CREDENTIALS),
    ...(url === undefined ? {} : { url: withoutStartupParameters(url) }),
  };
}

function withoutStartupParameters(url: string): string {
  // Not every connection string the driver takes is a URL, and one without `?` has no parameters.
  if (!url.includes('?') || !URL.canParse(url)) return url;
  const parsed = new URL(url);
  for (const name of STARTUP_PARAMETERS) parsed.searchParams.delete(name);
  return parsed.toString();
}

function without(from: unknown, names: readonly string[]): Record<string, unknown> {
  const entries = Object.entries(typeof from === 'object' && from !== null ? from : {});
  return Object.fromEntries(entries.filter(([name]) => !names.includes(name)));
}

/** What is set of the named options; TypeORM takes a present `undefined` for a setting. */
function pick(from: Partial<PostgresOptions>, names: readonly string[]): Partial<PostgresOptions> {
  const set = Object.entries(from).filter(
    ([name, value]) => names.includes(name) && value !== undefined,
  );
  return Object.fromEntries(set);
}
