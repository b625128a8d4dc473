import { DataSource } from 'typeorm';
import { MIGRATIONS_TABLE, revocationMigrationsIn } from './migrations/revocation-migrations';
import { DEFAULT_SCHEMA } from './migrations/schema-names';

/** For TypeORM's command line: `npx typeorm migration:run -d dist/ormconfig.js`. */
export default new DataSource({
  type: 'postgres',
  url: process.env.DATABASE_URL,
  installExtensions: false,
  migrations: revocationMigrationsIn(process.env.DATABASE_SCHEMA ?? DEFAULT_SCHEMA),
  migrationsTableName: MIGRATIONS_TABLE,
  migrationsTransactionMode: 'each',
});
