/** `nestjs-logout/redis`: needs the client that you give it, and nothing else. */
export { fromIoredis } from './from-ioredis';
export type { IoredisClient } from './from-ioredis';
export { fromNodeRedis } from './from-node-redis';
export type { NodeRedisClient } from './from-node-redis';
export type { RedisClient, RedisConnection } from './redis-client';
export { RedisThrottlerStorage } from './redis-throttler-storage';
export type { RedisThrottlerOptions, ThrottlerRecord } from './redis-throttler-storage';
export { initRedis } from './init-redis';
export type { InitRedisOptions } from './init-redis';
export { RedisRevocationStore } from './redis-revocation-store';
export type { RedisStoreOptions } from './store/redis-store-options';
