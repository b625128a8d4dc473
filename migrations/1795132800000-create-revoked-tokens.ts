import type { MigrationInterface, QueryRunner } from 'typeorm';
import { qualified } from './schema-name';

/** The grow-only set of revocations; its hourly partitions are made by the store. */
export class CreateRevokedTokens1795132800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const table = qualified(runner, 'revoked_tokens');
    // One key may have several cutoffs, also within one second: hence issued_before is in the key.
    // expires_at is there because a key must contain what partitions are made by.
    // No DEFAULT partition: rows in it would forbid to make the partition they belong to.
    await runner.query(`
      CREATE TABLE ${table} (
        key           bytea       NOT NULL CHECK (octet_length(key) = 32), -- a SHA-256
        scope         text        NOT NULL
          CHECK (scope IN ('token', 'session', 'server-session', 'subject', 'client', 'issuer')),
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
        xid           xid8        NOT NULL DEFAULT pg_current_xact_id(), -- set by the default alone
        PRIMARY KEY (key, issued_before, expires_at),
        CHECK (scope NOT IN ('token', 'session', 'server-session') OR issued_before = 'infinity')
      ) PARTITION BY RANGE (expires_at)`);

    // Serves readers that follow the table: "every row that my last snapshot did not see".
    await runner.query(`CREATE INDEX revoked_tokens_xid ON ${table} (xid)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ${qualified(runner, 'revoked_tokens')}`);
  }
}
