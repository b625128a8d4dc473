import type { AuditLog } from '../audit/audit-log';
import { identifierKey } from '../tokens/identity';
import type { TokenVerifier, VerifiedToken } from '../tokens/verification/token-verifier';
import { additionsOf, sessionKeyOf, uniqueByKey, type RevokeOptions } from './additions';
import { commitRevocations } from './commit-revocations';
import type { RefusalLog } from './refusal-log';
import type { RevocationStore } from './revocation-store';
import { SessionEnder, type EndOutcome } from './session-ender';

/** Revokes verified tokens, or ends the sessions of ours that they belong to. */
export class TokenRevoker {
  private readonly ender: SessionEnder;

  constructor(
    private readonly verifier: TokenVerifier,
    private readonly store: RevocationStore,
    private readonly audit: AuditLog,
    /** Told where a logout ends less than `logoutCovers` says. */
    private readonly log: Pick<RefusalLog, 'noteWithoutSession'>,
  ) {
    this.ender = new SessionEnder(verifier, store, audit);
  }

  /** As `RevokedTokensService.revokeTogether`. */
  async revoke(
    [token, ...others]: readonly [VerifiedToken, ...VerifiedToken[]],
    options: RevokeOptions,
  ): Promise<boolean> {
    if (!this.verifier.isOwn(token) || options.covers === 'token')
      return this.commit([token, ...others], options);
    const outcome = await this.endSession(token, options);
    const isNew = outcome === 'unknown' ? await this.endLost(token, options) : outcome === 'ended';
    if (others.length > 0) await this.commit(others, options);
    return isNew;
  }

  private async commit(tokens: readonly VerifiedToken[], options: RevokeOptions): Promise<boolean> {
    const { clockToleranceSeconds } = this.verifier;
    const revocations = uniqueByKey(
      tokens.flatMap((each) => {
        const sessionEndsMs = this.verifier.sessionEndsMs(each, options.covers);
        if (sessionEndsMs !== undefined && each.sessionId === undefined)
          this.log.noteWithoutSession(each.claims.iss);
        return additionsOf(each, options, { sessionEndsMs, clockToleranceSeconds });
      }),
    );
    const { store, audit } = this;
    const [isNew] = await commitRevocations(store, audit, revocations, options.manager);
    return isNew === true;
  }

  /**
   * Revokes the session of a token whose row a failover has lost. The store itself is asked whether
   * the session was revoked before: memory may be behind.
   */
  private async endLost(token: VerifiedToken, options: RevokeOptions): Promise<boolean> {
    const known = await this.store.explain(token.keys);
    if (known.some(({ scope }) => scope === 'session')) return false;
    return this.commit([token], options);
  }

  /** The session's own row decides who was first, whichever of its tokens was named. */
  private async endSession(token: VerifiedToken, options: RevokeOptions): Promise<EndOutcome> {
    const { sessionId } = token;
    const { iss: issuer } = token.claims;
    if (issuer === undefined || sessionId === undefined) return 'unknown';
    // An `iss` that was written since the token was read names the session of another issuer.
    if (identifierKey('session', issuer, sessionId) !== sessionKeyOf(token)) return 'unknown';
    return this.ender.end({ issuer, sids: [String(sessionId)] }, issuer, options);
  }
}
