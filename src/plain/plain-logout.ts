import type { RequestSource } from '../audit/audit-event';
import { tokenFields } from '../audit/audit-log';
import type { LogoutCore } from '../core/compose';
import { foreignFields } from '../logout/ownership';
import { refreshTokenOf } from '../logout/refresh-token';
import { IssuerUnavailableError, reasonOf, TokenRejectedError } from '../revocation/errors';
import { rejection, type Authentication } from '../revocation/authentication';
import type { VerifiedToken } from '../tokens/verified-token';
import type { Body, BodyReason } from '../web/body';
import { sourceOf, type IncomingRequest } from '../web/request';
import type { RequestAuthenticator } from '../web/request-authenticator';
import type { Excess, Throttle } from '../web/throttle';
import type { PreparedAnswers, Reply } from './answers';
import { refreshTokenIn, tokenIn } from './logout-body';

export type NotLive = Exclude<Authentication, { verdict: 'live' }>;

const FAILED_LOGOUT = { event: 'authn_token_revoked', outcome: 'failure' } as const;

/** A logout without Nest, from its request to the reply. */
export class PlainLogout {
  constructor(
    private readonly core: LogoutCore,
    private readonly open: () => Promise<void>,
    private readonly authenticator: RequestAuthenticator,
    private readonly throttle: Throttle,
    private readonly answers: PreparedAnswers,
  ) {}

  /**
   * Never rejects. `undefined`: the client has disconnected, so there is no reply to send.
   * @param reading its body, which is read already or while this runs. Never rejects.
   */
  async run(request: IncomingRequest, reading: Promise<Body>): Promise<Reply | undefined> {
    let source: RequestSource = {};
    let excess: Excess | undefined;
    try {
      source = sourceOf(request);
      excess = await this.throttle.countAddress(source);
      const body = await reading;
      if (body.kind === 'aborted') return undefined;
      if (body.kind === 'refused')
        return this.tooMany(excess, source) ?? this.refuseRequest(body.reason, source);
      await this.open();
      const named = tokenIn(body.value);
      const authentication = await (named === undefined
        ? this.authenticator.readCookie(request, 'json').authentication
        : this.core.tokens.authenticate(named, source));
      const refresh = refreshTokenIn(body.value);
      return await this.revoke(authentication, refresh, source, excess);
    } catch (error) {
      // What cannot be told from a forged token passes no full bucket.
      const refused =
        error instanceof IssuerUnavailableError ? this.tooMany(excess, source) : undefined;
      if (refused !== undefined) return refused;
      this.core.refusals.countError(error);
      this.core.audit.failed({ ...source, ...FAILED_LOGOUT, reason: reasonOf(error) });
      return { answer: this.answers.unavailable };
    }
  }

  /** A live token is revoked although its address is full: neighbours cannot prevent a logout. */
  private async revoke(
    authentication: Authentication,
    namedRefresh: string | null | undefined,
    source: RequestSource,
    excess: Excess | undefined,
  ): Promise<Reply> {
    if (authentication.verdict !== 'live')
      return (
        this.tooMany(excess, source) ??
        this.refuse(rejection(authentication), source, tokenOf(authentication))
      );
    const { token } = authentication;
    const { tokens } = this.core;
    try {
      const refresh = await refreshTokenOf(token, namedRefresh, tokens);
      const isNew = await tokens.revokeTogether([token, ...refresh], { source });
      if (isNew) return { answer: this.answers.loggedOut };
      return this.refuse(new TokenRejectedError('TOKEN_REVOKED'), source, token);
    } catch (error) {
      if (error instanceof TokenRejectedError)
        return this.tooMany(excess, source) ?? this.refuse(error, source, token);
      throw error;
    }
  }

  private tooMany(excess: Excess | undefined, source: RequestSource): Reply | undefined {
    if (excess === undefined) return undefined;
    this.throttle.auditAddress(excess, source);
    this.core.refusals.count(excess.reason);
    const headers = { 'Retry-After': String(excess.retryAfterSeconds) };
    return { answer: this.answers.tooManyRequests, headers };
  }

  private refuse(error: TokenRejectedError, source: RequestSource, token?: VerifiedToken): Reply {
    const { reason } = error;
    this.core.refusals.count(reason);
    this.core.audit.failed({
      ...source,
      ...(token !== undefined && tokenFields(token)),
      ...FAILED_LOGOUT,
      ...foreignFields(error),
      reason,
    });
    return { answer: this.answers.logoutRefused };
  }

  private refuseRequest(reason: BodyReason, source: RequestSource): Reply {
    this.core.refusals.count(reason);
    const event = 'input_validation_fail';
    this.throttle.auditOnce({ ...source, event, outcome: 'failure', reason });
    return { answer: this.answers.logoutRefused };
  }
}

const tokenOf = (authentication: NotLive): VerifiedToken | undefined =>
  'token' in authentication ? authentication.token : undefined;
