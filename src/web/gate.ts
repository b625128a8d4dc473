import type { Readable } from 'node:stream';
import type { RequestOrigin } from '../audit/audit-event';
import type { AuditLog } from '../audit/audit-log';
import type { Authentication } from '../revocation/revoked-tokens.service';
import type { Answer, Contract, DoorRefusal } from './answers';
import { hasBody, readJson, refusalByHeaders } from './json-body';
import { originOf, type PlatformRequest } from './request';
import type { RequestAuthenticator } from './request-authenticator';
import type { Throttle } from './throttle';

/** What a request has been found to be on its way in. */
export interface Admission {
  readonly bearer: Authentication;
  readonly origin: RequestOrigin;
  /** The parsed body; `undefined` where none came. */
  readonly body: unknown;
}

/** The way on from the door: in, out with an answer, or nobody there any more. */
export type Passage = 'in' | 'aborted' | Answer;

/**
 * Whether the request is no more than a question what may be sent: the host's CORS answers it, or
 * the route itself. With a body it is none (Fetch §4.8).
 */
export function isPreflight({ method, headers }: PlatformRequest): boolean {
  return method === 'OPTIONS' && !hasBody(headers);
}

/**
 * Stands before our routes, ahead of the host's body parser: what is no readable request to log
 * out is answered here, in our envelope and without quoting it. In this order: 405, 429, 415, 413,
 * 400. `express-door.ts` and `fastify-door.ts` hang it in.
 */
export class Door {
  private readonly admissions = new WeakMap<object, Admission>();

  constructor(
    private readonly authenticator: RequestAuthenticator,
    private readonly throttle: Throttle,
    private readonly contract: Contract,
    private readonly audit: AuditLog,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** What came in with this request. @throws {Error} it reached the route past the door. */
  admission(request: object): Admission {
    const admission = this.admissions.get(request);
    if (admission === undefined) throw new Error('The request did not come through the door.');
    return admission;
  }

  /** Decides by the head of the request: 405, 429, 415 and the declared 413. Never rejects. */
  async enter(request: PlatformRequest): Promise<Passage> {
    const origin = originOf(request);
    try {
      return await this.decide(request, origin);
    } catch (error) {
      this.onError(error);
      const reason = 'internal_error';
      this.audit.failed({ event: 'authn_token_revoked', outcome: 'failure', reason, ...origin });
      return this.contract.answerError(error);
    }
  }

  /** Reads the body: the counted 413 and 400. Never rejects. */
  async readBody(request: PlatformRequest, stream: Readable): Promise<Passage> {
    const admission = this.admission(request);
    const body = await readJson(stream, request.headers);
    if (body.kind === 'aborted') return 'aborted';
    if (body.kind === 'refused') return this.refuse(body.refusal, admission.origin);
    this.admissions.set(request, { ...admission, body: body.value });
    return 'in';
  }

  private async decide(request: PlatformRequest, origin: RequestOrigin): Promise<Passage> {
    if (request.method !== 'POST') {
      await this.throttle.countAddress(origin);
      return this.refuse('METHOD_NOT_ALLOWED', origin, { Allow: 'POST' });
    }
    const bearer = await this.authenticator.authenticate(request);
    const waitSeconds = await this.throttle.retryAfterSeconds(bearer, origin);
    if (waitSeconds !== undefined)
      return this.contract.refuse('TOO_MANY_REQUESTS', { 'Retry-After': String(waitSeconds) });
    const refusal = refusalByHeaders(request.headers);
    if (refusal !== undefined) return this.refuse(refusal, origin);
    this.admissions.set(request, { bearer, origin, body: undefined });
    return 'in';
  }

  private refuse(
    refusal: DoorRefusal,
    origin: RequestOrigin,
    headers?: Readonly<Record<string, string>>,
  ): Answer {
    const reason = refusal.toLowerCase();
    this.audit.failed({ event: 'input_validation_fail', outcome: 'failure', reason, ...origin });
    return this.contract.refuse(refusal, headers);
  }
}
