import type { AuditEvent, RequestSource } from '../audit/audit-event';
import { identifierKey } from '../tokens/identity';
import { ANY_ISSUE_TIME, type Revocation } from './revocation';
import type { RefreshOrder, RefreshOutcome, Session } from './session-store';

/** Why a session ended, where no caller said it. */
export type EndingReason = 'replaced' | 'session_limit' | 'reuse' | 'logout_others';

/** Why, by whom and from where a session was ended. */
export interface EndingCause {
  /** An `EndingReason`, or what the caller said. */
  readonly reason: string;
  readonly actor?: string;
  readonly source: RequestSource;
}

/** What refuses every access token of the session until `expiresAt`. */
export function sessionRevocation(
  { sid, issuer, subject, clientId }: Session,
  expiresAt: Date,
  { reason, actor }: Pick<EndingCause, 'reason' | 'actor'>,
): Revocation {
  return {
    key: identifierKey('session', issuer, sid),
    scope: 'session',
    issuedBefore: ANY_ISSUE_TIME,
    expiresAt,
    issuer,
    subject,
    sessionId: sid,
    clientId,
    reason,
    actor,
  };
}

export function createdEvent(session: Session, source: RequestSource): AuditEvent {
  const { clientId, device } = session;
  return {
    event: 'session_created',
    outcome: 'success',
    ...namesOf(session),
    ...source,
    detail: { clientId, ...(device !== undefined && { device }) },
  };
}

/**
 * What a refresh leaves in the audit, but for the end of a session.
 * @param before the stored generation before it.
 */
export function refreshEvents(
  outcome: RefreshOutcome,
  session: Session,
  before: number,
  { generation, isAudited, source }: RefreshOrder,
): readonly AuditEvent[] {
  if (outcome === 'reused') return [reusedEvent(session, generation, source)];
  if (!isAudited) return [];
  if (outcome === 'rotated') return [renewedEvent(session, generation, before, source)];
  return outcome === 'replayed' ? [replayedEvent(session, source)] : [];
}

/** @param generation the stored one before; behind `presented` where a failover lost rotations. */
function renewedEvent(
  session: Session,
  presented: number,
  generation: number,
  source: RequestSource,
): AuditEvent {
  return {
    event: 'session_renewed',
    outcome: 'success',
    ...namesOf(session),
    ...source,
    ...(presented > generation && { detail: { presented, generation } }),
  };
}

function replayedEvent(session: Session, source: RequestSource): AuditEvent {
  return { event: 'session_replayed', outcome: 'success', ...namesOf(session), ...source };
}

/** A refresh token came back after its successor was used, or after the grace. */
function reusedEvent(session: Session, presented: number, source: RequestSource): AuditEvent {
  return {
    event: 'authn_token_reuse',
    outcome: 'failure',
    reason: 'refresh_token_reused',
    ...namesOf(session),
    ...source,
    detail: { kind: 'refresh', presented, generation: session.generation },
  };
}

export function endedEvent(session: Session, { reason, actor, source }: EndingCause): AuditEvent {
  return { ...REVOKED, ...namesOf(session), actor, reason, ...source };
}

/** One event for all that the session ended. */
export function othersEndedEvent(
  stayed: Pick<Session, 'sid' | 'issuer' | 'subject'>,
  ended: number,
  source: RequestSource,
): AuditEvent {
  const reason: EndingReason = 'logout_others';
  return { ...REVOKED, ...namesOf(stayed), reason, ...source, detail: { ended } };
}

const REVOKED = { event: 'authn_token_revoked', outcome: 'success', scope: 'session' } as const;

const namesOf = ({ sid, issuer, subject }: Pick<Session, 'sid' | 'issuer' | 'subject'>) => ({
  issuer,
  subject,
  sessionId: sid,
});
