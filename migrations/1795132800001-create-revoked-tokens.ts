import type { LogoutMigration } from './logout-migration';
import { createTable, dropTable } from './owned-objects';
import { SPANS } from './partition-sizes';

/** The grow-only set of revocations; the store makes its partitions. */
export const createRevokedTokens: LogoutMigration = {
  name: 'CreateRevokedTokens1795132800001',
  makes: {
    relations: ['revoked_tokens', ...SPANS.map((span) => `revoked_tokens_by_${span}`)],
    routines: [],
  },

  up: (names) => {
    const table = names.qualify('revoked_tokens');
    return [
      // One key may have several cutoffs, also within one second: hence issued_before is in the
      // key. expires_at and span are there because a key must contain what partitions are made by.
      //
      // A revocation that is kept for long stands in a partition of a day, or of a month. Hours
      // alone would be 744 partitions for tokens of 31 days, and every look-up locks all of them.
      // No DEFAULT partition: rows in it would forbid to make the partition they belong to.
      createTable(
        names,
        'revoked_tokens',
        `(
        key           bytea       NOT NULL CHECK (octet_length(key) = 32), -- a SHA-256
        scope         text        NOT NULL
          CHECK (scope IN ('token', 'session', 'server-session',
            'subject', 'subject-tokens', 'client', 'issuer')),
        issued_before timestamptz NOT NULL CHECK (issued_before > '-infinity'),
        expires_at    timestamptz NOT NULL CHECK (isfinite(expires_at)),
        revoked_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
        issuer        text CHECK (char_length(issuer) <= 255),
        subject       text CHECK (char_length(subject) <= 255),
        token_id      text CHECK (char_length(token_id) <= 255),
        session_id    text CHECK (char_length(session_id) <= 255),
        client_id     text CHECK (char_length(client_id) <= 255),
        reason        text CHECK (char_length(reason) <= 255),
        actor         text CHECK (char_length(actor) <= 255),
        span          text        NOT NULL DEFAULT 'hour', -- of the partition that it stands in
        PRIMARY KEY (key, issued_before, expires_at, span),
        CHECK (scope NOT IN ('token', 'session', 'server-session') OR issued_before = 'infinity')
      ) PARTITION BY LIST (span)`,
        // Serves the list of wide revocations, newest first: few rows among very many.
        `CREATE INDEX revoked_tokens_wide ON ${table} (revoked_at DESC)
          WHERE scope IN ('subject', 'subject-tokens', 'client', 'issuer')`,
      ),
      ...SPANS.map((span) =>
        createTable(
          names,
          `revoked_tokens_by_${span}`,
          `PARTITION OF ${table} FOR VALUES IN ('${span}') PARTITION BY RANGE (expires_at)`,
        ),
      ),
    ];
  },

  down: (names) => [dropTable(names, 'revoked_tokens')],
};
