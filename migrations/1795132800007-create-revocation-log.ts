import type { LogoutMigration } from './logout-migration';
import {
  createFunction,
  createTable,
  createTrigger,
  dropFunction,
  dropTable,
  dropTrigger,
} from './owned-objects';
import { framesOf } from './revocation-frames';

const LOGS = { table: 'revoked_tokens', trigger: 'revoked_tokens_log' };

/** What was added, in the order in which it became visible: what replicas that catch up read. */
export const createRevocationLog: LogoutMigration = {
  name: 'CreateRevocationLog1795132800007',
  makes: {
    relations: ['revocation_log'],
    routines: ['log_revocations'],
    triggers: [LOGS],
  },

  up: (names) => {
    const log = names.qualify('revocation_log');
    return [
      // A row is a frame: see framesOf. The index serves readers that follow the log: "every frame
      // that my last snapshot did not see". EXTERNAL: digits of hashes do not get smaller.
      createTable(
        names,
        'revocation_log',
        `(
        xid            xid8   NOT NULL DEFAULT pg_current_xact_id(), -- set by the default alone
        expires_before bigint NOT NULL,
        prefixes       text,
        cutoffs        text
      )`,
        `ALTER TABLE ${log} ALTER COLUMN prefixes SET STORAGE EXTERNAL`,
        `CREATE INDEX revocation_log_xid ON ${log} (xid)`,
      ),

      // A trigger, so that plain SQL and COPY are in the log as well, each in its own transaction;
      // with the rights of the owner, so that no other role needs a right to write the log.
      createFunction(
        names,
        'log_revocations',
        '() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER',
        `
      BEGIN
        INSERT INTO ${log} (expires_before, prefixes, cutoffs) ${framesOf('added')};
        RETURN NULL;
      END`,
      ),
      createTrigger(
        names,
        LOGS,
        `AFTER INSERT ON ${names.qualify(LOGS.table)} REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION ${names.qualify('log_revocations')}()`,
      ),
    ];
  },

  down: (names) => [
    dropTrigger(names, LOGS),
    dropFunction(names, 'log_revocations'),
    dropTable(names, 'revocation_log'),
  ],
};
