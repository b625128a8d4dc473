import type { Readable } from 'node:stream';
import type { RequestSource } from '../audit/audit-event';
import { IssuerUnavailableError, KeysInDoubtError, reasonOf } from '../revocation/errors';
import type { RequestReason } from '../audit/reasons';
import type { Caller, IntrospectionCallers } from '../introspection/introspection-callers';
import type { JudgedLogoutToken } from '../tokens/logout-token/logout-token';
import { admit, admittedOf, type AdmittedRequest } from './admitted-request';
import type { Answer, BareAnswer, EmptyAnswer, LogoutAnswers } from './answers';
import { basicCredentials } from './basic';
import { announcesBody, holding, readBody, type BodyRequest } from './body';
import { isForgeable } from './forgery';
import { parameterIn } from './form-parameter';
import type { DocumentAnswer, UnchangedAnswer } from './published-document';
import { withOAuthError } from './oauth-errors';
import { sourceOf, rawRequest, type IncomingRequest, type PlatformRequest } from './request';
import type { PresentedBearer, RequestAuthenticator } from './request-authenticator';
import type { Route } from './route';
import type { RouteThrottle } from './route-throttle';
import { bodyRules, methodsOf } from './routes';
import type { ServerMetadata } from './server-metadata';
import type { Excess, Throttle } from './throttle';

const NO_BEARER: PresentedBearer = { authentication: { verdict: 'missing' } };

type Refused = Answer | BareAnswer | EmptyAnswer;

/** Go on to the route; answer now; or the client has left. */
export type GateOutcome =
  'admitted' | 'aborted' | Answer | BareAnswer | EmptyAnswer | DocumentAnswer | UnchangedAnswer;

/** What some applications have. */
interface OptionalParts {
  readonly metadata?: ServerMetadata | undefined;
  /** Absent: there are none, and no route that takes them. */
  readonly callers?: IntrospectionCallers | undefined;
  /**
   * Judges a logout token. Absent: no route takes one.
   * @throws {Error} it cannot be judged now.
   */
  readonly verifyLogoutToken?: (text: string) => Promise<JudgedLogoutToken>;
}

/** A request that was counted, and not judged yet. */
interface Arrival {
  readonly route: Route;
  readonly caller: Caller | undefined;
  readonly source: RequestSource;
  /** The excess of its address or its caller. */
  readonly full: Excess | undefined;
}

/**
 * Stands before our routes: what is no readable request is answered here, in the form of its route and
 * without quoting it. In this order: 429, 405, 401 where credentials of a caller are missing, 415,
 * 413, 400. `gate.express.ts` and `gate.fastify.ts` put it before the host's body parser;
 * `GateGuard` runs it for requests that came to a route another way.
 */
export class Gate {
  constructor(
    private readonly authenticator: RequestAuthenticator,
    private readonly throttle: Throttle,
    private readonly limits: RouteThrottle,
    private readonly answers: LogoutAnswers,
    private readonly maxTokenBytes: number,
    private readonly optional: OptionalParts = {},
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
    const route = routes.find((each) => methodsOf(each).includes(request.method));
    // No controller of Nest's can stand at the root of the application where there is a prefix.
    if (route !== undefined && route === this.optional.metadata?.route)
      return this.optional.metadata.answerTo(request.headers);
    if (route !== undefined) return this.decide(request, route, stream);
    const Allow = routes.flatMap(methodsOf).join(', ');
    // The host's CORS has not answered this preflight: no origin is allowed anything.
    if (isPreflight(request)) return this.answers.answerEmpty({ Allow });
    const source = sourceOf(request);
    const bucket = routes[0]?.bucket;
    const excess = bucket && (await this.throttle.excessOfAddress(source, bucket));
    if (excess) return this.tooMany(routes[0], excess);
    return this.refuse(routes[0], 'method_not_allowed', source, { Allow });
  }

  /**
   * What came in with a request that reached a route, however it came there.
   * @returns an answer where the request is refused after all. Never rejects.
   */
  async admit(
    request: IncomingRequest,
    route: Route,
    stream: Readable,
  ): Promise<AdmittedRequest | 'aborted' | Refused> {
    const known = admittedOf(request);
    if (known?.route === route) {
      const isMissing = route.takesBearer && known.bearer.verdict === 'missing';
      return isMissing ? this.guarded(request, route, () => this.lookAgain(request, known)) : known;
    }
    const outcome = await this.decide(request, route, stream);
    return outcome === 'admitted' ? (admittedOf(request) ?? 'aborted') : outcome;
  }

  /** The answer where a path names nothing that there is. */
  notFound(): Answer {
    return this.answers.answer('NOT_FOUND');
  }

  private decide(
    request: IncomingRequest,
    route: Route,
    stream: Readable,
  ): Promise<'admitted' | 'aborted' | Refused> {
    const work = async (source: RequestSource) => {
      const caller = this.callerOf(request, route);
      const full = await this.limits.arrive(route, caller, source);
      try {
        return await this.judge(request, { route, caller, source, full }, stream);
      } catch (error) {
        // What cannot be told from a forged token passes no full bucket.
        if (full === undefined || !mayBeForged(error)) throw error;
        return this.tooManyOfAddress(route, full, source);
      }
    };
    return holding(stream, () => this.guarded(request, route, work));
  }

