import { DataSource } from 'typeorm';
import { MIGRATIONS_TABLE, revocationMigrations } from './migrations/revocation-migrations';

/** For TypeORM's command line: `npx typeorm migration:run -d dist/ormconfig.js`. */
export default new DataSource({
  type: 'postgres',
  url: process.env.DATABASE_URL,
  installExtensions: false,
  migrations: revocationMigrations,
  migrationsTableName: MIGRATIONS_TABLE,
  migrationsTransactionMode: 'each',
});
