/** Two instances on PostgreSQL alone: `npm run example:postgres`. */
// In your project: from 'nestjs-logout/postgres'.
import { PostgresRevocationStore } from '../../src/postgres';
import { startPostgres } from './servers';
import { twoInstances } from './two-instances';

twoInstances(__filename, {
  servers: [startPostgres],
  store: () => new PostgresRevocationStore({ url: process.env.DATABASE_URL ?? '' }),
});
