import { DEFAULT_SCHEMA } from '../../../migrations/schema-names';
import {
  flag,
  having,
  oneOf,
  optional,
  reporter,
  resolve,
  text,
  whole,
  type Table,
} from '../../options/option';
import { warn } from '../../options/warn';
import type { RelayTransport } from '../../relay/relay-transport';
import { pollIntervalOf } from '../../replica/poll-interval';

/** How the address of a PostgreSQL server begins. */
export const POSTGRES_URL = /^postgres(?:ql)?:\/\/\S+$/;

/** The server cuts longer names. A dollar sign could end the quotes of a function's body. */
const SCHEMA_NAME = /^(?!pg_|information_schema$)[ -#%-~]{1,63}$/;

/** How the Postgres store behaves. Everything has a default. */
export interface PostgresStoreOptions {
  /**
   * The schema of our tables and functions, which holds nothing else. `open()` makes it. Apps of
   * one database that name the same schema share their revocations and their audit.
   * @defaultValue 'nestjs_logout'
   */
  readonly schema?: string;
  /**
   * How a token is checked: from an in-memory replica that may be at most `maxStalenessMs` behind,
   * or by asking the database each time.
   * @defaultValue 'replica'
   */
  readonly check?: 'replica' | 'direct';
  /**
   * The bound: no instance accepts a token in a request that begins this long after its logout was
   * answered, whatever fails. In ms; 200–60000, and at least twice `pollIntervalMs`.
   * @defaultValue 2000
   */
  readonly maxStalenessMs?: number;
  /**
   * How often the replica asks what changed, beside being woken by the doorbell, and how long it
   * rests between two questions at most, in ms; 50–10000.
   * @defaultValue 500, or a quarter of `maxStalenessMs` where that is less
   */
  readonly pollIntervalMs?: number;
  /**
   * How many live revocations the replica holds, at up to 32 bytes each; 1–100000000. Where there
   * are more, the database is asked.
   * @defaultValue 5000000
   */
  readonly maxEntries?: number;
  /**
   * What a logout waits for after its commit: nothing more, or until no instance answers from a
   * memory that lacks it, so that the bound is 0.
   * @defaultValue 'instance'
   */
  readonly logoutWaits?: 'instance' | 'cluster';
  /**
   * A direct address of the same database, as a connection string, for the one connection that
   * follows what changes and listens: for data sources that lead through PgBouncer, which delivers
   * no notifications.
   * @defaultValue the address of the data source
   */
  readonly feedConnection?: string;
  /**
   * A broker, through which this instance tells others that do not reach the database what is
   * revoked; see docs/relay.md. The store opens and closes its connections.
   * @defaultValue nothing is told
   */
  readonly relay?: RelayTransport;
  /**
   * How long the check of one token may take before it fails, in ms; 10–60000.
   * @defaultValue 400
   */
  readonly lookupTimeoutMs?: number;
  /**
   * How long adding a revocation may take before it fails, in ms; 10–60000. A read of the audit
   * has 10 s, or this where it is longer.
   * @defaultValue 2000
   */
  readonly writeTimeoutMs?: number;
  /**
   * How often partitions are made ahead and expired ones are dropped, in ms; 100–3600000.
   * @defaultValue 60000
   */
  readonly upkeepIntervalMs?: number;
  /**
   * For how many months the audit is kept after the end of each, in whole months; 1–1200. Upkeep
   * drops older ones where the role owns the tables; otherwise `onError` is told once what their
   * owner should run.
   * @defaultValue it is kept for ever
   */
  readonly auditMonths?: number;
  /**
   * Whether `open()` creates and updates the tables. Turn it off where the service's role may not;
   * then your deployment opens and closes a store as their owner, or runs `revocationMigrations`.
   * @defaultValue true
   */
  readonly migrate?: boolean;
  /**
   * Told what went wrong in the background: reads of what is new, announcements, the doorbell,
   * upkeep, idle connections. All of it is tried again.
   * @defaultValue `process.emitWarning`
   */
  readonly onError?: (error: Error) => void;
}

/** Every option; one that is left out here does not compile. */
export const POSTGRES_STORE_OPTIONS = {
  schema: text('the name of a schema: 1 to 63 ASCII characters, none of them $', SCHEMA_NAME, {
    default: DEFAULT_SCHEMA,
    env: 'DATABASE_SCHEMA',
    says: 'The schema of our tables, which holds nothing else.',
  }),
  check: oneOf(['replica', 'direct'], {
    default: 'replica',
    env: 'CHECK',
    says: 'How a token is checked: from memory, or by asking the database each time.',
  }),
  maxStalenessMs: whole(200, 60_000, {
    unit: 'milliseconds',
    default: 2000,
    env: 'MAX_STALENESS_MS',
    says: 'The bound: how long after a logout another instance may accept the token, at most.',
  }),
  pollIntervalMs: optional(
    whole(50, 10_000, {
      unit: 'milliseconds',
      defaultSays: '500, or a quarter of `maxStalenessMs` where that is less',
      says: 'How often the replica asks what changed; at most half of `maxStalenessMs`.',
    }),
  ),
  maxEntries: whole(1, 100_000_000, {
    unit: 'revocations',
    default: 5_000_000,
    says: 'How many the replica holds, at up to 32 bytes each; beyond, the database is asked.',
  }),
  logoutWaits: oneOf(['instance', 'cluster'], {
    default: 'instance',
    env: 'LOGOUT_WAITS',
    says: 'Whether the 200 waits for its own commit, or until every instance refuses the token.',
  }),
  feedConnection: optional(
    text('a URL such as postgres://user@host:5432/database', POSTGRES_URL, {
      defaultSays: 'the address of the data source',
      says: 'A direct address for the connection of the feed, where PgBouncer stands between.',
    }),
  ),
  relay: optional(
    having<RelayTransport>('takeAsks', 'a RelayTransport, such as new RedisRelay(client)', {
      defaultSays: 'none',
      says: 'A broker that tells what is revoked to instances that do not reach the database.',
    }),
  ),
  lookupTimeoutMs: whole(10, 60_000, {
    unit: 'milliseconds',
    default: 400,
    says: 'How long the check of one token may take before it fails.',
  }),
  writeTimeoutMs: whole(10, 60_000, {
    unit: 'milliseconds',
    default: 2000,
    says: 'How long adding a revocation may take before it fails; a read of the audit has 10 s.',
  }),
  upkeepIntervalMs: whole(100, 3_600_000, {
    unit: 'milliseconds',
    default: 60_000,
    says: 'How often partitions are made ahead and expired ones are dropped.',
  }),
  auditMonths: optional(
    whole(1, 1200, {
      unit: 'months',
      defaultSays: 'for ever',
      env: 'AUDIT_MONTHS',
      says: 'How long the audit is kept; upkeep drops older days where the role owns the tables.',
    }),
  ),
  migrate: flag({
    default: true,
    env: 'MIGRATE',
    says: 'Whether `open()` creates and updates the tables; `false` where the role may not.',
  }),
  onError: reporter<Error>({
    default: warn,
    defaultSays: '`process.emitWarning`',
    says: 'Called with each failure in the background; all of it is tried again.',
  }),
} satisfies Table<PostgresStoreOptions>;

/** `PostgresStoreOptions` with every default filled in. */
export type ResolvedStoreOptions = ReturnType<typeof resolveStoreOptions>;

/** @throws {TypeError} naming the option and what it must be. */
export function resolveStoreOptions(options: PostgresStoreOptions) {
  const resolved = resolve(POSTGRES_STORE_OPTIONS, options);
  return Object.freeze({ ...resolved, pollIntervalMs: pollIntervalOf(resolved) });
}
