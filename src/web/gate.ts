import type { Readable } from 'node:stream';
import type { RequestSource } from '../audit/audit-event';
import type { LogoutRules } from '../logout/logout';
import type { Authentication } from '../revocation/revoked-tokens.service';
import { reasonOf } from '../revocation/errors';
import type { RequestReason } from '../audit/reasons';
import type { VerifiedToken } from '../tokens/verified-token';
import { isJsonObject } from '../tokens/verification/json-object';
import type { Answer, LogoutAnswers, EmptyAnswer } from './answers';
import { announcesBody, readBody } from './body';
import { isForgeable } from './forgery';
import { sourceOf, rawRequest, type PlatformRequest } from './request';
import type { RequestAuthenticator } from './request-authenticator';
import { bodyRules, ROUTES, type Route } from './routes';
import type { Excess, Throttle } from './throttle';

/** A request that passed the gate: what its route needs of it. */
export interface AdmittedRequest {
  readonly route: Route;
  readonly bearer: Authentication;
  /** The text of the bearer token, where one came. */
  readonly bearerText: string | undefined;
  readonly source: RequestSource;
  /** The parsed body; `undefined` where none came. */
  readonly body: unknown;
}

const admittedRequests = new WeakMap<object, AdmittedRequest>();

/** What a gate found in a request that it let in. */
export const admittedOf = (request: PlatformRequest): AdmittedRequest | undefined =>
  admittedRequests.get(rawRequest(request));

/** Go on to the route; answer now; or the client has left. */
export type GateOutcome = 'admitted' | 'aborted' | Answer | EmptyAnswer;

/**
 * Stands before our routes: what is no readable request is answered here, in our envelope and
 * without quoting it. In this order: 429, 405, 415, 413, 400. `gate.express.ts` and
 * `gate.fastify.ts` put it before the host's body parser; `GateGuard` runs it for requests that
 * came to a route another way.
 */
export class Gate {
  constructor(
    private readonly authenticator: RequestAuthenticator,
    private readonly throttle: Throttle,
    private readonly answers: LogoutAnswers,
    private readonly logoutRules: Pick<LogoutRules, 'isBodyTokenOptional'>,
    private readonly onError: (error: unknown) => void,
    private readonly maxTokenBytes: number,
    /** Whether a logout of this bearer takes the refresh token that the body names. */
    private readonly mayRefresh: (bearer: VerifiedToken, body: unknown) => boolean = () => true,
  ) {}

  /**
   * Decides about a request at a path of ours. Never rejects.
   * @param routes those at its path, at least one.
   * @param stream where its body comes from.
   */
  async enter(
    request: PlatformRequest,
    routes: readonly Route[],
    stream: Readable,
  ): Promise<GateOutcome> {
    const route = routes.find(({ method }) => method === request.method);
    if (route !== undefined) return this.decide(request, route, stream);
    const Allow = routes.map(({ method }) => method).join(', ');
    // The host's CORS has not answered this preflight: no origin is allowed anything.
    if (isPreflight(request)) return this.answers.answerEmpty({ Allow });
    const source = sourceOf(request);
    const excess = await this.throttle.excessOfAddress(source);
    if (excess !== undefined) return this.tooMany(excess);
    return this.refuse('method_not_allowed', source, { Allow });
  }

  /**
   * What came in with a request that reached a route, however it came there.
   * @returns an answer where the request is refused after all. Never rejects.
   */
  async admit(
    request: PlatformRequest,
    route: Route,
    stream: Readable,
  ): Promise<AdmittedRequest | Exclude<GateOutcome, 'admitted'>> {
    const known = admittedOf(request);
    if (known?.route === route) {
      const isMissing = known.bearer.verdict === 'missing';
      return isMissing ? this.guarded(request, route, () => this.lookAgain(request, known)) : known;
    }
    const outcome = await this.decide(request, route, stream);
    return outcome === 'admitted' ? (admittedOf(request) ?? 'aborted') : outcome;
  }

