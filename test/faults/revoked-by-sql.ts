import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { revocationKey } from '../../src/tokens/identity';
import { ISSUER } from '../support/tokens';
import type { TestToken, Traffic } from './traffic';

const SQL = `
  WITH revoked AS (
    INSERT INTO revoked_tokens (key, scope, issued_before, expires_at, token_id)
    VALUES (decode($1, 'hex'), 'token', 'infinity', now() + interval '2 hours', $2)
  )
  INSERT INTO auth_events (event, outcome, token_id) VALUES ('authn_token_revoked', 'success', $2)`;

/** Writes the table beside all instances, as a job of the host's would; rings no bell. */
export class SqlWriter {
  private constructor(private readonly client: Client) {}

  static async connect(databaseUrl: string): Promise<SqlWriter> {
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    return new SqlWriter(client);
  }

  /** Revokes a token in a transaction that stays open so long. */
  async revoke(traffic: Traffic, testToken: TestToken, openMs: number): Promise<void> {
    await this.revokeAll(traffic, [testToken], () => sleep(openMs));
  }

  /** Revokes tokens in one transaction, together with what else is done in it. */
  async revokeAll(
    traffic: Traffic,
    testTokens: readonly TestToken[],
    beside: (client: Client) => Promise<unknown>,
    sessionRole: 'origin' | 'replica' = 'origin',
  ): Promise<void> {
    const commit = this.commitAll(testTokens, beside, sessionRole);
    await Promise.all(
      testTokens.map((testToken) =>
        traffic.revoke('sql', testToken, () => commit.then(() => 'accepted' as const)),
      ),
    );
  }

  private async commitAll(
    testTokens: readonly TestToken[],
    beside: (client: Client) => Promise<unknown>,
    sessionRole: string,
  ): Promise<void> {
    await this.client.query(`BEGIN; SET LOCAL session_replication_role = ${sessionRole}`);
    for (const { jti } of testTokens)
      await this.client.query(SQL, [revocationKey('token', ISSUER, jti), jti]);
    await beside(this.client);
    await this.client.query('COMMIT');
  }

  close(): Promise<void> {
    return this.client.end();
  }
}
