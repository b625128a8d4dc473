import type { SchemaNames } from './schema-names';
import {
  beginSessionWrite,
  milliseconds,
  refusedUntil,
  revokeEnded,
  sessionJson,
  SOURCE,
} from './session-sql';

const ORDER = `refresh_id bytea, generation integer, idle_seconds double precision,
  grace_seconds double precision, revoked_seconds double precision, is_audited boolean, ${SOURCE}`;

const orders = 'ROWS FROM (json_to_recordset(asked) AS (' + ORDER + ')) WITH ORDINALITY';

const isLive = (moment: string): string => `session.ended_at IS NULL
  AND session.expires_at > ${moment} AND session.idle_expires_at > ${moment}`;

const isReplay = (moment: string): string => `session.generation = orders.generation + 1
  AND session.rotated_at + make_interval(secs => orders.grace_seconds) > ${moment}`;

/**
 * Refreshes many sessions. What is to be rotated or ended is locked by one statement, and a second
 * one decides: its snapshot is taken behind the locks. With one snapshot for both, some of several
 * that refresh at once would be answered by what was there before the others.
 *
 * A replay needs no lock: it changes nothing. What another transaction has locked is skipped, so that
 * it holds up no other session; the outcome of that is \`again\`, as it is where a session changed
 * between the two statements.
 *
 * One session may be asked for several times. One of them counts: a reuse before all others, then the
 * highest generation. The rest is judged by what is there afterwards.
 */
export const refreshSessions = {
  name: 'refresh_sessions',
  body: (names: SchemaNames): string => {
    const sessions = names.qualify('auth_sessions');
    return `
    DECLARE
      refresh_ids CONSTANT bytea[] := ARRAY(SELECT refresh_id FROM ${orders});
      moment timestamptz := clock_timestamp();
      locked text[];
    BEGIN
      ${beginSessionWrite(names)}
      locked := ARRAY(
        SELECT sid FROM ${sessions} WHERE sid = ANY (ARRAY(
          SELECT session.sid FROM ${orders} AS orders
          JOIN (
            SELECT * FROM ${sessions} WHERE refresh_id = ANY (refresh_ids)
          ) AS session USING (refresh_id)
          WHERE ${isLive('moment')} AND NOT (${isReplay('moment')})))
        ORDER BY sid FOR NO KEY UPDATE SKIP LOCKED);
      moment := clock_timestamp();

      RETURN QUERY
        WITH orders AS MATERIALIZED (
          SELECT * FROM ${orders}
        ), before AS MATERIALIZED (
          SELECT * FROM ${sessions} WHERE refresh_id = ANY (refresh_ids)
        ), decided AS MATERIALIZED (
          SELECT DISTINCT ON (session.sid) session.sid, session.generation AS was, orders.*,
            orders.generation < session.generation AS is_reused
          FROM orders JOIN before AS session USING (refresh_id)
          WHERE session.sid = ANY (locked) AND ${isLive('moment')} AND NOT (${isReplay('moment')})
          ORDER BY session.sid, is_reused DESC, orders.generation DESC, ordinality
        ), rotated AS (
          UPDATE ${sessions} AS session SET generation = decided.generation + 1,
            rotated_at = moment, idle_expires_at = least(
              moment + make_interval(secs => decided.idle_seconds), session.expires_at)
          FROM decided
          WHERE session.sid = ANY (locked) AND session.sid = decided.sid AND NOT is_reused
          RETURNING session.*
        ), over AS (
          UPDATE ${sessions} AS session SET ended_at = moment, ended_by = 'reuse'
          FROM decided
          WHERE session.sid = ANY (locked) AND session.sid = decided.sid AND is_reused
          RETURNING session.*
        ), ended AS (
          SELECT over.*, over.ended_by AS reason, NULL::text AS actor,
            ${refusedUntil('moment', 'decided.revoked_seconds')} AS refused_until
          FROM over JOIN decided USING (sid)
        ), revoked AS (
          ${revokeEnded(names, 'ended')}
        ), now_there AS (
          SELECT * FROM rotated UNION ALL SELECT * FROM over
          UNION ALL SELECT * FROM before WHERE sid NOT IN (SELECT sid FROM decided)
        ), judged AS MATERIALIZED (
          SELECT orders.ordinality, orders.generation AS presented, orders.is_audited, orders.ip,
            orders.user_agent, orders.request_id, session, decided.was, ended.refused_until,
            CASE
              WHEN session.sid IS NULL THEN 'unknown'
              WHEN decided.is_reused THEN 'reused'
              WHEN decided.sid IS NOT NULL THEN 'rotated'
              WHEN session.ended_at IS NOT NULL THEN 'ended'
              WHEN NOT (${isLive('moment')}) THEN 'expired'
              WHEN ${isReplay('moment')} THEN 'replayed'
              ELSE 'again'
            END AS outcome
          FROM orders
          LEFT JOIN now_there AS session USING (refresh_id)
          LEFT JOIN decided USING (ordinality)
          LEFT JOIN ended ON ended.sid = decided.sid
        ), told AS (
          INSERT INTO ${names.qualify('auth_events')} (event, outcome, scope, issuer, subject,
            session_id, reason, detail, ip, user_agent, request_id)
          SELECT row.event, row.outcome, row.scope, (session).issuer, (session).subject,
            (session).sid, row.reason, row.detail, judged.ip, judged.user_agent, request_id
          FROM judged, LATERAL (VALUES
            ('rotated', is_audited, 'session_renewed', 'success', NULL, NULL, CASE
              WHEN presented > was
              THEN jsonb_build_object('presented', presented, 'generation', was) END),
            ('replayed', is_audited, 'session_replayed', 'success', NULL, NULL, NULL),
            ('reused', true, 'authn_token_reuse', 'failure', NULL, 'refresh_token_reused',
              jsonb_build_object('kind', 'refresh', 'presented', presented, 'generation', was)),
            ('reused', true, 'authn_token_revoked', 'success', 'session', 'reuse', NULL)
          ) AS row (on_outcome, is_wanted, event, outcome, scope, reason, detail)
          WHERE on_outcome = judged.outcome AND is_wanted
          ORDER BY ordinality
        )
        SELECT pg_current_xact_id_if_assigned()::text, json_build_object(
          'at', ${milliseconds('moment')},
          'refreshed', json_agg(json_build_object('outcome', outcome, 'was', was,
            'session', CASE WHEN session IS DISTINCT FROM NULL THEN ${sessionJson('(session)')} END,
            'refusedUntil', ${milliseconds('refused_until')}) ORDER BY ordinality))::text
        FROM judged;
    END`;
  },
};
