import type { FailedEvent, RequestSource } from '../audit/audit-event';
import { tokenFields, type AuditLog } from '../audit/audit-log';
import type { VerifiedToken } from '../tokens/verification/token-verifier';
import { reasonOf, TokenRejectedError } from '../revocation/errors';
import { bodyTokenReason } from '../audit/reasons';
import {
  rejection,
  type Authentication,
  type RevokedTokensService,
} from '../revocation/revoked-tokens.service';

/** One request to log out. */
export interface LogoutAttempt {
  readonly bearer: Authentication;
  /** The token the body names; `undefined` where it names none, `null` where that is no text. */
  readonly named: string | null | undefined;
  /** Whether that is the bearer itself, character for character: then it is verified already. */
  readonly isBearerNamed: boolean;
  readonly source: RequestSource;
}

export interface LogoutRules {
  /** Whether the bearer is revoked when the body names no token. */
  readonly isBodyTokenOptional: boolean;
  /** Whether logging out what is logged out already succeeds. */
  readonly isRepeatable: boolean;
}

/** Logs a user out: the verdicts of the contract, in their order; the first that matches wins. */
export class Logout {
  constructor(
    private readonly tokens: RevokedTokensService,
    private readonly audit: AuditLog,
    private readonly rules: LogoutRules,
  ) {}

  /**
   * Revokes the token that the body names, which must be the bearer's own issuer's and subject's.
   * Whatever is refused leaves an audit row and changes nothing.
   *
   * @returns the token that is now refused everywhere.
   * @throws {TokenRejectedError} nothing was revoked.
   * @throws {StoreUnavailableError} whether it took effect is unknown; repeating it is safe.
   */
  async run(attempt: LogoutAttempt): Promise<VerifiedToken> {
    try {
      return await this.decide(attempt);
    } catch (error) {
      this.audit.failed(failedEvent(attempt, error));
      throw error;
    }
  }

  private async decide(attempt: LogoutAttempt): Promise<VerifiedToken> {
    const { bearer, source } = attempt;
    if (bearer.verdict === 'revoked') return this.repeat(bearer.token, attempt);
    if (bearer.verdict !== 'live') throw rejection(bearer);
    const token = await this.namedToken(bearer.token, attempt);
    const isNew = await this.tokens.revoke(token, { source });
    if (!isNew && !this.rules.isRepeatable) throw new TokenRejectedError('TOKEN_REVOKED');
    return token;
  }

  /**
   * A revoked bearer may do one thing, and only where the rules allow it: log itself out again.
   * That revokes once more: the first logout may still wait until all instances know of it.
   */
  private async repeat(bearer: VerifiedToken, attempt: LogoutAttempt): Promise<VerifiedToken> {
    if (!this.rules.isRepeatable || !this.namesItself(bearer, attempt))
      throw new TokenRejectedError('TOKEN_REVOKED');
    await this.tokens.revoke(bearer, { source: attempt.source });
    return bearer;
  }

  private namesItself(bearer: VerifiedToken, { named, isBearerNamed }: LogoutAttempt): boolean {
    if (named === undefined) return this.rules.isBodyTokenOptional;
    if (isBearerNamed) return true;
    const verification = this.tokens.verifyNamed(named);
    return verification.verdict === 'live' && isSame(verification.token, bearer);
  }

  private async namedToken(
    bearer: VerifiedToken,
    { named, isBearerNamed, source }: LogoutAttempt,
  ): Promise<VerifiedToken> {
    if (named === undefined) {
      if (this.rules.isBodyTokenOptional) return bearer;
      throw new TokenRejectedError('TOKEN_INVALID', 'body_token_missing');
    }
    if (isBearerNamed) return bearer;
    const verification = this.tokens.verifyNamed(named);
    if (verification.verdict === 'refused')
      throw new TokenRejectedError('TOKEN_INVALID', bodyTokenReason(verification.cause));
    const { token } = verification;
    // Before its expiry is looked at: a stranger's token gets one answer.
    if (!hasSameOwner(token, bearer)) throw new ForeignTokenError(token);
    if (verification.verdict === 'expired') throw new TokenRejectedError('TOKEN_EXPIRED');
    // The bearer itself was looked up a moment ago, and the commit tells in any case.
    if (!isSame(token, bearer) && (await this.isRefusedReuse(token, source)))
      throw new TokenRejectedError('TOKEN_REVOKED');
    return token;
  }

  private async isRefusedReuse(token: VerifiedToken, source: RequestSource): Promise<boolean> {
    return !this.rules.isRepeatable && (await this.tokens.checkPresented(token, source));
  }
}

/** Knows whose token it was: the audit tells, the client never learns. */
class ForeignTokenError extends TokenRejectedError {
  constructor(readonly named: VerifiedToken) {
    super('TOKEN_NOT_OWN');
  }
}

function isSame(a: VerifiedToken, b: VerifiedToken): boolean {
  return a.revocationKey === b.revocationKey;
}

/** Of a token without a subject nothing tells the owner, so it owns itself alone. */
function hasSameOwner(a: VerifiedToken, b: VerifiedToken): boolean {
  if (a.claims.iss !== b.claims.iss || a.subject !== b.subject) return false;
  return a.subject !== undefined || isSame(a, b);
}

function failedEvent({ bearer, source }: LogoutAttempt, error: unknown): FailedEvent {
  const isForeign = error instanceof ForeignTokenError;
  return {
    event: isForeign ? 'authz_fail' : 'authn_token_revoked',
    outcome: 'failure',
    reason: reasonOf(error),
    ...(isForeign && { detail: { named: tokenFields(error.named) } }),
    ...('token' in bearer && tokenFields(bearer.token)),
    ...source,
  };
}
