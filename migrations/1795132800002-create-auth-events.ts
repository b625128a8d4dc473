import type { LogoutMigration } from './logout-migration';
import { createFunction, createTable, dropFunction, dropTable } from './owned-objects';

/** The audit; its monthly partitions are made by the store, and retention drops whole months. */
export const createAuthEvents: LogoutMigration = {
  name: 'CreateAuthEvents1795132800002',
  makes: { relations: ['auth_events'], routines: ['auth_events_refuse_change'] },

  up: (names) => {
    const table = names.qualify('auth_events');
    const refuse = names.qualify('auth_events_refuse_change');
    return [
      createFunction(
        names,
        'auth_events_refuse_change',
        '() RETURNS trigger LANGUAGE plpgsql',
        `
        BEGIN
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
        -- Hex of the key. Written so because a regular expression takes twice as long.
        token_fingerprint text CHECK (octet_length(token_fingerprint) = 64
          AND translate(token_fingerprint, '0123456789abcdef', '') = ''),
        ip                inet,
        user_agent        text CHECK (char_length(user_agent) <= 512),
        request_id        text CHECK (char_length(request_id) <= 255),
        reason            text CHECK (char_length(reason) <= 255),
        detail            jsonb,
        PRIMARY KEY (occurred_at, id)
      ) PARTITION BY RANGE (occurred_at)`,
        // Each serves one question, newest first: a user's history, what happened, what failed, an
        // address, a token by its jti, a token by its fingerprint, a session.
        ...INDEXES.map(
          ([name, columns]) =>
            `CREATE INDEX auth_events_${name} ON ${table} (${columns}, occurred_at DESC, id DESC)`,
        ),
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

const INDEXES = [
  ['subject', 'subject'],
  ['event', 'event, outcome'],
  ['outcome', 'outcome'],
  ['ip', 'ip'],
  ['token_id', 'token_id'],
  ['token_fingerprint', 'token_fingerprint'],
  ['session_id', 'session_id'],
] as const;
