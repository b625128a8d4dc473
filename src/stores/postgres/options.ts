import { misconfigured } from '../../options/misconfiguration';
import {
  flag,
  oneOf,
  optional,
  reporter,
  resolve,
  text,
  whole,
  type Table,
} from '../../options/option';

/** How the address of a PostgreSQL server begins. */
export const POSTGRES_URL = /^postgres(?:ql)?:\/\/\S+$/;

/** How the Postgres store behaves. Everything has a default. */
export interface PostgresStoreOptions {
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
   * How often the replica asks what changed, beside being woken by the doorbell, in ms; 50–10000.
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
   * listens: for data sources that lead through PgBouncer, which delivers no notifications.
   * @defaultValue the address of the data source
   */
  readonly feedConnection?: string;
  /**
   * How long the check of one token may take before it fails, in ms; 10–60000.
   * @defaultValue 400
   */
  readonly lookupTimeoutMs?: number;
  /**
   * How long adding a revocation, or reading the audit, may take before it fails, in ms; 10–60000.
   * @defaultValue 2000
   */
  readonly writeTimeoutMs?: number;
  /**
   * How often partitions are made ahead and expired ones are dropped, in ms; 100–3600000.
   * @defaultValue 60000
   */
  readonly upkeepIntervalMs?: number;
  /**
   * Whether `open()` creates and updates the tables. Turn it off where the service's role may not;
   * then run `revocationMigrations` in your deployment.
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
      says: 'A direct address for the connection that listens, where PgBouncer stands between.',
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
    says: 'How long adding a revocation, or reading the audit, may take before it fails.',
  }),
  upkeepIntervalMs: whole(100, 3_600_000, {
    unit: 'milliseconds',
    default: 60_000,
    says: 'How often partitions are made ahead and expired ones are dropped.',
  }),
  migrate: flag({
    default: true,
    env: 'MIGRATE',
    says: 'Whether `open()` creates and updates the tables.',
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
  const { maxStalenessMs } = resolved;
  const { pollIntervalMs = Math.min(500, Math.floor(maxStalenessMs / 4)) } = resolved;
  if (2 * pollIntervalMs <= maxStalenessMs) return Object.freeze({ ...resolved, pollIntervalMs });
  throw misconfigured('pollIntervalMs', 'at most half of "maxStalenessMs"', String(pollIntervalMs));
}

function warn(error: Error): void {
  process.emitWarning(`nestjs-logout: ${messages(error).join(' ')}`);
}

/** What a wrapped error says of itself is seldom enough to act on. */
function messages({ message, cause }: Error): string[] {
  return cause instanceof Error ? [message, ...messages(cause)] : [message];
}
