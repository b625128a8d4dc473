import { createHash } from 'node:crypto';
import { reporter, resolve, type Table } from '../options/option';
import { warn } from '../options/warn';
import { INSTANCE_TIME, rateLimited } from '../time/instance-time';
import type { RedisClient } from './redis-client';
import { RedisLink } from './redis-link';
import { CALL_TIMEOUT_MS } from '../relay/call-timeout';
import { REDIS_CLIENT, REDIS_NAME } from './redis-options';

export interface RedisThrottlerOptions {
  /**
   * What our keys begin with. Instances that name the same one in the same Redis share the limit.
   * @defaultValue 'default'
   */
  readonly name?: string;
  /**
   * How long a command may take before it fails and its connection is given up, in ms; 10–60000.
   * @defaultValue 400
   */
  readonly callTimeoutMs?: number;
  /**
   * Told, once a minute at most, that requests are not counted.
   * @defaultValue `process.emitWarning`
   */
  readonly onError?: (error: Error) => void;
}

export const REDIS_THROTTLER_OPTIONS = {
  name: REDIS_NAME,
  callTimeoutMs: CALL_TIMEOUT_MS,
  onError: reporter<Error>({
    default: warn,
    defaultSays: '`process.emitWarning`',
    says: 'Told, once a minute at most, that requests are not counted.',
  }),
} satisfies Table<RedisThrottlerOptions>;

/** As `ThrottlerStorageRecord` of @nestjs/throttler. */
export interface ThrottlerRecord {
  /** The requests that count, with this one. */
  readonly totalHits: number;
  /** Seconds until the first of them counts no more, rounded up. */
  readonly timeToExpire: number;
  readonly isBlocked: boolean;
  /** Seconds until the key is free again, rounded up; 0 where it is not blocked. */
  readonly timeToBlockExpire: number;
}

/** Of a request that could not be counted. */
const NOT_COUNTED: ThrottlerRecord = {
  totalHits: 0,
  timeToExpire: 0,
  isBlocked: false,
  timeToBlockExpire: 0,
};

/**
 * KEYS: the instants in ms at which hits end (a list, the first first), and the block.
 * ARGV: ttl, limit and block duration; the last may be 0: then a key is free as soon as a hit ends.
 * Returns hits, ms until the first ends, whether the key is blocked, ms until it is free.
 */
const INCREMENT = `
local hits, block = KEYS[1], KEYS[2]
local ttl, limit, blockMs = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local blockedMs = redis.call('PTTL', block)
if blockedMs > 0 then return {limit + 1, blockedMs, 1, blockedMs} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local first = tonumber(redis.call('LINDEX', hits, 0))
while first and first <= now do
  redis.call('LPOP', hits)
  first = tonumber(redis.call('LINDEX', hits, 0))
end
local count = redis.call('LLEN', hits)
if count < limit then
  redis.call('RPUSH', hits, string.format('%.0f', now + ttl))
  redis.call('PEXPIRE', hits, ttl)
  return {count + 1, (first or now + ttl) - now, 0, 0}
end
if blockMs > 0 then
  redis.call('DEL', hits)
  redis.call('SET', block, '1', 'PX', blockMs)
  return {limit + 1, blockMs, 1, blockMs}
end
local freeMs = (first or now + ttl) - now
return {limit + 1, freeMs, 1, freeMs}`;

/**
 * Counts requests in Redis 6.2 or newer, for all instances together: a `throttlerStorage` of
 * `LogoutModule`, and a `storage` of `ThrottlerModule` of @nestjs/throttler 6.
 * A request that cannot be counted is not blocked: an outage of Redis stops no logout.
 *
 * @example
 * LogoutModule.forRoot({ throttlerStorage: new RedisThrottlerStorage(fromIoredis(redis)) });
 */
export class RedisThrottlerStorage {
  private readonly link: RedisLink;
  private readonly name: string;
  private readonly report: (error: Error) => void;

  /** @throws {TypeError} the client or an option is not of its form. */
  constructor(client: RedisClient, options: RedisThrottlerOptions = {}) {
    const { name, callTimeoutMs, onError } = resolve(REDIS_THROTTLER_OPTIONS, options);
    this.name = name;
    this.link = new RedisLink(REDIS_CLIENT.read(client, 'client'), callTimeoutMs);
    this.report = rateLimited(onError, INSTANCE_TIME);
  }

  /**
   * Counts one request. The clock is that of Redis. Never rejects.
   * @param ttl how long a request counts, in ms.
   * @param limit how many may count at once before the key is blocked.
   * @param blockDuration how long a block lasts, in ms; requests are not counted meanwhile. 0: until
   * a request counts no more.
   */
  async increment(
    key: string,
    ttl: number,
    limit: number,
    blockDuration: number,
    throttlerName: string,
  ): Promise<ThrottlerRecord> {
    // A hash: keys of hosts have any length, and two texts could not be told apart in one.
    const id = createHash('sha256')
      .update(JSON.stringify([throttlerName, key]))
      .digest('hex');
    const keys = ['hits', 'block'].map((part) => `{nl:${this.name}:throttle:${id}}:${part}`);
    const numbers = [Math.max(1, Math.ceil(ttl)), limit, Math.ceil(blockDuration)].map(String);
    try {
      const reply = await this.link.call(['EVAL', INCREMENT, '2', ...keys, ...numbers]);
      const [totalHits, expiresMs, isBlocked, freeMs] = reply as [number, number, number, number];
      return {
        totalHits,
        timeToExpire: Math.ceil(expiresMs / 1000),
        isBlocked: isBlocked === 1,
        timeToBlockExpire: Math.ceil(freeMs / 1000),
      };
    } catch (cause) {
      this.report(new Error(NOT_COUNTING, { cause }));
      return NOT_COUNTED;
    }
  }

  /** Closes our connections; the next request opens them again. Idempotent. */
  close(): void {
    this.link.close();
  }

  /** Nest calls it where this is a `storage` of `ThrottlerModule`. */
  onApplicationShutdown(): void {
    this.close();
  }
}

const NOT_COUNTING = 'Redis does not count requests, so no limit on them holds at present.';