  private decide(request: PlatformRequest, route: Route, stream: Readable): Promise<GateOutcome> {
    return this.guarded(request, route, async (source) => {
      const { text: bearerText, authentication } = this.authenticator.readForRoute(request);
      const bearer = await authentication;
      const byToken = bearer.verdict === 'live' && route.throttledBy === 'token';
      const full = await (byToken
        ? this.throttle.countAddress(source)
        : this.throttle.excessOfAddress(source));
      if (full !== undefined && !byToken) return this.tooMany(full);
      const body = await readBody(bodyOf(request, stream), bodyRules(route, this.maxTokenBytes));
      if (body.kind === 'aborted') return 'aborted';
      const value = body.kind === 'read' ? body.value : undefined;
      const admitted = { route, bearer, bearerText, source, body: value };
      const excess = await this.excessOfToken(admitted, body.kind === 'read');
      if (excess !== undefined) return this.tooMany(excess);
      if (body.kind === 'refused') return this.refuse(body.reason, source);
      if (bearer.verdict !== 'missing' && isForgeable(request, route))
        return this.refuse('unsupported_media_type', source);
      admittedRequests.set(rawRequest(request), admitted);
      return 'admitted';
    });
  }

  /**
   * Counts a request with a live bearer by its token, unless it logs that token out: this succeeds
   * once, so it needs no limit, and a thief who fills the bucket cannot prevent it.
   */
  private async excessOfToken(
    { route, bearer, bearerText, source, body }: AdmittedRequest,
    isRead: boolean,
  ): Promise<Excess | undefined> {
    if (bearer.verdict !== 'live' || route.throttledBy !== 'token') return undefined;
    // With a bad refresh token it fails as often as it is tried.
    const isOwnLogout =
      isRead &&
      route === ROUTES.logout &&
      this.names(body, bearerText) &&
      this.mayRefresh(bearer.token, body);
    return isOwnLogout ? undefined : this.throttle.excessOfToken(bearer.token, source);
  }

  /** Whether the body of a logout names the bearer, or may leave it out and does. */
  private names(body: unknown, bearerText: string | undefined): boolean {
    if (isJsonObject(body) && body.token !== undefined) return body.token === bearerText;
    return this.logoutRules.isBodyTokenOptional && (body === undefined || isJsonObject(body));
  }

  /** A middleware of the host's may have put a cookie's token into the header meanwhile. */
  private async lookAgain(
    request: PlatformRequest,
    known: AdmittedRequest,
  ): Promise<AdmittedRequest | Answer> {
    const { text: bearerText, authentication } = this.authenticator.readForRoute(request);
    const bearer = await authentication;
    if (bearer.verdict === 'missing') return known;
    // With a body it was JSON, which no page of another site can send without a preflight.
    if (known.body === undefined && isForgeable(request, known.route))
      return this.refuse('unsupported_media_type', known.source);
    const found = { ...known, bearer, bearerText };
    const excess = await this.excessOfToken(found, true);
    if (excess !== undefined) return this.tooMany(excess);
    admittedRequests.set(rawRequest(request), found);
    return found;
  }

  /** Runs `work`; what it throws becomes the documented 500, reported and audited. */
  private async guarded<T>(
    request: PlatformRequest,
    { event }: Route,
    work: (source: RequestSource) => Promise<T>,
  ): Promise<T | Answer> {
    const source = sourceOf(request);
    try {
      return await work(source);
    } catch (error) {
      this.onError(error);
      this.throttle.auditOnce({ event, outcome: 'failure', reason: reasonOf(error), ...source });
      return this.answers.answerError(error);
    }
  }

  private tooMany({ reason, retryAfterSeconds }: Excess): Answer {
    return this.answers.refuse(reason, { 'Retry-After': String(retryAfterSeconds) });
  }

  private refuse(
    reason: RequestReason,
    source: RequestSource,
    headers?: Readonly<Record<string, string>>,
  ): Answer {
    const event = 'input_validation_fail';
    this.throttle.auditOnce({ event, outcome: 'failure', reason, ...source });
    return this.answers.refuse(reason, headers);
  }
}

/** No more than a question what may be sent. With a body it is none (Fetch §4.8). */
function isPreflight({ method, headers }: PlatformRequest): boolean {
  return method === 'OPTIONS' && !announcesBody(headers);
}

function bodyOf(request: PlatformRequest, stream: Readable) {
  const { headers, body, rawBody } = request;
  return { headers, body, rawBody, stream, httpVersionMajor: rawRequest(request).httpVersionMajor };
}
