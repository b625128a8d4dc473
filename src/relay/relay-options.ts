import { reporter, resolve, whole, type Table } from '../options/option';
import { warn } from '../options/warn';

/** How an instance behaves that reaches only the broker. Everything has a default. */
export interface RelayRevocationStoreOptions {
  /**
   * The bound: this instance accepts no token in a request that begins this long after its logout
   * was answered, whatever fails. In ms; 200–60000, and at most that of the relay.
   * @defaultValue 2000
   */
  readonly maxStalenessMs?: number;
  /**
   * How many live revocations are held, at up to 32 bytes each; 1–100000000. Where there are more,
   * every request gets 500.
   * @defaultValue 5000000
   */
  readonly maxEntries?: number;
  /**
   * How long a request waits for a lease where there is none, before it gets 500, in ms; 10–60000.
   * @defaultValue 400
   */
  readonly lookupTimeoutMs?: number;
  /**
   * Told what went wrong in the background, all of which is tried again, and what this instance
   * cannot do.
   * @defaultValue `process.emitWarning`
   */
  readonly onError?: (error: Error) => void;
}

/** Every option; one that is left out here does not compile. */
export const RELAY_STORE_OPTIONS = {
  maxStalenessMs: whole(200, 60_000, {
    unit: 'milliseconds',
    default: 2000,
    says: 'The bound: how long after a logout this instance may accept the token, at most. At most that of the relay.',
  }),
  maxEntries: whole(1, 100_000_000, {
    unit: 'revocations',
    default: 5_000_000,
    says: 'How many are held, at up to 32 bytes each; where there are more, every request gets 500.',
  }),
  lookupTimeoutMs: whole(10, 60_000, {
    unit: 'milliseconds',
    default: 400,
    says: 'How long a request waits for a lease where there is none, before it gets 500.',
  }),
  onError: reporter<Error>({
    default: warn,
    defaultSays: '`process.emitWarning`',
    says: 'Called with each failure in the background, and with what this instance cannot do.',
  }),
} satisfies Table<RelayRevocationStoreOptions>;

/** @throws {TypeError} naming the option and what it must be. */
export const resolveRelayStoreOptions = (options: RelayRevocationStoreOptions) =>
  Object.freeze(resolve(RELAY_STORE_OPTIONS, options));
