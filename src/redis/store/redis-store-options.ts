import { oneOf, optional, reporter, resolve, whole, type Table } from '../../options/option';
import { warn } from '../../options/warn';
import { pollIntervalOf } from '../../replica/poll-interval';
import { REDIS_NAME } from '../redis-options';

/** How `RedisRevocationStore` behaves. Everything has a default. */
export interface RedisStoreOptions {
  /**
   * What our keys begin with. Instances that name the same one in the same Redis share revocations,
   * sessions and audit.
   * @defaultValue 'default'
   */
  readonly name?: string;
  /**
   * How many replicas of Redis must have confirmed each change, and each read that memory answers by;
   * 0–10. To be set where there are replicas: without it a failover loses logouts.
   * @defaultValue 0
   */
  readonly waitForReplicas?: number;
  /**
   * How many events the audit keeps; 0–100000000. The oldest go first.
   * @defaultValue 100000
   */
  readonly maxAuditEvents?: number;
  /** As of `PostgresStoreOptions`. @defaultValue 'replica' */
  readonly check?: 'replica' | 'direct';
  /** As of `PostgresStoreOptions`, in ms; 200–60000. @defaultValue 2000 */
  readonly maxStalenessMs?: number;
  /**
   * As of `PostgresStoreOptions`, in ms; 50–10000.
   * @defaultValue 500, or a quarter of `maxStalenessMs` where that is less
   */
  readonly pollIntervalMs?: number;
  /** As of `PostgresStoreOptions`; 1–100000000. @defaultValue 5000000 */
  readonly maxEntries?: number;
  /** As of `PostgresStoreOptions`. @defaultValue 'instance' */
  readonly logoutWaits?: 'instance' | 'cluster';
  /** How long the check of one token may take before it fails, in ms; 10–60000. @defaultValue 400 */
  readonly lookupTimeoutMs?: number;
  /** How long a change, or reading the audit, may take, in ms; 10–60000. @defaultValue 2000 */
  readonly writeTimeoutMs?: number;
  /**
   * Told what went wrong in the background. All of it is tried again.
   * @defaultValue `process.emitWarning`
   */
  readonly onError?: (error: Error) => void;
}

/** Every option; one that is left out here does not compile. */
export const REDIS_STORE_OPTIONS = {
  name: REDIS_NAME,
  waitForReplicas: whole(0, 10, {
    unit: 'replicas',
    default: 0,
    says: 'How many replicas of Redis must confirm each change, and each read that memory rests on.',
  }),
  maxAuditEvents: whole(0, 100_000_000, {
    unit: 'events',
    default: 100_000,
    says: 'How many events the audit keeps; the oldest go first.',
  }),
  check: oneOf(['replica', 'direct'], {
    default: 'replica',
    says: 'How a token is checked: from memory, or by asking Redis each time.',
  }),
  maxStalenessMs: whole(200, 60_000, {
    unit: 'milliseconds',
    default: 2000,
    says: 'The bound: how long after a logout another instance may accept the token, at most.',
  }),
  pollIntervalMs: optional(
    whole(50, 10_000, {
      unit: 'milliseconds',
      defaultSays: '500, or a quarter of `maxStalenessMs` where that is less',
      says: 'How often memory asks what changed; at most half of `maxStalenessMs`.',
    }),
  ),
  maxEntries: whole(1, 100_000_000, {
    unit: 'revocations',
    default: 5_000_000,
    says: 'How many memory holds, at up to 32 bytes each; beyond, Redis is asked.',
  }),
  logoutWaits: oneOf(['instance', 'cluster'], {
    default: 'instance',
    says: 'Whether the 200 waits for its own change, or until every instance refuses the token.',
  }),
  lookupTimeoutMs: whole(10, 60_000, {
    unit: 'milliseconds',
    default: 400,
    says: 'How long the check of one token may take before it fails.',
  }),
  writeTimeoutMs: whole(10, 60_000, {
    unit: 'milliseconds',
    default: 2000,
    says: 'How long a change, or reading the audit, may take before it fails.',
  }),
  onError: reporter<Error>({
    default: warn,
    defaultSays: '`process.emitWarning`',
    says: 'Called with each failure in the background; all of it is tried again.',
  }),
} satisfies Table<RedisStoreOptions>;

/** `RedisStoreOptions` with every default filled in. */
export type ResolvedRedisOptions = ReturnType<typeof resolveRedisOptions>;

/** @throws {TypeError} naming the option and what it must be. */
export function resolveRedisOptions(options: RedisStoreOptions) {
  const resolved = resolve(REDIS_STORE_OPTIONS, options);
  return Object.freeze({ ...resolved, pollIntervalMs: pollIntervalOf(resolved) });
}
