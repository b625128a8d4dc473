import type { RequestSource } from '../audit/audit-event';
import { tokenFields, type AuditLog } from '../audit/audit-log';
import { reasonOf, TokenRejectedError } from '../revocation/errors';
import { rejection, type Authentication } from '../revocation/authentication';
import type { Session } from '../revocation/session-store';
import { textOf } from '../tokens/verification/claims';
import type { VerifiedToken } from '../tokens/verified-token';
import type { SessionsService } from './sessions.service';

/** Who presents a live access token of a session of ours. */
interface Holder {
  readonly token: VerifiedToken;
  readonly subject: string;
  /** The session of the token. */
  readonly sid: string;
}

/** A session of a user, who looks at it from one of them. */
export interface OwnSession {
  readonly session: Session;
  readonly isCurrent: boolean;
}

/**
 * What users do with their own sessions, by an access token of one of them. Every method rejects
 * with `TokenRejectedError` where the bearer is no such token, or not live.
 */
export class OwnSessions {
  constructor(
    private readonly sessions: SessionsService,
    private readonly audit: AuditLog,
  ) {}

  /** Those that are live, opened last first. */
  async list(bearer: Authentication): Promise<readonly OwnSession[]> {
    const { subject, sid } = this.holderOf(bearer);
    const live = await this.sessions.list(subject);
    return live.map((session) => ({ session, isCurrent: session.sid === sid }));
  }

  /** Ends all but that of the bearer. */
  endOthers(bearer: Authentication, source: RequestSource): Promise<void> {
    return this.audited(bearer, source, async ({ subject, sid }) => {
      const count = await this.sessions.endOthers(subject, sid, source);
      if (count === undefined) throw new TokenRejectedError('TOKEN_REVOKED', 'session_ended');
    });
  }

  /** Ends all. @returns the bearer, which is refused from now on. */
  endAll(bearer: Authentication, source: RequestSource): Promise<VerifiedToken> {
    return this.audited(bearer, source, async ({ token, subject }) => {
      await this.sessions.endAll(subject, { source });
      return token;
    });
  }

  /**
   * Ends one.
   * @returns the bearer, and whether its own session was ended; `undefined`: this user has no session
   * with that id, or it was ended before.
   */
  end(
    bearer: Authentication,
    id: string,
    source: RequestSource,
  ): Promise<{ readonly token: VerifiedToken; readonly isCurrent: boolean } | undefined> {
    return this.audited(bearer, source, async ({ token, subject, sid }) => {
      const hasEnded = await this.sessions.end(id, { subject, source });
      return hasEnded ? { token, isCurrent: id === sid } : undefined;
    });
  }

  private async audited<T>(
    bearer: Authentication,
    source: RequestSource,
    work: (holder: Holder) => Promise<T>,
  ): Promise<T> {
    try {
      return await work(this.holderOf(bearer));
    } catch (error) {
      this.audit.failed({
        event: 'authn_token_revoked',
        outcome: 'failure',
        reason: reasonOf(error),
        ...('token' in bearer && tokenFields(bearer.token)),
        ...source,
      });
      throw error;
    }
  }

  private holderOf(bearer: Authentication): Holder {
    if (bearer.verdict !== 'live') throw rejection(bearer);
    const { token } = bearer;
    const sid = textOf(token.sessionId);
    if (!this.sessions.hasIssued(token) || token.subject === undefined || sid === undefined)
      throw new TokenRejectedError('TOKEN_INVALID', 'session_missing');
    return { token, subject: token.subject, sid };
  }
}
