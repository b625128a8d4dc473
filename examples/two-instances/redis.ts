/** Two instances on Redis alone, which promises less: `npm run example:redis`. */
import { createClient } from 'redis';
// In your project: from 'nestjs-logout/redis'.
import { fromNodeRedis, initRedis, RedisRevocationStore, type RedisClient } from '../../src/redis';
import { startRedis, type Backend } from './servers';
import { twoInstances } from './two-instances';

const clientOf = ({ REDIS_URL = '' }: NodeJS.ProcessEnv): RedisClient =>
  fromNodeRedis(createClient({ url: REDIS_URL }));

/** This Redis is new. Yours is initialised once, by a person, and again after it has lost data. */
async function startInitialised(): Promise<Backend> {
  const redis = await startRedis();
  await initRedis(clientOf({ ...process.env, ...redis.env }));
  return redis;
}

twoInstances(__filename, {
  servers: [startInitialised],
  store: () => new RedisRevocationStore(clientOf(process.env)),
});