  private async judge(
    request: IncomingRequest,
    { route, caller, source, full }: Arrival,
    stream: Readable,
  ): Promise<'admitted' | 'aborted' | Refused> {
    const { text: bearerText, authentication } = this.bearerOf(request, route);
    const bearer = await authentication;
    if (full !== undefined && !this.limits.mayPass(route, bearer))
      return this.tooManyOfAddress(route, full, source);
    if (route.takesCaller === true && caller === undefined)
      return this.refuse(route, 'caller_refused', source);
    const body = await readBody(bodyOf(request, stream), bodyRules(route, this.maxTokenBytes));
    if (body.kind === 'aborted') return 'aborted';
    const isRead = body.kind === 'read';
    const value = isRead ? body.value : undefined;
    const logoutToken = await this.logoutTokenIn(value, route);
    const admitted = { route, bearer, bearerText, caller, logoutToken, source, body: value };
    const excess = await this.limits.excessOf(request, admitted, full, isRead);
    if (excess !== undefined) return this.tooMany(route, excess);
    if (body.kind === 'refused') return this.refuse(route, body.reason, source);
    if (bearer.verdict !== 'missing' && isForgeable(request, route))
      return this.refuse(route, 'unsupported_media_type', source);
    admit(request, admitted);
    return 'admitted';
  }

  private tooManyOfAddress(route: Route, full: Excess, source: RequestSource): Refused {
    this.limits.audit(route, full, source);
    return this.tooMany(route, full);
  }

  private bearerOf(request: IncomingRequest, { takesBearer, body }: Route): PresentedBearer {
    return takesBearer ? this.authenticator.readForRoute(request, body) : NO_BEARER;
  }

  private callerOf(request: IncomingRequest, { takesCaller }: Route): Caller | undefined {
    const credentials = takesCaller === true ? basicCredentials(request) : undefined;
    return credentials && this.optional.callers?.find(credentials.id, credentials.secret);
  }

  private async logoutTokenIn(
    body: unknown,
    { throttledBy }: Route,
  ): Promise<JudgedLogoutToken | undefined> {
    const text = throttledBy === 'logoutToken' ? parameterIn(body, 'logout_token') : undefined;
    return text === undefined ? undefined : this.optional.verifyLogoutToken?.(text);
  }

  /** A middleware of the host's may have put a cookie's token into the header meanwhile. */
  private async lookAgain(
    request: IncomingRequest,
    known: AdmittedRequest,
  ): Promise<AdmittedRequest | Refused> {
    const { text: bearerText, authentication } = this.bearerOf(request, known.route);
    const bearer = await authentication;
    if (bearer.verdict === 'missing') return known;
    // With a body it was JSON, which no page of another site can send without a preflight.
    if (known.body === undefined && isForgeable(request, known.route))
      return this.refuse(known.route, 'unsupported_media_type', known.source);
    const found = { ...known, bearer, bearerText };
    const excess = await this.limits.excessOf(request, found, undefined, true);
    if (excess !== undefined) return this.tooMany(known.route, excess);
    admit(request, found);
    return found;
  }

  /** Runs `work`; what it throws becomes the documented 500, reported and audited. */
  private async guarded<T>(
    request: IncomingRequest,
    route: Route,
    work: (source: RequestSource) => Promise<T>,
  ): Promise<T | Refused> {
    const source = sourceOf(request);
    try {
      return await work(source);
    } catch (error) {
      const { event } = route;
      if (event !== undefined)
        this.throttle.auditOnce({ event, outcome: 'failure', reason: reasonOf(error), ...source });
      return withOAuthError(route, this.answers.answerError(error));
    }
  }

  private tooMany(route: Route | undefined, { reason, retryAfterSeconds }: Excess): Refused {
    const headers = { 'Retry-After': String(retryAfterSeconds) };
    return withOAuthError(route, this.answers.refuse(reason, headers));
  }

  private refuse(
    route: Route | undefined,
    reason: RequestReason,
    source: RequestSource,
    headers?: Readonly<Record<string, string>>,
  ): Refused {
    const event = reason === 'caller_refused' ? 'authn_login_fail' : 'input_validation_fail';
    this.throttle.auditOnce({ event, outcome: 'failure', reason, ...source });
    return withOAuthError(route, this.answers.refuse(reason, headers));
  }
}

/** Whether a token could not be told from a forged one. */
function mayBeForged(error: unknown): boolean {
  return error instanceof IssuerUnavailableError || error instanceof KeysInDoubtError;
}

/** No more than a question what may be sent. With a body it is none (Fetch §4.8). */
function isPreflight({ method, headers }: PlatformRequest): boolean {
  return method === 'OPTIONS' && !announcesBody(headers);
}

function bodyOf(request: IncomingRequest, stream: Readable): BodyRequest {
  const { headers, body } = request;
  const { httpVersionMajor } = rawRequest(request);
  return {
    headers,
    body,
    stream,
    httpVersionMajor,
    get rawBody() {
      return request.rawBody;
    },
  };
}
