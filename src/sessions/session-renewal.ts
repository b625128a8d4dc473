import type { RequestSource } from '../audit/audit-event';
import type { AuditLog } from '../audit/audit-log';
import { reasonOf, TokenRejectedError } from '../revocation/errors';
import type { SessionTokens } from './session-issuance';
import type { SessionsService } from './sessions.service';

/**
 * What a request presents as its refresh token. `unreadable`: no text, or two cookies.
 * `untrusted`: a cookie alone, and any page may have made the browser send it.
 */
export type PresentedRefreshToken =
  | { readonly kind: 'none' | 'unreadable' | 'untrusted' }
  | { readonly kind: 'text'; readonly text: string };

const REFUSALS = {
  none: () => new TokenRejectedError('TOKEN_MISSING', 'refresh_token_missing'),
  unreadable: () => new TokenRejectedError('TOKEN_INVALID', 'refresh_token_unknown'),
  untrusted: () => new TokenRejectedError('TOKEN_MISSING', 'cookie_untrusted'),
};

/** A request to renew a session. What is refused leaves an audit row. */
export class SessionRenewal {
  constructor(
    private readonly sessions: SessionsService,
    private readonly audit: AuditLog,
  ) {}

  /**
   * As `SessionsService.refresh`.
   * @throws {TokenRejectedError} also where no refresh token came, or none that counts.
   */
  async run(presented: PresentedRefreshToken, source: RequestSource): Promise<SessionTokens> {
    try {
      if (presented.kind !== 'text') throw REFUSALS[presented.kind]();
      return await this.sessions.refresh(presented.text, source);
    } catch (error) {
      const reason = reasonOf(error);
      this.audit.failed({ event: 'session_renewed', outcome: 'failure', reason, ...source });
      throw error;
    }
  }
}
