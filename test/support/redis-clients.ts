import { Redis as Redis5 } from 'ioredis';
import { Redis as Redis6 } from 'ioredis6';
import { createClient } from 'redis6';
import { fromIoredis, fromNodeRedis, type RedisClient } from '../../src/redis';

/** The clients that the relay is tested with, each as a host makes it; none of them connects. */
export const CLIENTS: readonly (readonly [name: string, make: (url: string) => RedisClient])[] = [
  ['ioredis 5', (url) => fromIoredis(new Redis5(url, { lazyConnect: true }))],
  ['ioredis 6', (url) => fromIoredis(new Redis6(url, { lazyConnect: true }))],
  ['node-redis 6', (url) => fromNodeRedis(createClient({ url }))],
];
