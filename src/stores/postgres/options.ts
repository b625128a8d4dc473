/** How the Postgres store behaves. Everything has a default. */
export interface PostgresStoreOptions {
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
   * Told what went wrong in upkeep, which is tried again, and in idle connections.
   * @defaultValue `process.emitWarning`
   */
  readonly onError?: (error: Error) => void;
}

/** `PostgresStoreOptions` with every default filled in. */
export type ResolvedStoreOptions = Required<PostgresStoreOptions>;

/** @throws {TypeError} naming the option and what it must be. */
export function resolveStoreOptions(options: PostgresStoreOptions): ResolvedStoreOptions {
  const { lookupTimeoutMs = 400, writeTimeoutMs = 2000, upkeepIntervalMs = 60_000 } = options;
  checkWhole('lookupTimeoutMs', lookupTimeoutMs, 10, 60_000);
  checkWhole('writeTimeoutMs', writeTimeoutMs, 10, 60_000);
  checkWhole('upkeepIntervalMs', upkeepIntervalMs, 100, 3_600_000);
  const { migrate = true, onError = warn } = options;
  check('migrate', typeof migrate === 'boolean', 'true or false', migrate);
  check('onError', typeof onError === 'function', 'a function', onError);
  const timing = { lookupTimeoutMs, writeTimeoutMs, upkeepIntervalMs };
  return Object.freeze({ ...timing, migrate, onError: untroubled(onError) });
}

function checkWhole(name: string, value: number, least: number, most: number): void {
  const isFit = Number.isInteger(value) && value >= least && value <= most;
  check(name, isFit, `a whole number of milliseconds from ${least} to ${most}`, value);
}

function check(name: string, isFit: boolean, requirement: string, value: unknown): void {
  if (isFit) return;
  throw new TypeError(`nestjs-logout: "${name}" must be ${requirement}, got ${String(value)}.`);
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
  process.emitWarning(`nestjs-logout: ${error.message}`);
};
