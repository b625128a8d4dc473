import { createLogoutSchema } from './1795132800000-create-schema';
import { createRevokedTokens } from './1795132800001-create-revoked-tokens';
import { createAuthEvents } from './1795132800002-create-auth-events';
import { createRevokedCutoffs } from './1795132800003-create-revoked-cutoffs';
import { createReplicaFeed } from './1795132800004-create-replica-feed';
import { createAddRevocations } from './1795132800005-create-add-revocations';
import { createPartitionFunctions } from './1795132800006-create-partition-functions';
import { createRevocationLog } from './1795132800007-create-revocation-log';
import { createCutOff } from './1795132800008-create-cut-off';
import { createAuthSessions } from './1795132800009-create-auth-sessions';
import { createSessionFunctions } from './1795132800010-create-session-functions';
import { createErasure } from './1795132800011-create-erasure';
import { createAuditIndexes } from './1795132800012-create-audit-indexes';
import { classOf, type LogoutMigration } from './logout-migration';
import { DEFAULT_SCHEMA, SchemaNames } from './schema-names';

/** Every migration, oldest first. */
export const LOGOUT_MIGRATIONS: readonly LogoutMigration[] = [
  createLogoutSchema,
  createRevokedTokens,
  createAuthEvents,
  createRevokedCutoffs,
  createReplicaFeed,
  createAddRevocations,
  createPartitionFunctions,
  createRevocationLog,
  createCutOff,
  createAuthSessions,
  createSessionFunctions,
  createErasure,
  createAuditIndexes,
];

/** Every migration of this package, oldest first, for a TypeORM data source and that schema. */
export const revocationMigrationsIn = (schema: string) =>
  LOGOUT_MIGRATIONS.map((migration) => classOf(migration, new SchemaNames(schema)));

/** Those for the schema `nestjs_logout`. */
export const revocationMigrations = revocationMigrationsIn(DEFAULT_SCHEMA);

/** Where ours are noted down, apart from the host's own. */
export const MIGRATIONS_TABLE = 'nestjs_logout_migrations';
