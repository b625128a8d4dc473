import type { EventEmitter } from 'node:events';
import { toPostgresError } from './postgres-error';
import type { PostgresOptions } from './source';

/** What a pool of ours is for. */
export interface PoolNeeds {
  /** Its name in `pg_stat_activity`, after ours. */
  readonly role: string;
  readonly size: number;
  /** For a statement. */
  readonly timeoutMs: number;
  readonly onError: (error: Error) => void;
  /** A connection string that leads elsewhere than the host's does, to the same database. */
  readonly address?: string | undefined;
  /** Its connections stay open while they are idle. */
  readonly isKept?: boolean;
}

/**
 * What is dropped of the host's start-up parameters. PgBouncer refuses the time limits, and ours are
 * set in each transaction. The driver reads UTF-8 alone, and the application name is made anew.
 * `options` stay: where PgBouncer refuses them, it refuses the host's own connections as well.
 */
const OWN_PARAMETERS = [
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'query_timeout',
  'client_encoding',
  'application_name',
];

const CREDENTIALS = ['host', 'port', 'username', 'password', 'database', 'ssl'];

/**
 * For getting a connection, at least: a busy server is slow to fork. Callers that wait for an answer
 * have a limit of their own.
 */
const LEAST_CONNECT_TIMEOUT_MS = 2000;

/** The client gives up later than the server, which then frees its backend by itself. */
export const CLIENT_GRACE_MS = 250;

/** PostgreSQL cuts a name to 63 bytes; ours must stay whole. */
const HOST_NAME_LENGTH = 38;

/**
 * Options for a data source of ours to the primary of the host's, which runs nothing by itself
 * and knows no entity.
 * @param connectTimeoutMs for getting a connection, where that is more than 2 s.
 */
export function ownOptions(
  host: PostgresOptions,
  needs: PoolNeeds,
  connectTimeoutMs: number,
): PostgresOptions {
  return {
    type: 'postgres',
    ...credentialsOf(host, needs.address),
    ...pick(host, ['driver', 'nativeDriver']),
    applicationName: [...hostName(host, needs.address), 'nestjs-logout', needs.role].join(' '),
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
      ...without(host.extra, OWN_PARAMETERS),
      ...(needs.isKept === true && { idleTimeoutMillis: 0 }),
      max: needs.size,
      min: 0,
      query_timeout: needs.timeoutMs + CLIENT_GRACE_MS,
      connectionTimeoutMillis: Math.max(LEAST_CONNECT_TIMEOUT_MS, connectTimeoutMs),
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

/** A replica may not have seen a logout yet. */
const primaryOf = (options: PostgresOptions): Partial<PostgresOptions> =>
  options.replication?.master ?? options;

function credentialsOf(options: PostgresOptions, address?: string): Partial<PostgresOptions> {
  const primary = primaryOf(options);
  if (address !== undefined)
    return { ...pick(primary, ['ssl']), url: withoutOwnParameters(address) };
  const { url } = primary;
  return {
    ...pick(primary, CREDENTIALS),
    ...(url === undefined ? {} : { url: withoutOwnParameters(url) }),
  };
}

/** What the host calls its own connections, where it does. */
function hostName(options: PostgresOptions, address?: string): string[] {
  const primary = primaryOf(options);
  const extra: unknown = options.extra;
  const names: unknown[] = [
    parametersOf(address ?? primary.url ?? '')?.get('application_name'),
    typeof extra === 'object' && extra !== null && Reflect.get(extra, 'application_name'),
    options.applicationName,
    primary.applicationName,
    process.env['PGAPPNAME'],
  ];
  const name = names.find((each) => typeof each === 'string' && each !== '');
  return typeof name === 'string' ? [name.slice(0, HOST_NAME_LENGTH)] : [];
}

/** Not every connection string that the driver takes is a URL. */
const parametersOf = (url: string): URLSearchParams | undefined =>
  URL.canParse(url) ? new URL(url).searchParams : undefined;

function withoutOwnParameters(url: string): string {
  if (!url.includes('?') || !URL.canParse(url)) return url;
  const parsed = new URL(url);
  for (const name of OWN_PARAMETERS) parsed.searchParams.delete(name);
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
