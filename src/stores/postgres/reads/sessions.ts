import type { Session, SessionByRefreshToken, SessionsOf } from '../../../revocation/session-store';
import { milliseconds, sessionJson, sessionKeys } from '../../../../migrations/session-sql';
import type { Tables } from '../connection/tables';
import type { Statement } from '../writes/insertions';
import { present } from './columns';

const MOST = 1000;

type Instant = 'openedAt' | 'rotatedAt' | 'idleExpiresAt' | 'expiresAt';

/** A session in the JSON of the database: instants in ms since the epoch, and `null` for none. */
export type SessionJson = Omit<Session, Instant | 'device' | 'ip' | 'userAgent'> &
  Readonly<Record<Instant, number>> &
  Readonly<Record<'device' | 'ip' | 'userAgent', string | null>>;

/** In the words of the port; what is null in the table is absent. */
export function sessionOf({ device, ip, userAgent, ...session }: SessionJson): Session {
  return {
    ...session,
    openedAt: new Date(session.openedAt),
    rotatedAt: new Date(session.rotatedAt),
    idleExpiresAt: new Date(session.idleExpiresAt),
    expiresAt: new Date(session.expiresAt),
    ...present({ device, ip, userAgent }),
  };
}

/** Those of the subject that are live, opened last first. */
export function sessionsQuery(tables: Tables, { issuer, subject }: SessionsOf): Statement {
  return liveQuery(tables, 'subject = $1 AND issuer = $2', [subject, issuer]);
}

/** That of a refresh token, if it is live. */
export function sessionQuery(tables: Tables, { refreshId }: SessionByRefreshToken): Statement {
  return liveQuery(tables, "refresh_id = decode($1, 'hex')", [refreshId]);
}

/** Those that are neither ended nor over, and that no revocation covers, opened last first. */
// All are asked about at once, by the function whose plan is kept: one over all partitions is dear.
function liveQuery(tables: Tables, condition: string, values: string[]): Statement {
  return {
    text: `
      WITH session AS MATERIALIZED (
        SELECT *, ${sessionKeys} AS keys, date_trunc('milliseconds', opened_at) AS began
        FROM ${tables.authSessions} AS session
        WHERE ${condition} AND ended_at IS NULL
          AND expires_at > clock_timestamp() AND idle_expires_at > clock_timestamp()
        ORDER BY opened_at DESC, sid LIMIT ${MOST}
      ), revoked AS MATERIALIZED (
        SELECT * FROM ${tables.revokedCutoffs}(
          ARRAY(SELECT DISTINCT unnest(keys) FROM session), (SELECT min(began) FROM session))
      )
      SELECT ${sessionJson('session')}::text AS json FROM session
      WHERE NOT EXISTS (
        SELECT FROM revoked WHERE revoked_key = ANY (session.keys) AND cutoff >= session.began)
      ORDER BY opened_at DESC, sid`,
    values,
  };
}

export const lastEndQuery = (tables: Tables): Statement => ({
  text: `SELECT ${milliseconds('max(expires_at)')}::text AS ms FROM ${tables.authSessions}`,
  values: [],
});
