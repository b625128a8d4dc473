/** A reaches PostgreSQL and relays; B reaches nothing but Redis: `npm run example:relay`. */
import { createClient } from 'redis';
// In your project: from 'nestjs-logout/postgres' and 'nestjs-logout/redis'.
import { PostgresRevocationStore } from '../../src/postgres';
import { fromNodeRedis, RedisRelay, RelayRevocationStore } from '../../src/redis';
import { startPostgres, startRedis } from './servers';
import { twoInstances } from './two-instances';

twoInstances(__filename, {
  servers: [startPostgres, startRedis],
  store: (name) => {
    const { DATABASE_URL = '', REDIS_URL = '' } = process.env;
    const relay = new RedisRelay(fromNodeRedis(createClient({ url: REDIS_URL })));
    return name === 'A'
      ? new PostgresRevocationStore({ url: DATABASE_URL }, { relay })
      : new RelayRevocationStore(relay);
  },
});
