import type { SchemaNames } from './schema-names';
import {
  beginSessionWrite,
  lockDoomed,
  milliseconds,
  refusedUntil,
  revokeEnded,
  sessionJson,
  SOURCE,
} from './session-sql';

/** The JSON of the sessions that ended. */
const ENDED = `coalesce(json_agg(json_build_object('session', ${sessionJson('ended')},
  'refusedUntil', ${milliseconds('refused_until')}) ORDER BY sid), '[]')`;

/**
 * Ends the sessions that the order names and that are not ended, each with a row in the audit. It
 * returns them, and the names of those that were ended before. In a transaction of the host's it
 * waits for others that hold them.
 */
export const endSessions = {
  name: 'end_sessions',
  body: (names: SchemaNames): string => {
    const sessions = names.qualify('auth_sessions');
    return `
    DECLARE
      wanted record;
      named text[];
      doomed text[];
    BEGIN
      ${beginSessionWrite(names)}
      SELECT * INTO wanted FROM json_to_record(asked) AS (issuer text, subject text, sids text[],
        refresh_id bytea, waits boolean, ended_by text, revoked_seconds double precision,
        reason text, actor text, ${SOURCE});
      named := ARRAY(
        SELECT sid FROM ${sessions}
        WHERE sid = ANY (wanted.sids) AND issuer = wanted.issuer
          AND (wanted.subject IS NULL OR subject = wanted.subject)
        UNION
        SELECT sid FROM ${sessions} WHERE refresh_id = wanted.refresh_id);
      IF wanted.waits THEN
        PERFORM FROM ${sessions}
        WHERE sid = ANY (named) AND ended_at IS NULL
        ORDER BY sid FOR NO KEY UPDATE;
      END IF;
      ${lockDoomed(names, 'sid = ANY (named)')}
      RETURN QUERY
        WITH ended AS (
          ${endDoomed(names, 'wanted.ended_by')}
        ), revoked AS (
          ${revokeEnded(names, 'ended')}
        ), told AS (
          INSERT INTO ${names.qualify('auth_events')} (event, outcome, scope, issuer, subject,
            session_id, reason, actor, ip, user_agent, request_id)
          SELECT 'authn_token_revoked', 'success', 'session', issuer, subject, sid, reason, actor,
            wanted.ip, wanted.user_agent, wanted.request_id FROM ended
        )
        SELECT pg_current_xact_id()::text, json_build_object('ended', ${ENDED}, 'endedBefore', (
          SELECT coalesce(json_agg(json_build_object('issuer', issuer, 'sid', sid)), '[]')
          FROM ${sessions} WHERE sid = ANY (named) AND sid <> ALL (doomed)))::text
        FROM ended;
    END`;
  },
};

/**
 * Ends the live sessions of a subject but one, with one row in the audit; `null` where that one is
 * not live. It is locked like the others: of two sessions that end each other, one comes first.
 */
export const endOtherSessions = {
  name: 'end_other_sessions',
  body: (names: SchemaNames): string => `
    DECLARE
      wanted record;
      doomed text[];
    BEGIN
      ${beginSessionWrite(names)}
      SELECT *, 'logout_others' AS reason, NULL::text AS actor INTO wanted
      FROM json_to_record(asked) AS (issuer text, subject text, sid text,
        revoked_seconds double precision, ${SOURCE});
      ${lockDoomed(
        names,
        `subject = wanted.subject AND issuer = wanted.issuer
          AND expires_at > clock_timestamp() AND idle_expires_at > clock_timestamp()`,
      )}
      IF wanted.sid <> ALL (doomed) THEN
        RETURN QUERY SELECT pg_current_xact_id_if_assigned()::text, 'null';
        RETURN;
      END IF;
      doomed := array_remove(doomed, wanted.sid);
      RETURN QUERY
        WITH ended AS (
          ${endDoomed(names, 'wanted.reason')}
        ), revoked AS (
          ${revokeEnded(names, 'ended')}
        ), told AS (
          INSERT INTO ${names.qualify('auth_events')} (event, outcome, scope, issuer, subject,
            session_id, reason, detail, ip, user_agent, request_id)
          SELECT 'authn_token_revoked', 'success', 'session', wanted.issuer, wanted.subject,
            wanted.sid, wanted.reason, jsonb_build_object('ended', cardinality(doomed)),
            wanted.ip, wanted.user_agent, wanted.request_id
        )
        SELECT pg_current_xact_id()::text, ${ENDED}::text FROM ended;
    END`,
};

/** Dated behind the locks: no access token was issued later, so none outlives its revocation. */
const endDoomed = (names: SchemaNames, endedBy: string): string => `
  UPDATE ${names.qualify('auth_sessions')}
  SET ended_at = clock_timestamp(), ended_by = ${endedBy}
  WHERE sid = ANY (doomed) AND ended_at IS NULL
  RETURNING *, wanted.reason AS reason, wanted.actor AS actor,
    ${refusedUntil('clock_timestamp()', 'wanted.revoked_seconds')} AS refused_until`;
