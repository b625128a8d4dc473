import type { TestDatabase } from '../../support/database';

const EVENTS_PER_DAY = 250_000;
/** Today and tomorrow are open, and so have few indexes. */
const DAYS = [-2, -1, 0, 1];

/**
 * A million events, evenly over four days, a hundred thousand live revocations, and as many logins as
 * a day has, in the tables that a store has made. Of the days two have closed and have their indexes.
 * Of a hundred events seventy are logouts, two of them of tokens that are presented again, and ten
 * are logins; the others are what auditors look for. One address sends a hundredth of all.
 */
export async function fillAudit(database: TestDatabase): Promise<void> {
  for (const day of DAYS) await fillDay(database, day);
  await indexClosedDays(database);
  await database.query(REVOCATIONS);
  await database.query(SESSIONS);
  await database.query('ANALYZE auth_events, revoked_tokens, auth_sessions');
}

async function indexClosedDays(database: TestDatabase): Promise<void> {
  let made: unknown;
  do {
    const [row] = await database.query('SELECT index_audit_day() AS name');
    made = row!['name'];
  } while (made !== null);
}

/**
 * Filled first and attached then: building an index at once takes a fraction of the time. Autovacuum
 * would come to so many new rows, and it holds a lock for which `index_audit_day` does not wait.
 */
async function fillDay(database: TestDatabase, offset: number): Promise<void> {
  const [day] = await database.query(
    `SELECT 'auth_events_' || to_char(first, 'YYYYMMDD') AS name,
       first::text AS first, (first + interval '1 day')::text AS next
     FROM (SELECT date_trunc('day', now() AT TIME ZONE 'UTC') + $1 * interval '1 day') AS d (first)`,
    [offset],
  );
  const { name, first, next } = day as Record<'name' | 'first' | 'next', string>;
  await database.query(`
    SET maintenance_work_mem = '256MB';
    DROP TABLE IF EXISTS ${name};
    CREATE TABLE nestjs_logout.${name} (LIKE auth_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)
      WITH (autovacuum_enabled = false);
    ${eventsBetween(name, first, next)};
    ALTER TABLE auth_events ATTACH PARTITION ${name}
      FOR VALUES FROM ('${first}+00') TO ('${next}+00')`);
}

const eventsBetween = (table: string, first: string, next: string): string => `
  INSERT INTO ${table} (occurred_at, event, outcome, issuer, subject, token_id, token_fingerprint,
    ip, reason, scope, session_id)
  SELECT timestamptz '${first}+00'
      + (timestamptz '${next}+00' - timestamptz '${first}+00') * (i / ${EVENTS_PER_DAY}.0),
    CASE WHEN kind BETWEEN 70 AND 79 THEN 'session_created' WHEN kind < 92 THEN 'authn_token_revoked' WHEN kind < 94 THEN 'input_validation_fail'
      WHEN kind < 96 THEN 'excess_rate_limit_exceeded' WHEN kind = 96 THEN 'authz_fail'
      WHEN kind < 99 THEN 'authn_token_reuse' ELSE 'session_expired' END,
    CASE WHEN kind < 80 OR kind = 99 THEN 'success' WHEN i % 10000 = 95 THEN 'summary'
      ELSE 'failure' END,
    CASE WHEN is_known THEN 'https://login.example' END,
    CASE WHEN is_known THEN 'user-' || token % 20000 END,
    CASE WHEN is_known THEN 'jti-' || token END,
    CASE WHEN is_known THEN lpad(to_hex(token), 64, '0') END,
    CASE WHEN kind = 93 THEN '192.0.2.1' ELSE inet '10.0.0.0' + (i * 104729 % 50021) END,
    CASE WHEN kind >= 80 AND kind < 99 THEN 'signature' END,
    CASE WHEN i % 10000 = 69 THEN 'subject' WHEN kind < 70 THEN 'token' END,
    CASE WHEN kind BETWEEN 70 AND 79 THEN lpad(i::text, 22, '0') END
  FROM (
    SELECT i, i % 100 AS kind, i % 100 < 80 OR i % 100 >= 96 AS is_known,
      CASE WHEN i % 100 IN (97, 98) THEN i - 90 ELSE i END AS token
    FROM generate_series(0, ${EVENTS_PER_DAY - 1}::bigint) AS i
  ) AS event`;

const REVOCATIONS = `
  INSERT INTO revoked_tokens (key, scope, issued_before, expires_at)
  SELECT sha256((hour || ' ' || i)::bytea),
    CASE WHEN i % 100 = 0 THEN 'subject' ELSE 'token' END, 'infinity',
    to_timestamp(hour, 'YYYYMMDDHH24')::timestamp AT TIME ZONE 'UTC' + i * interval '1 second'
  FROM (
    SELECT right(inhrelid::regclass::text, 10) AS hour
    FROM pg_inherits WHERE inhparent = 'revoked_tokens_by_hour'::regclass
  ) AS part, generate_series(0, 3599) AS i`;

const SESSIONS = `
  INSERT INTO auth_sessions (sid, refresh_id, issuer, subject, client_id, opened_at, rotated_at,
    idle_expires_at, expires_at)
  SELECT lpad(i::text, 22, '0'), sha256(i::text::bytea), 'https://login.example',
    'user-' || i % 20000, 'web', now(), now(), now() + interval '7 days', now() + interval '30 days'
  FROM generate_series(0, ${EVENTS_PER_DAY - 1}) AS i WHERE i % 100 BETWEEN 70 AND 79`;
