import type { LogoutMigration } from './logout-migration';
import { createFunction, createTable, dropFunction, dropTable } from './owned-objects';
import { ERASING, ONLY_EMPTIES } from './personal-data';

/** The audit; its daily partitions are made by the store, and retention drops whole days. */
export const createAuthEvents: LogoutMigration = {
  name: 'CreateAuthEvents1795132800002',
  makes: { relations: ['auth_events'], routines: ['auth_events_refuse_change'] },

  up: (names) => {
    const table = names.qualify('auth_events');
    const refuse = names.qualify('auth_events_refuse_change');
    return [
      // But for what erase_subject does: the setting alone lets nothing else pass.
      createFunction(
        names,
        'auth_events_refuse_change',
        '() RETURNS trigger LANGUAGE plpgsql',
        `
        BEGIN
          IF TG_OP = 'UPDATE'
            AND current_setting('${ERASING}', true) = pg_current_xact_id()::text
          THEN
            IF ${ONLY_EMPTIES} THEN
              RETURN NEW;
            END IF;
          END IF;
          RAISE EXCEPTION 'auth_events is append-only: % refused', TG_OP
            USING ERRCODE = 'insufficient_privilege';
        END`,
      ),
      // clock_timestamp(): in a long transaction of the host's, the event happens when it is
      // written.
      createTable(
        names,
        'auth_events',
        `(
        id                uuid        NOT NULL DEFAULT gen_random_uuid(),
        occurred_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
        event             text        NOT NULL CHECK (char_length(event) BETWEEN 1 AND 64),
        outcome           text        NOT NULL
          CHECK (outcome IN ('success', 'failure', 'summary')),
        scope             text
          CHECK (scope IN ('token', 'session', 'server-session',
            'subject', 'subject-tokens', 'client', 'issuer')),
        issuer            text CHECK (char_length(issuer) <= 255),
        subject           text CHECK (char_length(subject) <= 255),
        actor             text CHECK (char_length(actor) <= 255),
        token_id          text CHECK (char_length(token_id) <= 255),
        session_id        text CHECK (char_length(session_id) <= 255),
        -- Hex of the key, in lower case. Written so because a regular expression, or translate(),
        -- takes 5 µs.
        token_fingerprint text CHECK (octet_length(token_fingerprint) = 64
          AND encode(decode(token_fingerprint, 'hex'), 'hex') = token_fingerprint),
        ip                inet,
        user_agent        text CHECK (char_length(user_agent) <= 512),
        request_id        text CHECK (char_length(request_id) <= 255),
        reason            text CHECK (char_length(reason) <= 255),
        detail            jsonb,
        PRIMARY KEY (occurred_at, id)
      ) PARTITION BY RANGE (occurred_at)`,
        // Each serves one question, also about the day that is still written: a user's history, a
        // token by its fingerprint. The other indexes are made when a day has closed, see
        // audit-day-indexes.ts. A hash index is cheaper than a tree, but an insert goes through all
        // rows of the same value: 300 000 events of one subject made a logout cost four times as
        // much. text_pattern_ops compares bytes, whatever the collation of the database is.
        `CREATE INDEX auth_events_subject ON ${table} (subject text_pattern_ops)`,
        `CREATE INDEX auth_events_token_fingerprint ON ${table} USING hash (token_fingerprint)`,
        // Append-only, for superusers as well: a trigger fires whatever the role's privileges.
        `CREATE TRIGGER auth_events_keep_rows BEFORE UPDATE OR DELETE ON ${table}
          FOR EACH ROW EXECUTE FUNCTION ${refuse}()`,
        // Not inherited by partitions, unlike the one above: the store gives each its own.
        `CREATE TRIGGER auth_events_keep_table BEFORE TRUNCATE ON ${table}
          FOR EACH STATEMENT EXECUTE FUNCTION ${refuse}()`,
        // ALWAYS: session_replication_role would silence ordinary triggers.
        `ALTER TABLE ${table} ENABLE ALWAYS TRIGGER auth_events_keep_rows,
          ENABLE ALWAYS TRIGGER auth_events_keep_table`,
      ),
    ];
  },

  down: (names) => [
    dropTable(names, 'auth_events'),
    dropFunction(names, 'auth_events_refuse_change'),
  ],
};
