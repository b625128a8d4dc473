import type { RequestSource } from '../audit/audit-event';
import type { RefusalLog } from '../revocation/refusal-log';
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
    private readonly log: Pick<RefusalLog, 'explainInactive'>,
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
      return this.mayKnow(caller, audiencesOf(refresh.claims.aud))
        ? describeRefreshToken(refresh)
        : INACTIVE;
    const access = await this.tokens.authenticate(text, source);
    if (access.verdict !== 'live') return INACTIVE;
    const { claims } = access.token;
    if (!this.mayKnow(caller, audiencesOf(claims.aud))) return INACTIVE;
    const described = describeAccessToken(access.token);
    if (await admits(claims)) return described;
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

  /** A refresh token of ours is for those that the access tokens of its session are for. */
  private async ofSession(text: string, caller: Caller): Promise<IntrospectionAnswer> {
    const session = caller.refreshTokens ? await this.sessions.find(text) : undefined;
    if (session === undefined || !this.mayKnow(caller, this.sessions.audiences)) return INACTIVE;
    return describeSession(session);
  }

  /** Whether the caller may be told of a live token that is for these. */
  private mayKnow({ id, audiences: known }: Caller, audiences: readonly string[]): boolean {
    if (known === null || audiences.some((each) => known.has(each))) return true;
    this.log.explainInactive(id, () => explainAudiences(audiences, known));
    return false;
  }
}
