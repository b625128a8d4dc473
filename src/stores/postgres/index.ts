/** `nestjs-logout/postgres`: needs typeorm and pg. */
import './required-packages'; // before all that loads them
export { MIGRATIONS_TABLE, revocationMigrations } from '../../../migrations/revocation-migrations';
export { AuthEvent } from './auth-event.entity';
export type { PostgresStoreOptions } from './options';
export { PostgresRevocationStore } from './revocation-store.postgres';
export { RevokedToken } from './revoked-token.entity';
