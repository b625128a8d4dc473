import type { LogoutMigration } from './logout-migration';
import { refuseBesideOutdated } from './outdated-instances';
import { createFunction, dropFunction } from './owned-objects';
import { spanOf } from './partition-sizes';

/** The addition: many revocations at once, and the event of each that is new. */
export const createAddRevocations: LogoutMigration = {
  name: 'CreateAddRevocations1795132800005',
  makes: { relations: [], routines: ['add_revocations'] },

  up: (names) => {
    const revoked = names.qualify('revoked_tokens');
    const audit = names.qualify('auth_events');
    // A function keeps its plan for the session, also behind PgBouncer; planning the statement
    // anew takes as long as adding eight rows.
    //
    // revocations and events: JSON arrays of the same length, one event for each revocation.
    // new_places: of the revocations that were new, from 1, with commas between. Of several that
    // are the same, the first.
    // xid: of this transaction. An insert that conflicts with a row in flight waits for the commit
    // of that row. So where this transaction is visible, all of these revocations are visible,
    // including those that another transaction added.
    //
    // Two transactions that add the same revocation in the moment in which its span changes may
    // both find it new. It is refused all the same, and the audit has two rows of it.
    const wasAdded = (spans: string, bound: string): string => `(
      SELECT true FROM ${revoked} AS earlier
      WHERE earlier.span IN (${spans}) AND earlier.key = asked.key
        AND earlier.issued_before = asked.issued_before
        AND earlier.expires_at = asked.expires_at ${bound} LIMIT 1)`;
    return [
      createFunction(
        names,
        'add_revocations',
        `(revocations json, events json)
      RETURNS TABLE (xid text, new_places text)
      LANGUAGE plpgsql
      SET plan_cache_mode = force_generic_plan SET enable_seqscan = off`,
        `
      #variable_conflict use_column
      BEGIN
        -- A commit that the server only promises to write is not one that a logout may report.
        IF current_setting('synchronous_commit') = 'off' THEN
          PERFORM set_config('synchronous_commit', 'on', true);
        END IF;
        ${refuseBesideOutdated(names, 'revocations')}
        RETURN QUERY
          WITH asked AS MATERIALIZED (
            SELECT DISTINCT ON (key, issued_before, expires_at) *
            FROM ROWS FROM (json_to_recordset(revocations) AS (
              key bytea, issued_before timestamptz, expires_at timestamptz, scope text,
              issuer text, subject text, token_id text, session_id text, client_id text,
              reason text, actor text
            )) WITH ORDINALITY
            ORDER BY key, issued_before, expires_at, ordinality
          ), happened AS (
            SELECT * FROM ROWS FROM (json_to_recordset(events) AS (
              event text, outcome text, scope text, issuer text, subject text, actor text,
              token_id text, session_id text, token_fingerprint text, ip inet, user_agent text,
              request_id text, reason text, detail jsonb
            )) WITH ORDINALITY
          ), revoked AS (
            INSERT INTO ${revoked} (span, key, issued_before, expires_at, scope,
              issuer, subject, token_id, session_id, client_id, reason, actor)
            SELECT place.span, key, issued_before, expires_at, scope,
              issuer, subject, token_id, session_id, client_id, reason, actor
            FROM asked, LATERAL (SELECT ${spanOf('expires_at')} AS span) AS place
            -- It may have been added before, when it was to be kept for longer from then on.
            WHERE CASE place.span
              WHEN 'hour' THEN ${wasAdded("'day', 'month'", "AND earlier.expires_at < now() + interval '48 hours'")}
              WHEN 'day' THEN ${wasAdded("'month'", '')}
            END IS NULL
            -- All callers insert in the same order. Otherwise two with the same rows deadlock.
            ORDER BY key, issued_before, expires_at
            ON CONFLICT DO NOTHING
            RETURNING key, issued_before, expires_at
          ), fresh AS MATERIALIZED (
            SELECT ordinality FROM asked JOIN revoked USING (key, issued_before, expires_at)
          ), recorded AS (
            INSERT INTO ${audit} (event, outcome, scope, issuer, subject, actor, token_id,
              session_id, token_fingerprint, ip, user_agent, request_id, reason, detail)
            SELECT event, outcome, scope, issuer, subject, actor, token_id,
              session_id, token_fingerprint, ip, user_agent, request_id, reason, detail
            FROM happened JOIN fresh USING (ordinality)
            ORDER BY ordinality
          )
          SELECT pg_current_xact_id()::text, string_agg(ordinality::text, ',') FROM fresh;
      END`,
      ),
    ];
  },

  down: (names) => [dropFunction(names, 'add_revocations')],
};
