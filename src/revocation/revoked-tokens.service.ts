import type { AuditEvent, RequestOrigin } from '../audit/audit-event';
import { tokenFields, type AuditLog } from '../audit/audit-log';
import type { OriginSource } from '../audit/request-origin';
import { expiresAt, issuedAt } from '../tokens/claims';
import type {
  RefusalCause,
  TokenVerifier,
  Verification,
  VerifiedToken,
} from '../tokens/token-verifier';
import { TokenRejectedError } from './errors';
import { onceKnown } from './once-known';
import { EVERY_AGE, type Revocation } from './revocation';
import type { HostTransaction, RevocationStore } from './revocation-store';

/** Clocks of instances may differ by this much before a row could be purged too early. */
const SKEW_SECONDS = 60;

/** What a presented text is worth at this instant. */
export type Authentication =
  | { readonly verdict: 'live'; readonly token: VerifiedToken }
  | { readonly verdict: 'expired'; readonly token: VerifiedToken }
  | { readonly verdict: 'revoked'; readonly token: VerifiedToken }
  | { readonly verdict: 'refused'; readonly cause: RefusalCause }
  | { readonly verdict: 'missing' };

/** Why what is not live is not accepted. */
export function rejection(
  authentication: Exclude<Authentication, { verdict: 'live' }>,
): TokenRejectedError {
  switch (authentication.verdict) {
    case 'missing':
      return new TokenRejectedError('TOKEN_MISSING');
    case 'expired':
      return new TokenRejectedError('TOKEN_EXPIRED');
    case 'revoked':
      return new TokenRejectedError('TOKEN_REVOKED');
    case 'refused':
      return new TokenRejectedError('TOKEN_INVALID', authentication.cause);
  }
}

export interface RevokeOptions {
  /** Joins the host's transaction: revocation and audit row are committed when the host commits. */
  readonly manager?: HostTransaction;
  readonly reason?: string;
  /** Who revokes, where that is not the subject. */
  readonly actor?: string;
  readonly origin?: RequestOrigin;
}

/** Revokes tokens, and tells of any token whether it is revoked. */
export class RevokedTokensService {
  constructor(
    private readonly verifier: TokenVerifier,
    private readonly store: RevocationStore,
    private readonly audit: AuditLog,
  ) {}

  /** Form, header, signature and claims of a text; whether it is revoked is not asked. */
  verify(text: unknown): Verification {
    return this.verifier.verify(text);
  }

  /**
   * The one acceptance path: what the text is worth now; at once, unless the store has to be asked.
   * A revoked token leaves an audit row.
   * @param origin where the text came from; asked only when there is something to tell of it.
   * @throws {StoreUnavailableError} or rejects with it; the token must not be accepted.
   */
  authenticate(text: unknown, origin: OriginSource = {}): Authentication | Promise<Authentication> {
    const verification = this.verifier.verify(text);
    if (verification.verdict !== 'accepted') return verification;
    const { token } = verification;
    return onceKnown(this.isReused(token, origin), (isReused) => ({
      verdict: isReused ? 'revoked' : 'live',
      token,
    }));
  }

  /**
   * @throws {StoreUnavailableError} or rejects with it; never "not revoked" for want of an answer.
   */
  isRevoked({ claims, revocationKey }: VerifiedToken): boolean | Promise<boolean> {
    return this.store.isRevoked([revocationKey], issuedAt(claims));
  }

  /** Like `isRevoked`, for a token that somebody presented: reuse leaves an audit row. */
  isReused(token: VerifiedToken, origin: OriginSource): boolean | Promise<boolean> {
    return onceKnown(this.isRevoked(token), (isRevoked) => {
      if (isRevoked) this.audit.reused(token, origin);
      return isRevoked;
    });
  }

  /**
   * Revokes the token, with its audit row: once this resolves the store refuses it for good.
   * Idempotent.
   *
   * @param token a verified token, or a text that is verified first.
   * @returns `true` when this call revoked it, `false` when it was revoked already.
   * @throws {TokenRejectedError} the text is no token that we accept; nothing was changed.
   * @throws {StoreUnavailableError} whether it took effect is unknown; repeating it is safe.
   */
  async revoke(token: VerifiedToken | string, options: RevokeOptions = {}): Promise<boolean> {
    const verified = typeof token === 'string' ? this.accept(token) : token;
    const event = revokedEvent(verified, options);
    const isNew = await this.store.add(
      this.revocationOf(verified, options),
      event,
      options.manager,
    );
    // Inside a host's transaction nothing is committed yet: its row tells, if it ever commits.
    if (isNew && options.manager === undefined) this.audit.committed(event);
    return isNew;
  }

  private accept(text: string): VerifiedToken {
    const verification = this.verifier.verify(text);
    if (verification.verdict === 'accepted') return verification.token;
    throw rejection(verification);
  }

  private revocationOf(token: VerifiedToken, { reason, actor }: RevokeOptions): Revocation {
    const { iss, sub, jti, sid, client_id: clientId } = token.claims;
    const keptSeconds = this.verifier.clockToleranceSeconds + SKEW_SECONDS;
    return {
      key: token.revocationKey,
      scope: 'token',
      issuedBefore: EVERY_AGE,
      expiresAt: new Date(expiresAt(token.claims).getTime() + keptSeconds * 1000),
      issuer: iss,
      subject: sub,
      tokenId: jti,
      sessionId: sid,
      clientId,
      reason,
      actor,
    };
  }
}

function revokedEvent(token: VerifiedToken, options: RevokeOptions): AuditEvent {
  return {
    event: 'authn_token_revoked',
    outcome: 'success',
    scope: 'token',
    actor: options.actor,
    reason: options.reason,
    // Last: a member after them would cost V8 half a microsecond, each.
    ...tokenFields(token),
    ...options.origin,
  };
}
