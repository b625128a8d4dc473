import { setTimeout } from 'node:timers/promises';
import type { RequestSource } from '../audit/audit-event';
import { StoreUnavailableError, TokenRejectedError } from '../revocation/errors';
import type { RevocationStore } from '../revocation/revocation-store';
import type { SessionEnder } from '../revocation/session-ender';
import { sessionQuery } from '../revocation/session-query';
import type { Session } from '../revocation/session-store';
import type { TokenVerifier } from '../tokens/verification/token-verifier';
import { checkClaims, type AccessToken } from './access-tokens';
import type { RandomHalf } from './refresh-tokens';
import type { SessionClaims } from './session-options';
import type { SessionSettings } from './session-settings';

/** Before a token is dated anew; `undefined`: it is not any more. */
const CHANGE_WAITS_MS = [5, 50, 200, undefined];

/** What a login or a refresh hands to the client (RFC 6749 §5.1). */
export interface SessionTokens {
  readonly tokenType: 'Bearer';
  readonly accessToken: string;
  /** For how many seconds the access token is good. */
  readonly expiresIn: number;
  /** Good for one refresh. */
  readonly refreshToken: string;
  readonly session: Session;
}

/** Makes the tokens of sessions, with the claims of the host: none that would be refused at once. */
export class SessionIssuance {
  constructor(
    private readonly settings: SessionSettings,
    private readonly store: RevocationStore,
    private readonly verifier: TokenVerifier,
    private readonly ender: SessionEnder,
  ) {}

  /**
   * @param at when the access token is issued; later where the claims of the user change meanwhile.
   * @throws {TokenRejectedError} the session is over, or has ended.
   */
  async issue(
    session: Session,
    at: Date,
    randomHalf: RandomHalf,
    source: RequestSource,
  ): Promise<SessionTokens> {
    const { accessTokens, refreshTokens } = this.settings;
    let access = accessTokens.mint(session, at, await this.claimsOf(session, source));
    for (const waitMs of CHANGE_WAITS_MS) {
      // The last second of a session is too short for a token.
      if (access.expiresIn <= 0) throw new TokenRejectedError('TOKEN_EXPIRED');
      if (!(await this.isRevoked(access))) break;
      await this.refuseEnded(session);
      // The claims of the user changed after the token was dated: with new ones it is dated anew.
      if (waitMs === undefined) throw new StoreUnavailableError('date a token past a change');
      await setTimeout(waitMs);
      const now = new Date(Math.max(at.getTime(), this.store.clock.now()));
      access = accessTokens.mint(session, now, await this.claimsOf(session, source));
    }
    return {
      tokenType: 'Bearer',
      accessToken: access.text,
      expiresIn: access.expiresIn,
      refreshToken: refreshTokens.mint({ randomHalf, generation: session.generation }),
      session,
    };
  }

  /** What the host's hook returns now. @throws {TokenRejectedError} `null`; the session has ended. */
  private async claimsOf(session: Session, source: RequestSource): Promise<SessionClaims> {
    const { claims: hook } = this.settings.options;
    if (hook === undefined) return {};
    await this.refuseEnded(session); // the hook is asked about no user who was cut off
    const claims = await hook(session.subject, structuredClone(session));
    if (claims !== null) return checkClaims(claims);
    const { issuer, sid } = session;
    await this.ender.end({ issuer, sids: [sid] }, issuer, { reason: 'claims', source });
    throw new TokenRejectedError('TOKEN_REVOKED', 'session_ended');
  }

  private async refuseEnded(session: Session): Promise<void> {
    if (await this.store.isRevoked(sessionQuery(session)))
      throw new TokenRejectedError('TOKEN_REVOKED', 'session_ended');
  }

  /** By the acceptance path of every token. */
  private async isRevoked({ text }: AccessToken): Promise<boolean> {
    const verification = this.verifier.verify(text);
    if (verification.verdict === 'refused')
      throw new Error(`nestjs-logout: its own access token is refused: ${verification.cause}.`);
    if (verification.verdict !== 'live') throw new TokenRejectedError('TOKEN_EXPIRED');
    return this.store.isRevoked(verification.token.keys);
  }
}
