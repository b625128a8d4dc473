import type { LogoutMigration } from './logout-migration';
import { createFunction, createTable, dropFunction, dropTable } from './owned-objects';

/** The sessions that logins opened. */
export const createAuthSessions: LogoutMigration = {
  name: 'CreateAuthSessions1795132800009',
  makes: { relations: ['auth_sessions'], routines: ['purge_sessions'] },

  up: (names) => {
    const table = names.qualify('auth_sessions');
    return [
      // A refresh changes nothing that is indexed, and finds room in its page: so it writes to no
      // index, and leaves nothing for a vacuum.
      createTable(
        names,
        'auth_sessions',
        `(
        sid             text        PRIMARY KEY CHECK (char_length(sid) = 22),
        -- SHA-256 of the half of its refresh tokens that never changes
        refresh_id      bytea       NOT NULL UNIQUE CHECK (octet_length(refresh_id) = 32),
        issuer          text        NOT NULL CHECK (char_length(issuer) BETWEEN 1 AND 255),
        subject         text        NOT NULL CHECK (char_length(subject) BETWEEN 1 AND 255),
        client_id       text        NOT NULL CHECK (char_length(client_id) BETWEEN 1 AND 255),
        generation      integer     NOT NULL DEFAULT 0, -- of the refresh token that is valid now
        opened_at       timestamptz NOT NULL,
        rotated_at      timestamptz NOT NULL,
        idle_expires_at timestamptz NOT NULL, -- only a refresh moves it
        expires_at      timestamptz NOT NULL CHECK (isfinite(expires_at)),
        ended_at        timestamptz,
        ended_by        text CHECK (char_length(ended_by) <= 64),
        device          text CHECK (char_length(device) <= 100),
        ip              inet,
        user_agent      text CHECK (char_length(user_agent) <= 512),
        CHECK ((ended_at IS NULL) = (ended_by IS NULL))
      ) WITH (fillfactor = 80)`,
        // Serves the list of a user's sessions, and what ends them: none looks at those that ended.
        `CREATE INDEX auth_sessions_owner ON ${table} (subject, issuer) WHERE ended_at IS NULL`,
        `CREATE INDEX auth_sessions_expiry ON ${table} (expires_at)`, // serves purge alone
      ),

      // Deletes sessions that were over a day ago, at most \`most\`; returns how many. With the
      // rights of the owner: the role of the service may delete none.
      createFunction(
        names,
        'purge_sessions',
        `(most integer) RETURNS bigint
        LANGUAGE plpgsql SECURITY DEFINER
        SET enable_seqscan = off`,
        `
        DECLARE
          purged bigint;
        BEGIN
          DELETE FROM ${table} WHERE sid = ANY (ARRAY(
            SELECT sid FROM ${table} WHERE expires_at < now() - interval '1 day'
            ORDER BY expires_at LIMIT most FOR UPDATE SKIP LOCKED));
          GET DIAGNOSTICS purged = ROW_COUNT;
          RETURN purged;
        END`,
      ),
    ];
  },

  down: (names) => [dropFunction(names, 'purge_sessions'), dropTable(names, 'auth_sessions')],
};
