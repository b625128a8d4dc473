import type { SchemaNames } from './schema-names';
import {
  beginSessionWrite,
  lockDoomed,
  refusedUntil,
  revokeEnded,
  sessionJson,
  milliseconds,
  SOURCE,
} from './session-sql';

/**
 * Inserts a session, after what it replaces and what is beyond the maximum has ended.
 *
 * Shared, the locks of its cutoffs keep \`cut_off\` from dating one while this transaction goes on;
 * every cutoff that has been committed is read behind them. A cutoff in a transaction of the host's
 * holds its lock for as long as that lasts: no row is returned then, so that no connection waits. So
 * it is where such a transaction holds a session that would end.
 *
 * Two that open for one subject take turns, or both would count the same sessions.
 */
export const openSession = {
  name: 'open_session',
  body: (names: SchemaNames): string => {
    const sessions = names.qualify('auth_sessions');
    return `
    DECLARE
      wanted record;
      layer bytea;
      moment timestamptz;
      opened timestamptz;
      ending text[];
      doomed text[];
    BEGIN
      ${beginSessionWrite(names)}
      SELECT * INTO wanted FROM json_to_record(asked) AS (sid text, refresh_id bytea,
        issuer text, subject text, client_id text, device text, cutoff_keys bytea[],
        idle_seconds double precision, absolute_seconds double precision, max_per_subject integer,
        previous_refresh_id bytea, revoked_seconds double precision, ${SOURCE});
      FOREACH layer IN ARRAY wanted.cutoff_keys LOOP
        IF NOT pg_try_advisory_xact_lock_shared(${lockOf('layer', 1)}) THEN
          RETURN;
        END IF;
      END LOOP;
      PERFORM pg_advisory_xact_lock(${lockOf('wanted.cutoff_keys[1]', 9)});

      moment := clock_timestamp();
      opened := greatest(moment, (
        SELECT max(issued_before) + interval '1 ms' FROM ${names.qualify('revoked_tokens')}
        WHERE key = ANY (wanted.cutoff_keys) AND expires_at >= moment
          AND issued_before > moment - interval '1 ms' AND issued_before < 'infinity'));
      ending := ARRAY(
        SELECT sid FROM ${sessions} WHERE refresh_id = wanted.previous_refresh_id
        UNION ALL (
          SELECT sid FROM ${sessions}
          WHERE subject = wanted.subject AND issuer = wanted.issuer AND ended_at IS NULL
            AND expires_at > moment AND idle_expires_at > moment
            AND refresh_id IS DISTINCT FROM wanted.previous_refresh_id
          ORDER BY rotated_at DESC, sid OFFSET wanted.max_per_subject - 1));
      ${lockDoomed(names, 'sid = ANY (ending)')}

      RETURN QUERY
        WITH ended AS (
          UPDATE ${sessions} SET ended_at = moment,
            ended_by = CASE WHEN refresh_id = wanted.previous_refresh_id
              THEN 'replaced' ELSE 'session_limit' END
          WHERE sid = ANY (doomed) AND ended_at IS NULL
          RETURNING *, ended_by AS reason, NULL::text AS actor,
            ${refusedUntil('moment', 'wanted.revoked_seconds')} AS refused_until
        ), revoked AS (
          ${revokeEnded(names, 'ended')}
        ), session AS (
          INSERT INTO ${sessions} (sid, refresh_id, issuer, subject, client_id, opened_at,
            rotated_at, idle_expires_at, expires_at, device, ip, user_agent)
          SELECT wanted.sid, wanted.refresh_id, wanted.issuer, wanted.subject, wanted.client_id,
            opened, opened, least(opened + make_interval(secs => wanted.idle_seconds), last), last,
            wanted.device, wanted.ip, wanted.user_agent
          FROM (SELECT opened + make_interval(secs => wanted.absolute_seconds) AS last) AS life
          RETURNING *
        ), told AS (
          INSERT INTO ${names.qualify('auth_events')} (event, outcome, scope, issuer, subject,
            session_id, reason, detail, ip, user_agent, request_id)
          SELECT happened.*, wanted.ip, wanted.user_agent, wanted.request_id FROM (
            SELECT 'authn_token_revoked', 'success', 'session', issuer, subject, sid, reason,
              NULL::jsonb FROM ended
            UNION ALL
            SELECT 'session_created', 'success', NULL, issuer, subject, sid, NULL,
              jsonb_strip_nulls(jsonb_build_object('clientId', client_id, 'device', device))
            FROM session
          ) AS happened
        )
        SELECT pg_current_xact_id()::text, json_build_object(
          'session', ${sessionJson('session')},
          'ended', (SELECT coalesce(json_agg(json_build_object(
            'session', ${sessionJson('ended')}, 'reason', reason,
            'refusedUntil', ${milliseconds('refused_until')}) ORDER BY sid), '[]') FROM ended)
        )::text FROM session;
    END`;
  },
};

/** The number of an advisory lock: eight bytes of a key, as \`cut_off\` takes the first ones. */
const lockOf = (key: string, from: number): string =>
  `('x' || encode(substring(${key} FROM ${from} FOR 8), 'hex'))::bit(64)::bigint`;
