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
import { SERVER_IDENTITY } from './server-identity';

const LOGS = { table: 'revoked_tokens', trigger: 'revoked_tokens_log' };

/** What was added, in the order in which it became visible: what replicas that catch up read. */
export const createRevocationLog: LogoutMigration = {
  name: 'CreateRevocationLog1795132800007',
  makes: {
    relations: ['revocation_log', 'revocation_log_snapshots'],
    routines: ['log_revocations', 'read_revocation_log', 'trim_revocation_log'],
    triggers: [LOGS],
  },

  up: (names) => {
    const log = names.qualify('revocation_log');
    const snapshots = names.qualify('revocation_log_snapshots');
    const frames = `SELECT NULL, NULL, NULL, NULL, NULL, expires_before::text, prefixes, cutoffs
      FROM ${log}`;
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

      // What was visible at some moments of the last minutes.
      createTable(
        names,
        'revocation_log_snapshots',
        `(
        noted_at   timestamptz NOT NULL DEFAULT now(),
        snapshot   pg_snapshot NOT NULL,
        server     text        NOT NULL, -- whose transactions the snapshot counts
        is_trimmed boolean     NOT NULL DEFAULT false -- the log may lack what is visible in it
      )`,
      ),

      // Where a read stands, in the first row, and then exactly the frames that a snapshot does not
      // see: those from its xmax on, and of the transactions that were under way in it, at most
      // \`most\` of either. \`trimmed\`: what is visible in it may be in the log no more; NULL where
      // nothing was deleted yet. All in the snapshot of a transaction of REPEATABLE READ.
      //
      // A function for the reasons of add_revocations: instances read up to twenty times a second.
      // By the index: the log may have grown since the server has last counted what is in it.
      createFunction(
        names,
        'read_revocation_log',
        `(since xid8, under_way xid8[], most integer)
        RETURNS TABLE (is_standby text, now text, snapshot text, server text, trimmed text,
          expires_before text, prefixes text, cutoffs text)
        LANGUAGE plpgsql
        SET plan_cache_mode = force_generic_plan SET enable_seqscan = off`,
        `
      #variable_conflict use_column
      DECLARE
        this_server CONSTANT text := ${SERVER_IDENTITY};
      BEGIN
        is_standby := pg_is_in_recovery();
        now := round(extract(epoch FROM now()) * 1000);
        snapshot := pg_current_snapshot();
        server := this_server;
        SELECT noted.snapshot INTO trimmed FROM ${snapshots} AS noted
        WHERE is_trimmed AND noted.server = this_server;
        RETURN NEXT;
        RETURN QUERY ${frames} WHERE xid >= since LIMIT most;
        IF cardinality(under_way) > 0 THEN
          RETURN QUERY ${frames} WHERE xid = ANY (under_way) LIMIT most;
        END IF;
      END`,
      ),

      // Deletes frames that were visible ten minutes ago, and returns how many, at most \`most\`.
      // By visibility, not by age: the frame of a transaction that stays open for long is old before
      // any reader could see it. A reader that has not seen all of the trimmed snapshot loads
      // everything, so a clock that is set does no harm.
      //
      // A dump keeps the transaction numbers of the server that it was taken from. A frame whose
      // number this server has not given out yet would look new to every reader: nothing that is
      // visible here and was numbered here is beyond the snapshot.
      //
      // One caller at a time.
      createFunction(
        names,
        'trim_revocation_log',
        `(most integer) RETURNS bigint
        LANGUAGE plpgsql SECURITY DEFINER
        SET lock_timeout = '100ms'`,
        `
      DECLARE
        this_server CONSTANT text := ${SERVER_IDENTITY};
        old record;
        deleted bigint;
      BEGIN
        DELETE FROM ${snapshots} WHERE server <> this_server;
        IF NOT EXISTS (SELECT FROM ${snapshots} WHERE noted_at > now() - interval '1 minute') THEN
          INSERT INTO ${snapshots} (snapshot, server) VALUES (pg_current_snapshot(), this_server);
        END IF;
        SELECT noted_at, snapshot, is_trimmed INTO old FROM ${snapshots}
        WHERE noted_at <= now() - interval '10 minutes' ORDER BY noted_at DESC LIMIT 1;
        IF NOT old.is_trimmed THEN
          DELETE FROM ${snapshots} WHERE noted_at < old.noted_at;
          UPDATE ${snapshots} SET is_trimmed = true WHERE noted_at = old.noted_at;
        END IF;
        DELETE FROM ${log} WHERE ctid IN (
          SELECT ctid FROM ${log}
          WHERE xid < pg_snapshot_xmax(old.snapshot) AND pg_visible_in_snapshot(xid, old.snapshot)
            OR xid >= pg_snapshot_xmax(pg_current_snapshot())
          LIMIT most);
        GET DIAGNOSTICS deleted = ROW_COUNT;
        RETURN deleted;
      END`,
      ),
    ];
  },

  down: (names) => [
    dropFunction(names, 'trim_revocation_log'),
    dropFunction(names, 'read_revocation_log'),
    dropTable(names, 'revocation_log_snapshots'),
    dropTrigger(names, LOGS),
    dropFunction(names, 'log_revocations'),
    dropTable(names, 'revocation_log'),
  ],
};
