import { refuseBesideOutdated } from './outdated-instances';
import { spanOf } from './partition-sizes';
import type { SchemaNames } from './schema-names';

/**
 * How each function begins. A commit that the server only promises to write is not one that may be
 * reported. An instance of an older version would accept the tokens of a session that ends.
 */
export const beginSessionWrite = (names: SchemaNames): string => `
  IF current_setting('synchronous_commit') = 'off' THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  ${refuseBesideOutdated(names, "ARRAY['session']")}`;

/**
 * Locks the sessions that are to end, as `doomed`. Where another transaction holds one of them, no row
 * is returned: the caller asks again, and meanwhile the connection serves others. It may be a
 * transaction of the host's, which lasts.
 */
export const lockDoomed = (names: SchemaNames, which: string): string => {
  const matching = `SELECT sid FROM ${names.qualify('auth_sessions')}
    WHERE ${which} AND ended_at IS NULL`;
  return `
    doomed := ARRAY(${matching} ORDER BY sid FOR NO KEY UPDATE SKIP LOCKED);
    IF EXISTS (${matching} AND sid <> ALL (doomed)) THEN
      RETURN;
    END IF;`;
};

/** Where a request came from, as members of the JSON of an order. */
export const SOURCE = 'ip inet, user_agent text, request_id text';

/** A row of \`auth_sessions\` as JSON, in the words of the port; instants in ms since the epoch. */
export const sessionJson = (row: string): string => `json_build_object(
  'sid', ${row}.sid, 'issuer', ${row}.issuer, 'subject', ${row}.subject,
  'clientId', ${row}.client_id, 'generation', ${row}.generation,
  ${['openedAt', 'rotatedAt', 'idleExpiresAt', 'expiresAt']
    .map((name) => `'${name}', ${milliseconds(`${row}.${snakeCase(name)}`)}`)
    .join(', ')},
  'device', ${row}.device, 'ip', host(${row}.ip), 'userAgent', ${row}.user_agent)`;

/** As the driver's \`Date\`: the microseconds are cut. */
export const milliseconds = (instant: string): string =>
  `floor(extract(epoch FROM ${instant}) * 1000)`;

/** Until when what ends at \`moment\` is refused; in whole ms, so that it is reported as it is kept. */
export const refusedUntil = (moment: string, seconds: string): string =>
  `date_trunc('milliseconds', ${moment} + make_interval(secs => ${seconds}))`;

/**
 * A row of \`revoked_tokens\` for each row of \`ended\`: sessions with \`refused_until\`, \`reason\` and
 * \`actor\`.
 */
export const revokeEnded = (names: SchemaNames, ended: string): string => `
  INSERT INTO ${names.qualify('revoked_tokens')} (span, key, scope, issued_before, expires_at,
    issuer, subject, session_id, client_id, reason, actor)
  SELECT place.span, own.key, 'session', 'infinity', refused_until,
    issuer, subject, sid, client_id, reason, actor
  FROM ${ended},
    LATERAL (SELECT ${keyOf("'session'", 'issuer', 'sid')} AS key) AS own,
    LATERAL (SELECT ${spanOf('refused_until')} AS span) AS place
  ORDER BY own.key
  ON CONFLICT DO NOTHING`;

/** As \`revocationKey\` of src/tokens/identity.ts. @param parts SQL of texts, the tag first. */
export const keyOf = (...parts: readonly string[]): string =>
  `sha256(${parts.map(keyPart).join(' || ')})`;

const keyPart = (text: string): string =>
  `int4send(octet_length(convert_to(${text}, 'UTF8'))) || convert_to(${text}, 'UTF8')`;

/** The keys of all that covers the row `session` of `auth_sessions`: see `sessionQuery`. */
export const sessionKeys = `ARRAY[
  ${keyOf("'session'", 'session.issuer', 'session.sid')},
  ${keyOf("'subject'", 'session.issuer', 'session.subject')},
  ${keyOf("'client'", 'session.issuer', 'session.client_id')},
  ${keyOf("'issuer'", 'session.issuer')}]`;

const snakeCase = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
