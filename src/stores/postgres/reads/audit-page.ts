import type { AuditEventName, AuditOutcome, RecordedAuditEvent } from '../../../audit/audit-event';
import type { RevocationScope } from '../../../revocation/revocation';
import type { AuditPosition, CheckedAuditQuery, Network } from '../../../audit/audit-query';
import type { Statement } from '../writes/insertions';
import type { Tables } from '../connection/tables';
import { dateOf, given, instantOf, present } from './columns';

/** A row as `pageQuery` selects it: text throughout, so that no type parser of the host's matters. */
export interface EventRow {
  readonly id: string;
  readonly microseconds: string;
  readonly event: AuditEventName;
  readonly outcome: AuditOutcome;
  readonly scope: RevocationScope | null;
  readonly issuer: string | null;
  readonly subject: string | null;
  readonly actor: string | null;
  readonly token_id: string | null;
  readonly session_id: string | null;
  readonly token_fingerprint: string | null;
  readonly ip: string | null;
  readonly user_agent: string | null;
  readonly request_id: string | null;
  readonly reason: string | null;
  readonly detail: string | null;
}

/** Newest first, and one row more than a page, which tells whether another page follows. */
export function pageQuery({ authEvents }: Tables, query: CheckedAuditQuery): Statement {
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const conditions = [
    'true',
    ...given(query.subject, (subject) => `subject = ${bind(subject)}`),
    ...given(query.event, (event) => `event = ${bind(event)}`),
    ...given(query.outcome, (outcome) => `outcome = ${bind(outcome)}`),
    ...given(query.tokenId, (tokenId) => `token_id = ${bind(tokenId)}`),
    ...given(query.from, (from) => `occurred_at >= ${bind(from.toISOString())}::timestamptz`),
    ...given(query.to, (to) => `occurred_at < ${bind(to.toISOString())}::timestamptz`),
    ...given(
      query.network,
      (network) => `ip ${comparisonOf(network)} ${bind(textOf(network))}::inet`,
    ),
    ...given(query.after, (after) => {
      const instant = bind(instantOf(after.microseconds));
      return `(occurred_at, id) < (${instant}::timestamptz, ${bind(after.id)}::uuid)`;
    }),
  ];
  const text = `
    SELECT id::text, round(extract(epoch FROM occurred_at) * 1000000)::text AS microseconds,
      event, outcome, scope, issuer, subject, actor, token_id, session_id, token_fingerprint,
      CASE WHEN masklen(ip) = CASE family(ip) WHEN 4 THEN 32 ELSE 128 END
        THEN host(ip) ELSE ip::text END AS ip,
      user_agent, request_id, reason, detail::text
    FROM ${authEvents} WHERE ${conditions.join(' AND ')}
    ORDER BY occurred_at DESC, id DESC LIMIT ${bind(query.limit + 1)}`;
  return { text, values };
}

/** Where the page after this row starts. */
export const positionOf = ({ microseconds, id }: EventRow): AuditPosition => ({
  microseconds: Number(microseconds),
  id,
});

/** The row in the words of the port; what is null in the table is absent. */
export function recordedEvent(row: EventRow): RecordedAuditEvent {
  const { id, event, outcome } = row;
  return {
    id,
    event,
    outcome,
    occurredAt: dateOf(Number(row.microseconds)),
    ...present({
      scope: row.scope,
      issuer: row.issuer,
      subject: row.subject,
      actor: row.actor,
      tokenId: row.token_id,
      sessionId: row.session_id,
      tokenFingerprint: row.token_fingerprint,
      ip: row.ip,
      userAgent: row.user_agent,
      requestId: row.request_id,
      reason: row.reason,
      detail: row.detail === null ? null : parseDetail(row.detail),
    }),
  };
}

/** One address is compared as itself: the index then yields its rows in the order of the page. */
const comparisonOf = ({ family, prefix }: Network): string =>
  prefix === (family === 'ipv4' ? 32 : 128) ? '=' : '<<=';

const textOf = ({ address, prefix }: Network): string => `${address}/${prefix}`;

function parseDetail(text: string): Record<string, unknown> {
  const detail: unknown = JSON.parse(text);
  return typeof detail === 'object' && detail !== null ? { ...detail } : { value: detail };
}
