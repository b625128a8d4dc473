import type { RequestSource } from '../audit/audit-event';
import type { AuditLog } from '../audit/audit-log';
import { reasonOf } from '../revocation/errors';
import type { RevokedTokensService } from '../revocation/revoked-tokens.service';
import type { SessionsService } from './sessions.service';

/** Revokes whatever token a client hands in (RFC 7009 §2): who has it may revoke it. */
export class TokenRevocation {
  constructor(
    private readonly sessions: SessionsService,
    private readonly tokens: RevokedTokensService,
    private readonly audit: AuditLog,
  ) {}

  /**
   * From now on the token is refused, as it is where it was unknown, expired or revoked before. A
   * refresh token of ours, and an access token of a session of ours, end the session.
   * @throws {StoreUnavailableError} whether it took effect is unknown; repeating it is safe.
   * @throws {IssuerUnavailableError} the keys of its issuer are not known now: repeat it.
   * @throws {KeysInDoubtError} the issuer may have published another key since: repeat it.
   */
  async run(text: string, source: RequestSource): Promise<void> {
    try {
      if (await this.sessions.endByRefreshToken(text, source)) return;
      // No client sends it again after a 200.
      const verification = await this.tokens.finalVerification(text);
      if (verification.verdict === 'live') await this.tokens.revoke(verification.token, { source });
    } catch (error) {
      const reason = reasonOf(error);
      this.audit.failed({ event: 'authn_token_revoked', outcome: 'failure', reason, ...source });
      throw error;
    }
  }
}
