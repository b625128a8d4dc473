import type { AuditEvent, RequestSource } from '../audit/audit-event';
import { tokenFields } from '../audit/audit-log';
import type { RevocationKey } from '../tokens/identity';
import { TokenQuery } from '../tokens/scopes';
import { clientOf, textOf } from '../tokens/verification/claims';
import type { VerifiedToken } from '../tokens/verified-token';
import { ANY_ISSUE_TIME, type Revocation } from './revocation';
import type { Addition, HostTransaction } from './unit-of-work';

/** Clocks of instances may differ by this much before a row could be purged too early. */
const SKEW_SECONDS = 60;

export interface RevokeOptions {
  /** Joins the host's transaction: revocation and audit row are committed when the host commits. */
  readonly manager?: HostTransaction;
  readonly reason?: string;
  /** Who revokes, where that is not the subject. */
  readonly actor?: string;
  readonly source?: RequestSource;
  /** @defaultValue what the option `logoutCovers` says */
  readonly covers?: 'token' | 'session';
}

/** As it was when the token was read, whatever has been written to the claims since. */
export function sessionKeyOf({ keys }: VerifiedToken): RevocationKey | undefined {
  return keys instanceof TokenQuery ? keys.session : undefined;
}

/** Until when a revocation is kept of what expires at an instant. */
export function keptUntil(expiresAtMs: number, clockToleranceSeconds: number): Date {
  return new Date(expiresAtMs + (clockToleranceSeconds + SKEW_SECONDS) * 1000);
}

/** For how long a revocation is kept of what lives for so long from now on. */
export function keptSeconds(lifetimeSeconds: number, clockToleranceSeconds: number): number {
  return lifetimeSeconds + clockToleranceSeconds + SKEW_SECONDS;
}

interface Kept {
  /** Until when other tokens of its session may live; `undefined`: the session is not covered. */
  readonly sessionEndsMs: number | undefined;
  readonly clockToleranceSeconds: number;
}

/** What a revocation of the token commits, that of the token itself first. */
export function additionsOf(
  token: VerifiedToken,
  options: RevokeOptions,
  { sessionEndsMs, clockToleranceSeconds }: Kept,
): readonly Addition[] {
  const { iss, jti } = token.claims;
  const session = sessionKeyOf(token);
  const revocation: Revocation = {
    key: token.revocationKey,
    scope: 'token',
    issuedBefore: ANY_ISSUE_TIME,
    expiresAt: keptUntil(token.expiresAtMs, clockToleranceSeconds),
    issuer: iss,
    subject: token.subject,
    tokenId: textOf(jti),
    sessionId: textOf(token.sessionId),
    clientId: clientOf(token.claims),
    reason: options.reason,
    actor: options.actor,
  };
  const own = { revocation, event: revokedEvent('token', token, options) };
  if (sessionEndsMs === undefined || session === undefined) return [own];
  const ofSession: Revocation = {
    ...revocation,
    key: session,
    scope: 'session',
    expiresAt: keptUntil(sessionEndsMs, clockToleranceSeconds),
    tokenId: undefined,
  };
  return [own, { revocation: ofSession, event: revokedEvent('session', token, options) }];
}

/** Two tokens of one session are one revocation of it, kept for as long as either needs it. */
export function uniqueByKey(additions: readonly Addition[]): readonly Addition[] {
  const byKey = new Map<string, Addition>();
  for (const addition of additions) {
    const { key, expiresAt: end } = addition.revocation;
    const known = byKey.get(key);
    if (known === undefined || known.revocation.expiresAt < end) byKey.set(key, addition);
  }
  return [...byKey.values()];
}

function revokedEvent(
  scope: 'token' | 'session',
  token: VerifiedToken,
  options: RevokeOptions,
): AuditEvent {
  return {
    event: 'authn_token_revoked',
    outcome: 'success',
    scope,
    actor: options.actor,
    reason: options.reason,
    // Last: a member after them would cost V8 half a microsecond, each.
    ...tokenFields(token),
    ...options.source,
  };
}
