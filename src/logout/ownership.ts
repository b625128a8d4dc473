import type { FailedEvent } from '../audit/audit-event';
import { tokenFields } from '../audit/audit-log';
import { TokenRejectedError } from '../revocation/errors';
import type { VerifiedToken } from '../tokens/verified-token';

/** Knows whose token it was: the audit tells, the client never learns. */
export class ForeignTokenError extends TokenRejectedError {
  constructor(readonly named: VerifiedToken) {
    super('TOKEN_NOT_OWN');
  }
}

/** Whether two texts are one token. */
export function isSame(a: VerifiedToken, b: VerifiedToken): boolean {
  return a.revocationKey === b.revocationKey;
}

/** Of a token without a subject nothing tells the owner, so it owns itself alone. */
export function hasSameOwner(a: VerifiedToken, b: VerifiedToken): boolean {
  if (a.claims.iss !== b.claims.iss || a.subject !== b.subject) return false;
  return a.subject !== undefined || isSame(a, b);
}

/** What an audit event says more where a user named the token of another. */
export function foreignFields(error: unknown): Partial<Pick<FailedEvent, 'event' | 'detail'>> {
  if (!(error instanceof ForeignTokenError)) return {};
  return { event: 'authz_fail', detail: { named: tokenFields(error.named) } };
}
