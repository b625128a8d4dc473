/** `nestjs-logout/redis`: a relay through Redis; needs the client that you give it, and nothing else. */
export { RelayRevocationStore } from '../relay/relay-revocation-store';
export type { RelayRevocationStoreOptions } from '../relay/relay-options';
export { fromIoredis } from './from-ioredis';
export type { IoredisClient } from './from-ioredis';
export { fromNodeRedis } from './from-node-redis';
export type { NodeRedisClient } from './from-node-redis';
export type { RedisClient, RedisCommand, RedisConnection, RedisSubscription } from './redis-client';
export { RedisRelay } from './redis-relay';
export type { RedisRelayOptions } from './redis-relay';
