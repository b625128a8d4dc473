/** `nestjs-logout/postgres`: needs typeorm and pg. */
import './required-packages'; // before all that loads them
export {
  MIGRATIONS_TABLE,
  revocationMigrations,
  revocationMigrationsIn,
} from '../../migrations/revocation-migrations';
export type { PostgresAddress, PostgresSource } from '../stores/postgres/connection/source';
export type { PostgresStoreOptions } from '../stores/postgres/options';
export { PostgresRevocationStore } from './postgres-revocation-store';
