import { query } from './postgres';

/**
 * Commits that many live revocations of tokens in one transaction, spread over the coming day as
 * logouts would be. Past the application, as another instance's logouts come to this one.
 */
export async function insertRevocations(url: string, count: number): Promise<void> {
  await query(
    url,
    `INSERT INTO revoked_tokens (key, scope, issued_before, expires_at, issuer, subject, token_id)
     SELECT sha256(uuidv7()::text::bytea), 'token', 'infinity',
       now() + interval '1 hour' + random() * interval '22 hours',
       'https://login.example', 'user-' || i % 1000, gen_random_uuid()
     FROM generate_series(1, ${count}) AS i`,
  );
}
