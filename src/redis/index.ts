/** `nestjs-logout/redis`: the relay, and the store in Redis alone. Needs the client that you give it. */
export { RelayRevocationStore } from '../relay/relay-revocation-store';
export type { RelayRevocationStoreOptions } from '../relay/relay-options';
export { fromIoredis } from './from-ioredis';
export type { IoredisClient } from './from-ioredis';
export { fromNodeRedis } from './from-node-redis';
export type { NodeRedisClient } from './from-node-redis';
export type { RedisClient, RedisCommand, RedisConnection, RedisSubscription } from './redis-client';
export { RedisRelay } from './redis-relay';
export type { RedisRelayOptions } from './redis-relay';
export { RedisThrottlerStorage } from './redis-throttler-storage';
export type { RedisThrottlerOptions, ThrottlerRecord } from './redis-throttler-storage';
export { initRedis } from './init-redis';
export type { InitRedisOptions } from './init-redis';
export { RedisRevocationStore } from './redis-revocation-store';
export type { RedisStoreOptions } from './store/redis-store-options';
