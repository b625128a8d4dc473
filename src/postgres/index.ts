/** `nestjs-logout/postgres`: needs typeorm and pg. */
import './required-packages'; // before all that loads them
export { MIGRATIONS_TABLE, revocationMigrations } from '../../migrations/revocation-migrations';
export { AuthEvent } from '../stores/postgres/auth-event.entity';
export type { PostgresStoreOptions } from '../stores/postgres/options';
export { RevokedToken } from '../stores/postgres/revoked-token.entity';
export { PostgresRevocationStore } from './postgres-revocation-store';
