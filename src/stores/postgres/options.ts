import { kindOf, misconfigured, refuseUnknown } from '../../options/misconfiguration';

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
   * Told what went wrong where nobody waits for an answer: reads of what is new, announcements, the
   * doorbell, upkeep, idle connections. All of it is tried again.
   * @defaultValue `process.emitWarning`
   */
  readonly onError?: (error: Error) => void;
}

/** `PostgresStoreOptions` with every default filled in. */
export type ResolvedStoreOptions = Required<Omit<PostgresStoreOptions, 'feedConnection'>> &
  Pick<PostgresStoreOptions, 'feedConnection'>;

/** Every option there is; a name left out here does not compile. */
const KNOWN: Readonly<Record<keyof PostgresStoreOptions, true>> = {
  check: true,
  maxStalenessMs: true,
  pollIntervalMs: true,
  maxEntries: true,
  logoutWaits: true,
  feedConnection: true,
  lookupTimeoutMs: true,
  writeTimeoutMs: true,
  upkeepIntervalMs: true,
  migrate: true,
  onError: true,
};

const MS = 'milliseconds';

/** @throws {TypeError} naming the option and what it must be. */
export function resolveStoreOptions(options: PostgresStoreOptions): ResolvedStoreOptions {
  refuseUnknown(options, KNOWN);
  const { feedConnection, migrate = true, onError = warn } = options;
  if (typeof migrate !== 'boolean')
    throw misconfigured('migrate', 'true or false', kindOf(migrate));
  if (typeof onError !== 'function') throw misconfigured('onError', 'a function', kindOf(onError));
  if (feedConnection !== undefined && !/^postgres(?:ql)?:\/\/\S+$/.test(feedConnection)) {
    const example = 'a URL such as postgres://user@host:5432/database';
    throw misconfigured('feedConnection', example, kindOf(feedConnection));
  }
  return Object.freeze({
    check: oneOf('check', options.check, ['replica', 'direct']),
    logoutWaits: oneOf('logoutWaits', options.logoutWaits, ['instance', 'cluster']),
    feedConnection,
    migrate,
    onError: untroubled(onError),
    ...resolveNumbers(options),
  });
}

function resolveNumbers(options: PostgresStoreOptions) {
  const { maxStalenessMs = 2000, maxEntries = 5_000_000 } = options;
  const { pollIntervalMs = Math.min(500, Math.floor(maxStalenessMs / 4)) } = options;
  const { lookupTimeoutMs = 400, writeTimeoutMs = 2000, upkeepIntervalMs = 60_000 } = options;
  checkWhole('maxStalenessMs', maxStalenessMs, 200, 60_000, MS);
  checkWhole('pollIntervalMs', pollIntervalMs, 50, 10_000, MS);
  checkWhole('maxEntries', maxEntries, 1, 100_000_000, 'revocations');
  checkWhole('lookupTimeoutMs', lookupTimeoutMs, 10, 60_000, MS);
  checkWhole('writeTimeoutMs', writeTimeoutMs, 10, 60_000, MS);
  checkWhole('upkeepIntervalMs', upkeepIntervalMs, 100, 3_600_000, MS);
  if (2 * pollIntervalMs > maxStalenessMs)
    throw misconfigured(
      'pollIntervalMs',
      'at most half of "maxStalenessMs"',
      String(pollIntervalMs),
    );
  const limits = { lookupTimeoutMs, writeTimeoutMs, upkeepIntervalMs };
  return { maxStalenessMs, pollIntervalMs, maxEntries, ...limits };
}

/** The first choice is the default. */
function oneOf<T extends string>(name: string, value: T | undefined, choices: [T, ...T[]]): T {
  const choice = value ?? choices[0];
  if (choices.includes(choice)) return choice;
  throw misconfigured(name, choices.map((each) => `"${each}"`).join(' or '), kindOf(value));
}

function checkWhole(name: string, value: number, least: number, most: number, unit: string): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw misconfigured(name, `a whole number of ${unit} from ${least} to ${most}`, kindOf(value));
}

/** Called from timers and sockets, where what it throws would end the process. */
function untroubled(onError: (error: Error) => void): (error: Error) => void {
  return (error) => {
    try {
      onError(error);
    } catch {
      // Nobody is left to be told.
    }
  };
}

const warn = (error: Error): void => {
  process.emitWarning(`nestjs-logout: ${messages(error).join(' ')}`);
};

/** What a wrapped error says of itself is seldom enough to act on. */
function messages({ message, cause }: Error): string[] {
  return cause instanceof Error ? [message, ...messages(cause)] : [message];
}
