import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { revocationKey } from '../../src/tokens/identity';
import { ISSUER } from '../support/tokens';
import type { Ticket, Traffic } from './traffic';

const SQL = `
  WITH revoked AS (
    INSERT INTO revoked_tokens (key, scope, issued_before, expires_at, token_id)
    VALUES (decode($1, 'hex'), 'token', 'infinity', now() + interval '2 hours', $2)
  )
  INSERT INTO auth_events (event, outcome, token_id) VALUES ('authn_token_revoked', 'success', $2)`;

/** Whoever writes the table beside all instances, as a job of the host's would; rings no bell. */
export class SqlWriter {
  private constructor(private readonly client: Client) {}

  static async connect(databaseUrl: string): Promise<SqlWriter> {
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    return new SqlWriter(client);
  }

  /** Revokes a token in a transaction that stays open so long. */
  async revoke(traffic: Traffic, ticket: Ticket, openMs: number): Promise<void> {
    await traffic.revoke('sql', ticket, async () => {
      await this.client.query('BEGIN');
      await this.client.query(SQL, [revocationKey('token', ISSUER, ticket.jti), ticket.jti]);
      await sleep(openMs);
      await this.client.query('COMMIT');
      return 'accepted';
    });
  }

  close(): Promise<void> {
    return this.client.end();
  }
}
