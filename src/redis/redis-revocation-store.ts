import { ReplicatedStore } from '../replica/replicated-store';
import type { RedisClient } from './redis-client';
import { REDIS_CLIENT } from './redis-options';
import { resolveRedisOptions, type RedisStoreOptions } from './store/redis-store-options';
import { RedisStore } from './store/redis-store';

/**
 * Weaker than `PostgresRevocationStore`: a restart or a failover of Redis that loses its last writes
 * loses logouts that were answered with 200, which nothing may show. Whatever else fails, no
 * instance accepts a token in a request that begins `maxStalenessMs` after its logout was
 * answered. docs/redis.md says what `appendfsync always` and `waitForReplicas` make of that.
 *
 * For Redis 6.2 or newer, where `initRedis` was run once. Sessions and audit are there, too. It joins
 * no transaction.
 *
 * @example
 * const store = new RedisRevocationStore(fromIoredis(redis), { name: 'app' });
 * await store.open();
 */
export class RedisRevocationStore extends ReplicatedStore {
  /** @throws {TypeError} the client or an option is not of its form. */
  constructor(client: RedisClient, options: RedisStoreOptions = {}) {
    const resolved = resolveRedisOptions(options);
    const store = new RedisStore(REDIS_CLIENT.read(client, 'client'), resolved);
    super(store, store.feed, resolved);
  }
}
