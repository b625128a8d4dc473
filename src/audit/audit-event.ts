import type { Reason } from './reasons';

/** What happened, in the words of the OWASP Logging Vocabulary. */
export type AuditEventName =
  /** A logout: an attempt to revoke a token, done or refused (see the outcome). */
  | 'authn_token_revoked'
  /** A token was presented after it had been revoked. */
  | 'authn_token_reuse'
  /** A caller tried to revoke a token of another subject. */
  | 'authz_fail'
  /** A resource server asked what a token is worth, and did not prove who it is. */
  | 'authn_login_fail'
  /** A request to our routes that is no readable request. */
  | 'input_validation_fail'
  | 'excess_rate_limit_exceeded'
  /** A server-side session was ended, or could not be. */
  | 'session_expired'
  /** A login opened a session of ours. */
  | 'session_created'
  /** A refresh token was rotated. */
  | 'session_renewed'
  /** The refresh token before the newest came again, within the grace. */
  | 'session_replayed'
  /** The owner of the tables ran `erase_subject`. */
  | 'personal_data_erased';

export type AuditOutcome = 'success' | 'failure' | 'summary';

/** Where a request came from; every value is already safe to store and to print. */
export interface RequestSource {
  /** An IPv4 or IPv6 address without a zone. */
  readonly ip?: string;
  /** At most 512 characters, control characters escaped. */
  readonly userAgent?: string;
  readonly requestId?: string;
}

/** One row of the audit, before the database gives it its instant and its id. */
export interface AuditEvent extends RequestSource {
  readonly event: AuditEventName;
  readonly outcome: AuditOutcome;
  /** What was revoked: a `RevocationScope`. */
  readonly scope?: string;
  readonly issuer?: string;
  readonly subject?: string;
  /** Who acted, where that is not the subject. */
  readonly actor?: string;
  readonly tokenId?: string;
  readonly sessionId?: string;
  /** The revocation key: names a token without being it. */
  readonly tokenFingerprint?: string;
  readonly reason?: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Failures that one flood must not hide from each other: each kind has a budget of its own. */
export type FailureKind = 'authz_fail' | 'authn_token_reuse' | 'other';

/** What needs a genuine token stands apart from what anybody can send. */
export function failureKindOf({ event }: AuditEvent): FailureKind {
  return event === 'authz_fail' || event === 'authn_token_reuse' ? event : 'other';
}

/** An event that tells why something was not done. */
export interface FailedEvent extends AuditEvent {
  readonly outcome: 'failure';
  readonly reason: Reason;
}

/** A row as it stands in the audit. */
export interface RecordedAuditEvent extends AuditEvent {
  readonly id: string;
  /** By the database's clock. */
  readonly occurredAt: Date;
}
