import type { AuditEvent, FailedEvent, RequestSource } from '../audit/audit-event';
import type { AuditLog } from '../audit/audit-log';
import { logoutTokenReason } from '../audit/reasons';
import { keptUntil } from '../revocation/additions';
import { commitRevocations } from '../revocation/commit-revocations';
import { reasonOf, TokenRejectedError } from '../revocation/errors';
import type { RefusalLog } from '../revocation/refusal-log';
import { ANY_ISSUE_TIME, type Revocation } from '../revocation/revocation';
import type { RevocationStore } from '../revocation/revocation-store';
import { knownOf } from '../revocation/verification';
import { explainLogoutToken } from '../tokens/explanation/logout-token-explanations';
import { identifierKey, revocationKey } from '../tokens/identity';
import type { JudgedLogoutToken, LogoutToken } from '../tokens/logout-token/logout-token';
import type { TokenVerifier } from '../tokens/verification/token-verifier';

const LOGOUT = { event: 'authn_token_revoked' } as const;
const REASON = 'backchannel_logout';
const LAST_MS_OF_SECOND = 999;
/** Of an actor, in the database. */
const MAX_ACTOR_LENGTH = 255;

/** Takes the logouts of identity providers (OpenID Connect Back-Channel Logout 1.0 §2.6, §2.7). */
export class BackchannelLogout {
  constructor(
    private readonly verifier: TokenVerifier,
    private readonly store: RevocationStore,
    private readonly audit: AuditLog,
    private readonly refusals: RefusalLog,
  ) {}

  /**
   * Whether a text is a genuine logout token. Nothing is changed or audited.
   * @throws {IssuerUnavailableError} the keys of its issuer are not known now.
   * @throws {KeysInDoubtError} its issuer may have published another key since.
   */
  async verify(text: string): Promise<JudgedLogoutToken> {
    return knownOf(await this.verifier.logoutTokens.verify(text));
  }

  /**
   * What the logout token names is refused from now on: its session; and where it names none, or the
   * issuer has `backchannel.ends: 'subject'`, what its subject had by its `iat`. That is committed,
   * all or nothing. A repetition changes nothing, whenever it comes, and neither does a session or a
   * subject that was never seen here.
   *
   * @param verified what `verify` has found; `undefined` where the request names no logout token.
   * @throws {TokenRejectedError} `LOGOUT_TOKEN_INVALID`; nothing was changed.
   * @throws {StoreUnavailableError} whether it took effect is unknown; repeating it is safe.
   */
  async run(verified: JudgedLogoutToken | undefined, source: RequestSource): Promise<void> {
    try {
      await this.end(this.accept(verified), source);
    } catch (error) {
      this.audit.failed(failure(error, source));
      throw error;
    }
  }

  private accept(verified: JudgedLogoutToken | undefined): LogoutToken {
    if (verified === undefined)
      throw new TokenRejectedError('LOGOUT_TOKEN_INVALID', 'logout_token_missing');
    if (verified.verdict === 'genuine') return verified.token;
    const reason = logoutTokenReason(verified.cause);
    this.refusals.explain(reason, () => explainLogoutToken(verified));
    throw new TokenRejectedError('LOGOUT_TOKEN_INVALID', reason);
  }

  private async end(token: LogoutToken, source: RequestSource): Promise<void> {
    const { issuer, sessionId, endsSubject } = token;
    if (sessionId !== undefined && !endsSubject && this.verifier.acceptsWithoutSession(issuer))
      this.refusals.noteUncovered(issuer);
    const now = this.store.clock.now();
    const revocations = this.revocationsOf(token)
      // So long after the event nothing that it covers is accepted, and its row may be purged.
      .filter(({ expiresAt }) => expiresAt.getTime() > now)
      .map((revocation) => ({ revocation, event: success(revocation, source) }));
    if (revocations.length > 0) await commitRevocations(this.store, this.audit, revocations);
  }

  /**
   * By the logout token alone, and the options: a repetition makes the same rows, and so none. There
   * is nothing else that remembers logout tokens.
   */
  private revocationsOf(token: LogoutToken): readonly Revocation[] {
    const { sessionId, subject, endsSubject } = token;
    return [
      ...(sessionId === undefined ? [] : [this.ofSession(token, sessionId)]),
      ...(endsSubject && subject !== undefined ? [this.ofSubject(token, subject)] : []),
    ];
  }

  private ofSession(token: LogoutToken, sessionId: string): Revocation {
    const { issuer, subject } = token;
    return {
      ...namesOf(token),
      key: identifierKey('session', issuer, sessionId),
      scope: 'session',
      issuedBefore: ANY_ISSUE_TIME,
      expiresAt: this.expiryOf(token, this.verifier.longestSessionSeconds(issuer)),
      sessionId,
      ...(subject !== undefined && { subject }),
    };
  }

  /**
   * A cutoff begins at the event, and is not made by `cutOff`, which takes the time of the store
   * while nothing that it covers can begin. That is for our own sessions, which are dated by that
   * clock. What this one covers was dated by the provider, as the logout token was: in whole seconds,
   * so it covers the whole second. If the clock of the provider is ahead, so is the cutoff, by the
   * clock tolerance and two seconds at most: a login there within that time may have to be repeated.
   */
  private ofSubject(token: LogoutToken, subject: string): Revocation {
    const { issuer, issuedSeconds } = token;
    return {
      ...namesOf(token),
      key: revocationKey('subject', issuer, subject),
      scope: 'subject',
      issuedBefore: new Date(issuedSeconds * 1000 + LAST_MS_OF_SECOND),
      expiresAt: this.expiryOf(token, this.verifier.longestCutoffSeconds(issuer)),
      subject,
    };
  }

  private expiryOf({ issuedSeconds }: LogoutToken, longestSeconds: number): Date {
    const endsMs = (issuedSeconds + longestSeconds) * 1000;
    return keptUntil(endsMs, this.verifier.clockToleranceSeconds);
  }
}

const namesOf = ({ issuer, tokenId }: LogoutToken) => ({
  issuer,
  tokenId,
  reason: REASON,
  actor: `idp:${issuer}`.slice(0, MAX_ACTOR_LENGTH),
});

function success(revocation: Revocation, source: RequestSource): AuditEvent {
  const { scope, issuer, subject, tokenId, sessionId, actor, reason } = revocation;
  const names = { scope, issuer, subject, tokenId, sessionId };
  return { ...LOGOUT, outcome: 'success', ...names, actor, reason, ...source };
}

const failure = (error: unknown, source: RequestSource): FailedEvent => ({
  ...LOGOUT,
  outcome: 'failure',
  reason: reasonOf(error),
  ...source,
});
