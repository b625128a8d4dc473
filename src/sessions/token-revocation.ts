import type { RequestSource } from '../audit/audit-event';
import type { AuditLog } from '../audit/audit-log';
import { IssuerUnavailableError, reasonOf } from '../revocation/errors';
import type { RevokedTokensService } from '../revocation/revoked-tokens.service';
import type { VerifiedToken } from '../tokens/verified-token';
import type { TokenVerifier } from '../tokens/verification/token-verifier';
import type { SessionsService } from './sessions.service';

/** Revokes whatever token a client hands in (RFC 7009 §2): who has it may revoke it. */
export class TokenRevocation {
  constructor(
    private readonly sessions: SessionsService,
    private readonly tokens: RevokedTokensService,
    private readonly verifier: TokenVerifier,
    private readonly audit: AuditLog,
  ) {}

  /**
   * From now on the token is refused, as it is where it was unknown, expired or revoked before. A
   * refresh token of ours, and an access token of a session of ours, end the session.
   * @throws {StoreUnavailableError} whether it took effect is unknown; repeating it is safe.
   * @throws {IssuerUnavailableError} the keys of its issuer are not known now: repeat it.
   */
  async run(text: string, source: RequestSource): Promise<void> {
    try {
      if (await this.sessions.endByRefreshToken(text, source)) return;
      const token = await this.acceptedIn(text);
      if (token !== undefined) await this.tokens.revoke(token, { source });
    } catch (error) {
      const reason = reasonOf(error);
      this.audit.failed({ event: 'authn_token_revoked', outcome: 'failure', reason, ...source });
      throw error;
    }
  }

  private async acceptedIn(text: string): Promise<VerifiedToken | undefined> {
    const access = await this.verifier.verifyForGood(text);
    if (access.verdict === 'live') return access.token;
    if (access.verdict === 'expired') return undefined;
    const refresh = this.tokens.knowsRefreshTokens && (await this.tokens.verifyRefresh(text));
    if (refresh && refresh.verdict === 'live') return refresh.token;
    // It may be good, and no client asks again after a 200.
    if (access.verdict === 'unknown') throw new IssuerUnavailableError(access.issuer);
    return undefined;
  }
}
