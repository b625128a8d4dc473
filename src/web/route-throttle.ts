import type { RequestSource } from '../audit/audit-event';
import type { Caller } from '../introspection/introspection-callers';
import { isJsonObject } from '../tokens/verification/json-object';
import type { VerifiedToken } from '../tokens/verified-token';
import type { AdmittedRequest } from './admitted-request';
import type { IncomingRequest } from './request';
import type { Route } from './route';
import { ROUTES } from './routes';
import type { Excess, Throttle } from './throttle';

/** What the throttle has to know of tokens in bodies. */
export interface NamedTokenRules {
  readonly isBodyTokenOptional: boolean;
  /** Whether a logout of this bearer takes the refresh token that the body names. */
  mayRefresh(bearer: VerifiedToken, body: unknown): Promise<boolean>;
  /** Names the session of the genuine refresh token that came; asks no database. */
  sessionOf(request: IncomingRequest, route: Route, body: unknown): string | undefined;
}

/** In which buckets a request to a route of ours counts, and whether it passes. */
export class RouteThrottle {
  constructor(
    private readonly throttle: Throttle,
    private readonly rules: NamedTokenRules,
    /** Requests of one caller of introspection in a window. */
    private readonly callerLimit = Infinity,
  ) {}

  /**
   * Counts a request before anything in it is judged: by its address, or by the caller of
   * introspection; not one to a route without a bucket.
   */
  async arrive(
    { bucket }: Route,
    caller: Caller | undefined,
    source: RequestSource,
  ): Promise<Excess | undefined> {
    if (bucket === undefined) return undefined;
    return caller === undefined
      ? this.throttle.countAddress(source, bucket)
      : this.excessOfCaller(caller, source, bucket);
  }

  /** Whether what a request presents lets it pass, though too many came from its address. */
  mayPass(route: Route, { verdict }: AdmittedRequest['bearer']): boolean {
    return isToldByBody(route) || verdict === 'live';
  }

  /** Audits that a request was refused for what `arrive` has counted. */
  audit({ bucket }: Route, full: Excess, source: RequestSource): void {
    if (full.reason === 'limit_by_address') this.throttle.auditAddress(full, source, bucket);
  }

  /**
   * Counts a request whose body was read by what it presents.
   * @param full the excess of its address.
   * @param isRead whether the body is what the route takes.
   */
  excessOf(
    request: IncomingRequest,
    admitted: AdmittedRequest,
    full: Excess | undefined,
    isRead: boolean,
  ): Promise<Excess | undefined> {
    const { bucket, throttledBy } = admitted.route;
    if (bucket === undefined || throttledBy === 'caller') return Promise.resolve(undefined);
    if (throttledBy === 'refreshToken')
      return this.excessOfSession(request, admitted, full, bucket);
    if (throttledBy === 'logoutToken') return this.excessOfLogoutToken(admitted, full, bucket);
    return this.excessOfBearer(admitted, isRead, bucket);
  }

  /**
   * Genuine ones count by themselves: otherwise forged ones would keep them out, which come from the
   * same few addresses.
   */
  private async excessOfLogoutToken(
    { source, logoutToken }: AdmittedRequest,
    full: Excess | undefined,
    bucket: string,
  ): Promise<Excess | undefined> {
    if (logoutToken?.verdict === 'genuine') {
      const { fingerprint: revocationKey } = logoutToken.token;
      return this.throttle.excessOfToken({ revocationKey }, source, bucket);
    }
    if (full !== undefined) this.throttle.auditAddress(full, source, bucket);
    return full;
  }

  /** Whatever its address has sent: all services behind one address may ask. */
  private excessOfCaller(
    { id }: Caller,
    source: RequestSource,
    bucket: string,
  ): Promise<Excess | undefined> {
    return this.throttle.excessOfCaller(id, this.callerLimit, source, bucket);
  }

  private async excessOfSession(
    request: IncomingRequest,
    { route, source, body }: AdmittedRequest,
    full: Excess | undefined,
    bucket: string,
  ): Promise<Excess | undefined> {
    const sessionId = this.rules.sessionOf(request, route, body);
    if (sessionId !== undefined) return this.throttle.excessOfSession(sessionId, source, bucket);
    if (full !== undefined) this.throttle.auditAddress(full, source, bucket);
    return full;
  }

  /**
   * Counts a request with a live bearer by its token, unless it logs that token out: this succeeds
   * once, so it needs no limit, and a thief who fills the bucket cannot prevent it.
   */
  private async excessOfBearer(
    { route, bearer, bearerText, source, body }: AdmittedRequest,
    isRead: boolean,
    bucket: string,
  ): Promise<Excess | undefined> {
    if (bearer.verdict !== 'live') return undefined;
    // With a bad refresh token it fails as often as it is tried.
    const isOwnLogout =
      isRead &&
      route === ROUTES.logout &&
      this.names(body, bearerText) &&
      (await this.rules.mayRefresh(bearer.token, body));
    return isOwnLogout ? undefined : this.throttle.excessOfToken(bearer.token, source, bucket);
  }

  /** Whether the body of a logout names the bearer, or may leave it out and does. */
  private names(body: unknown, bearerText: string | undefined): boolean {
    if (isJsonObject(body) && body.token !== undefined) return body.token === bearerText;
    return this.rules.isBodyTokenOptional && (body === undefined || isJsonObject(body));
  }
}

/** Whether the body says what its request counts by. */
function isToldByBody({ throttledBy }: Route): boolean {
  return throttledBy === 'refreshToken' || throttledBy === 'logoutToken';
}
