import { isIP } from 'node:net';
import type { EVENT_COLUMNS, REVOCATION_COLUMNS } from '../../../../migrations/addition-columns';
import type { AuditEvent, RequestSource } from '../../../audit/audit-event';
import { ANY_ISSUE_TIME, type Revocation } from '../../../revocation/revocation';
import type { Addition } from '../../../revocation/unit-of-work';

/** The longest text the columns take; one that names a user must not fail for its length. */
const TEXT_LENGTH = 255;
const USER_AGENT_LENGTH = 512;
const FINGERPRINT = /^[\da-f]{64}$/;

/** In JSON text: an escaped backslash, or else what no PostgreSQL text can hold. */
const UNSTORABLE = /(\\\\)|\\u(?:0000|d[89a-f][\da-f]{2})/g;

/** A revocation and its event, each as an object in JSON that the database takes. */
export interface JsonRows {
  readonly revocation: string;
  readonly event: string;
}

/** @throws {TypeError} the event's detail is no JSON. */
export function toJsonRows({ revocation, event }: Addition): JsonRows {
  return { revocation: toJson(revocationRow(revocation)), event: eventToJson(event) };
}

/** Where a request came from, as the columns take it, whatever it holds. */
export function sourceRow({ ip, userAgent, requestId }: RequestSource) {
  return {
    ip: ip !== undefined && isStorableAddress(ip) ? ip : undefined,
    user_agent: cut(userAgent, USER_AGENT_LENGTH),
    request_id: cut(requestId),
  };
}

/** A row of `auth_events` as an object in JSON that the database takes, whatever the event holds. */
export const eventToJson = (event: AuditEvent): string => toJson(eventRow(event));

/** A row of `revoked_tokens` but for what the database adds; each value as text. */
export function revocationRow(
  revocation: Revocation,
): Readonly<Record<keyof typeof REVOCATION_COLUMNS, string | undefined>> {
  const { key, issuedBefore, expiresAt } = revocation;
  return {
    key: `\\x${key}`,
    issued_before: issuedBefore === ANY_ISSUE_TIME ? ANY_ISSUE_TIME : issuedBefore.toISOString(),
    expires_at: expiresAt.toISOString(),
    scope: revocation.scope,
    issuer: cut(revocation.issuer),
    subject: cut(revocation.subject),
    token_id: cut(revocation.tokenId),
    session_id: cut(revocation.sessionId),
    client_id: cut(revocation.clientId),
    reason: cut(revocation.reason),
    actor: cut(revocation.actor),
  };
}

/** A row of `auth_events` but for what the database adds. */
export function eventRow(event: AuditEvent) {
  const { tokenFingerprint } = event;
  return {
    event: event.event,
    outcome: event.outcome,
    scope: event.scope,
    issuer: cut(event.issuer),
    subject: cut(event.subject),
    actor: cut(event.actor),
    token_id: cut(event.tokenId),
    session_id: cut(event.sessionId),
    token_fingerprint: FINGERPRINT.test(tokenFingerprint ?? '') ? tokenFingerprint : undefined,
    ...sourceRow(event),
    reason: cut(event.reason),
    detail: event.detail,
  } satisfies Readonly<Record<keyof typeof EVENT_COLUMNS, unknown>>;
}

/** An inet has no zone, though Node takes `fe80::1%eth0` for an address. */
const isStorableAddress = (ip: string): boolean => isIP(ip) !== 0 && !ip.includes('%');

/** @param length by default that of most columns. */
export const cut = (text: string | undefined, length = TEXT_LENGTH): string | undefined =>
  text?.slice(0, length);

/** JSON that the database takes: what it has no text for becomes U+FFFD. */
// JSON.stringify escapes U+0000 and lone surrogates, and nothing else that the expression matches.
export function toJson(value: unknown): string {
  return JSON.stringify(value).replace(
    UNSTORABLE,
    (_, backslash: string | undefined) => backslash ?? '\ufffd',
  );
}
