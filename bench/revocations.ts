import { revocationKey } from '../src/tokens/identity';
import { query } from './postgres';
import { ISSUER, SESSION_CLAIMS, USERS } from './tokens';

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

/** As many sessions and users as are revoked beside those that the bench's tokens name. */
const OTHERS = 10_000;

/**
 * Commits live revocations of sessions of others, and cutoffs of an hour ago: of every user of the
 * bench, of others, of the client, and of the issuer.
 */
export async function insertLayers(url: string): Promise<void> {
  const cutoffs = [
    ...USERS.map((user) => ['subject', revocationKey('subject', ISSUER, user)]),
    ...USERS.map((user) => ['subject-tokens', revocationKey('subject-tokens', ISSUER, user)]),
    ['client', revocationKey('client', ISSUER, SESSION_CLAIMS.client_id)],
    ['issuer', revocationKey('issuer', ISSUER)],
  ].map(([scope, key]) => `('${scope}', '\\x${key}'::bytea)`);
  await query(
    url,
    `INSERT INTO revoked_tokens (key, scope, issued_before, expires_at)
     SELECT sha256(uuidv7()::text::bytea), 'session', 'infinity'::timestamptz,
       now() + interval '20 hours'
     FROM generate_series(1, ${OTHERS})
     UNION ALL
     SELECT sha256(uuidv7()::text::bytea), 'subject', now() - interval '1 hour',
       now() + interval '20 hours'
     FROM generate_series(1, ${OTHERS})
     UNION ALL
     SELECT key, scope, now() - interval '1 hour', now() + interval '20 hours'
     FROM (VALUES ${cutoffs.join(', ')}) AS named (scope, key)`,
  );
}
