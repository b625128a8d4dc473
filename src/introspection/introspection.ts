import type { RequestSource } from '../audit/audit-event';
import { RefusalLog } from '../revocation/refusal-log';
import type { RevokedTokensService } from '../revocation/revoked-tokens.service';
import type { SessionsService } from '../sessions/sessions.service';
import type { VerifiedToken } from '../tokens/verified-token';
import { audiencesOf, type Claims } from '../tokens/verification/claims';
import { explainAudiences } from './audience-explanation';
import {
  describeAccessToken,
  describeRefreshToken,
  describeSession,
  INACTIVE,
  type IntrospectionAnswer,
} from './introspection-answer';
import type { Caller } from './introspection-callers';

const REFUSED_BY_HOST = 'The option validate returned null, undefined or false, or has thrown.';

/** Whether the host lets in a live token with these claims. */
export type Admission = (claims: Claims) => boolean | Promise<boolean>;

/** Tells resource servers what a token is worth now (RFC 7662). */
export class Introspection {
  constructor(
    private readonly tokens: RevokedTokensService,
    private readonly sessions: SessionsService,
    /** Told why a caller is told nothing of a token that is live. */
    private readonly log = new RefusalLog(),
  ) {}

  /**
   * What `caller` may know of the token. `INACTIVE` for all that is not live, is for none of the
   * caller's audiences, or is a refresh token that it may not see: which of them it is, no answer
   * tells. Nothing is changed by asking; but a revoked token is reuse, and leaves an audit row.
   * @param admits whether the host takes a live access token with these claims.
   * @throws {StoreUnavailableError} whether it is live is unknown. @throws {IssuerUnavailableError}
   * the same.
   */
  async of(
    text: string,
    caller: Caller,
    source: RequestSource,
    admits: Admission = () => true,
  ): Promise<IntrospectionAnswer> {
    if (this.sessions.nameOf(text) !== undefined) return this.ofSession(text, caller);
    const refresh = await this.refreshTokenIn(text, caller, source);
    if (refresh !== undefined)
      return this.mayKnow(caller, refresh) ? describeRefreshToken(refresh) : INACTIVE;
    const access = await this.tokens.authenticate(text, source);
    if (access.verdict !== 'live' || !this.mayKnow(caller, access.token)) return INACTIVE;
    if (await admits(access.token.claims)) return describeAccessToken(access.token);
    this.log.explainInactive(caller.id, () => REFUSED_BY_HOST);
    return INACTIVE;
  }

  /**
   * A live refresh token of another issuer, for a caller that may see some. Looked for first: as an
   * access token it would be a refusal in the log.
   */
  private async refreshTokenIn(
    text: string,
    caller: Caller,
    source: RequestSource,
  ): Promise<VerifiedToken | undefined> {
    if (!caller.refreshTokens || !this.tokens.knowsRefreshTokens) return undefined;
    if ((await this.tokens.verify(text)).verdict !== 'refused') return undefined;
    const refresh = await this.tokens.authenticate(text, { ...source, use: 'refresh' });
    return refresh.verdict === 'live' ? refresh.token : undefined;
  }

  private mayKnow(caller: Caller, { claims: { aud } }: VerifiedToken): boolean {
    const mayKnow = isFor(caller, aud);
    if (!mayKnow)
      this.log.explainInactive(caller.id, () => explainAudiences(audiencesOf(aud), caller));
    return mayKnow;
  }

  /** A refresh token of ours is for those that the access tokens of its session are for. */
  private async ofSession(text: string, caller: Caller): Promise<IntrospectionAnswer> {
    if (!caller.refreshTokens || !isFor(caller, this.sessions.audiences)) return INACTIVE;
    const session = await this.sessions.find(text);
    return session === undefined ? INACTIVE : describeSession(session);
  }
}

function isFor({ audiences }: Caller, aud: string | readonly string[] | undefined): boolean {
  return audiences === null || audiencesOf(aud).some((each) => audiences.has(each));
}
