import type {
  CheckedSearch,
  LiveRevocation,
  RevocationPlace,
} from '../../../revocation/live-revocations';
import { ANY_ISSUE_TIME } from '../../../revocation/revocation';
import type { RevocationQuery, RevocationScope } from '../../../tokens/scopes';
import type { Tables } from '../connection/tables';
import type { Statement } from '../writes/insertions';
import { dateOf, given, instantOf, present } from './columns';

/** A row as it is selected: text throughout, so that no type parser of the host's matters. */
export interface RevocationRow {
  readonly key: string;
  readonly scope: RevocationScope;
  /** In ms since the epoch; `Infinity` for tokens of every age. */
  readonly issued_before: string;
  readonly expires_at: string;
  readonly microseconds: string;
  readonly issuer: string | null;
  readonly subject: string | null;
  readonly token_id: string | null;
  readonly session_id: string | null;
  readonly client_id: string | null;
  readonly reason: string | null;
  readonly actor: string | null;
}

const COLUMNS = `encode(key, 'hex') AS key, scope,
  round(extract(epoch FROM issued_before) * 1000)::text AS issued_before,
  round(extract(epoch FROM expires_at) * 1000)::text AS expires_at,
  round(extract(epoch FROM revoked_at) * 1000000)::text AS microseconds,
  issuer, subject, token_id, session_id, client_id, reason, actor`;

const NEWEST_FIRST = 'revoked_at DESC, key DESC, issued_before DESC, expires_at DESC';

/** Newest first, and one row more than a page, which tells whether another page follows. */
export function searchQuery({ revokedTokens }: Tables, search: CheckedSearch): Statement {
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const conditions = [
    'expires_at >= now()',
    ...given(search.scope, (scope) => `scope = ${bind(scope)}`),
    ...given(search.issuer, (issuer) => `issuer = ${bind(issuer)}`),
    ...given(search.subject, (subject) => `subject = ${bind(subject)}`),
    ...given(search.tokenId, (tokenId) => `token_id = ${bind(tokenId)}`),
    ...given(search.sessionId, (sessionId) => `session_id = ${bind(sessionId)}`),
    ...given(search.clientId, (clientId) => `client_id = ${bind(clientId)}`),
    ...given(search.after, ({ microseconds, key, issuedBeforeMs, expiresAtMs }) => {
      const revokedAt = bind(instantOf(microseconds));
      const rest = `${bind(`\\x${key}`)}::bytea, ${bind(cutoffOf(issuedBeforeMs))}::timestamptz`;
      const expiresAt = bind(new Date(expiresAtMs).toISOString());
      return `(revoked_at, key, issued_before, expires_at)
        < (${revokedAt}::timestamptz, ${rest}, ${expiresAt}::timestamptz)`;
    }),
  ];
  const text = `SELECT ${COLUMNS} FROM ${revokedTokens} WHERE ${conditions.join(' AND ')}
    ORDER BY ${NEWEST_FIRST} LIMIT ${bind(search.limit + 1)}`;
  return { text, values };
}

/** Every live revocation that covers the token which is asked about, newest first. */
export function coveringQuery(
  { revokedTokens }: Tables,
  { absolute, cutoffs }: RevocationQuery,
): Statement {
  const text = `SELECT ${COLUMNS} FROM ${revokedTokens} AS revoked
    WHERE expires_at >= now() AND key = ANY ($1::bytea[] || $2::bytea[])
      AND (issued_before = 'infinity' OR EXISTS (
        SELECT FROM unnest($2::bytea[], $3::timestamptz[]) AS asked (key, at)
        WHERE asked.key = revoked.key AND asked.at <= revoked.issued_before))
    ORDER BY ${NEWEST_FIRST}`;
  const values = [
    absolute.map((key) => `\\x${key}`),
    cutoffs.map(({ key }) => `\\x${key}`),
    cutoffs.map(({ at }) => cutoffOf(at)),
  ];
  return { text, values };
}

/** The row in the words of the port; what is null in the table is absent. */
export function liveRevocation(row: RevocationRow): LiveRevocation {
  const { key, issuedBeforeMs, expiresAtMs, microseconds } = placeOf(row);
  return {
    key,
    scope: row.scope,
    issuedBefore: issuedBeforeMs === Infinity ? ANY_ISSUE_TIME : new Date(issuedBeforeMs),
    expiresAt: new Date(expiresAtMs),
    revokedAt: dateOf(microseconds),
    ...present({
      issuer: row.issuer,
      subject: row.subject,
      tokenId: row.token_id,
      sessionId: row.session_id,
      clientId: row.client_id,
      reason: row.reason,
      actor: row.actor,
    }),
  };
}

export function placeOf(row: RevocationRow): RevocationPlace {
  return {
    microseconds: Number(row.microseconds),
    key: row.key,
    issuedBeforeMs: Number(row.issued_before),
    expiresAtMs: Number(row.expires_at),
  };
}

const cutoffOf = (ms: number): string =>
  ms === Infinity ? ANY_ISSUE_TIME : new Date(ms).toISOString();
