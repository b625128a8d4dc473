import { CreateRevokedTokens1795132800000 } from './1795132800000-create-revoked-tokens';
import { CreateAuthEvents1795132800001 } from './1795132800001-create-auth-events';
import { CreateRevokedCutoffs1795132800002 } from './1795132800002-create-revoked-cutoffs';
import { CreateReplicaFeed1795132800003 } from './1795132800003-create-replica-feed';
import { CreateAddRevocations1795132800004 } from './1795132800004-create-add-revocations';
import { CreatePartitionFunctions1795132800005 } from './1795132800005-create-partition-functions';

/** Every migration of this package, oldest first, for a TypeORM data source. */
export const revocationMigrations = [
  CreateRevokedTokens1795132800000,
  CreateAuthEvents1795132800001,
  CreateRevokedCutoffs1795132800002,
  CreateReplicaFeed1795132800003,
  CreateAddRevocations1795132800004,
  CreatePartitionFunctions1795132800005,
];

/** Where ours are noted down, apart from the host's own. */
export const MIGRATIONS_TABLE = 'nestjs_logout_migrations';
