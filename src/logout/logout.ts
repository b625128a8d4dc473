import type { FailedEvent, RequestSource } from '../audit/audit-event';
import { tokenFields, type AuditLog } from '../audit/audit-log';
import type { VerifiedToken } from '../tokens/verification/token-verifier';
import { reasonOf, TokenRejectedError } from '../revocation/errors';
import { ForeignTokenError, foreignFields, hasSameOwner, isSame } from './ownership';
import { refreshTokenOf } from './refresh-token';
import { bodyTokenReason } from '../audit/reasons';
import { rejection, type Authentication } from '../revocation/authentication';
import type { RevokedTokensService } from '../revocation/revoked-tokens.service';

/** One request to log out. */
export interface LogoutAttempt {
  readonly bearer: Authentication;
  /** The token the body names; `undefined` where it names none, `null` where that is no text. */
  readonly named: string | null | undefined;
  /** Whether that is the bearer itself, character for character: then it is verified already. */
  readonly isBearerNamed: boolean;
  /** The refresh token the body names, as `named`. */
  readonly namedRefresh: string | null | undefined;
  readonly source: RequestSource;
}

export interface LogoutRules {
  /** Whether the bearer is revoked when the body names no token. */
  readonly isBodyTokenOptional: boolean;
  /** Whether logging out what is logged out already succeeds. */
  readonly isRepeatable: boolean;
}

export interface LoggedOut {
  readonly token: VerifiedToken;
  /** Whether the bearer is refused from now on: named itself, or of the session that was ended. */
  readonly endsBearer: boolean;
}

/** Logs a user out: the verdicts of the contract, in their order; the first that matches wins. */
export class Logout {
  constructor(
    private readonly tokens: RevokedTokensService,
    private readonly audit: AuditLog,
    private readonly rules: LogoutRules,
  ) {}

  /**
   * Revokes the token that the body names, which must be the bearer's own issuer's and subject's; and
   * the refresh token that it names, if any, in the same commit. Whatever is refused leaves an audit
   * row and changes nothing.
   *
   * @returns the token that is now refused everywhere, and whether the bearer is, too.
   * @throws {TokenRejectedError} this call did not revoke the token.
   * @throws {StoreUnavailableError} whether it took effect is unknown; repeating it is safe.
   */
  async run(attempt: LogoutAttempt): Promise<LoggedOut> {
    try {
      const token = await this.decide(attempt);
      return { token, endsBearer: this.endsBearer(token, attempt.bearer) };
    } catch (error) {
      this.audit.failed(failedEvent(attempt, error));
      throw error;
    }
  }

  /** Whether a logout of this bearer takes the refresh token that it names, if it names one. */
  async takesRefresh(
    bearer: VerifiedToken,
    namedRefresh: string | null | undefined,
  ): Promise<boolean> {
    try {
      await refreshTokenOf(bearer, namedRefresh, this.tokens);
      return true;
    } catch (error) {
      if (error instanceof TokenRejectedError) return false;
      throw error;
    }
  }

  private endsBearer(token: VerifiedToken, bearer: Authentication): boolean {
    if (!('token' in bearer)) return false;
    return isSame(token, bearer.token) || this.tokens.endTogether(token, bearer.token);
  }

  private async decide(attempt: LogoutAttempt): Promise<VerifiedToken> {
    const { bearer } = attempt;
    if (bearer.verdict === 'revoked') return this.repeat(bearer.token, attempt);
    if (bearer.verdict !== 'live') throw rejection(bearer);
    const token = await this.namedToken(bearer.token, attempt);
    const isNew = await this.revoke(token, bearer.token, attempt);
    if (!isNew && !this.rules.isRepeatable) throw new TokenRejectedError('TOKEN_REVOKED');
    return token;
  }

  /**
   * A revoked bearer may do one thing, and only where the rules allow it: log itself out again.
   * That revokes once more: the first logout may still wait until all instances know of it.
   */
  private async repeat(bearer: VerifiedToken, attempt: LogoutAttempt): Promise<VerifiedToken> {
    if (!this.rules.isRepeatable || !(await this.namesItself(bearer, attempt)))
      throw new TokenRejectedError('TOKEN_REVOKED');
    await this.revoke(bearer, bearer, attempt);
    return bearer;
  }

  private async revoke(
    token: VerifiedToken,
    bearer: VerifiedToken,
    { namedRefresh, source }: LogoutAttempt,
  ): Promise<boolean> {
    const refresh = await refreshTokenOf(bearer, namedRefresh, this.tokens);
    return this.tokens.revokeTogether([token, ...refresh], { source });
  }

  private async namesItself(
    bearer: VerifiedToken,
    { named, isBearerNamed }: LogoutAttempt,
  ): Promise<boolean> {
    if (named === undefined) return this.rules.isBodyTokenOptional;
    if (isBearerNamed) return true;
    const verification = await this.tokens.verifyNamed(named);
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
    const verification = await this.tokens.verifyNamed(named);
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

function failedEvent({ bearer, source }: LogoutAttempt, error: unknown): FailedEvent {
  return {
    event: 'authn_token_revoked',
    outcome: 'failure',
    reason: reasonOf(error),
    ...foreignFields(error),
    ...('token' in bearer && tokenFields(bearer.token)),
    ...source,
  };
}
