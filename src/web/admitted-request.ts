import type { RequestSource } from '../audit/audit-event';
import type { Authentication } from '../revocation/authentication';
import type { Caller } from '../introspection/introspection-callers';
import type { JudgedLogoutToken } from '../tokens/logout-token/logout-token';
import { rawRequest, type IncomingRequest } from './request';
import type { Route } from './route';

/** A request that passed the gate: what its route needs of it. */
export interface AdmittedRequest {
  readonly route: Route;
  /** `missing` where the route takes none. */
  readonly bearer: Authentication;
  /** The text of the bearer token, where one came. */
  readonly bearerText: string | undefined;
  /** Who asks, on routes that take callers of introspection. */
  readonly caller?: Caller | undefined;
  /** The logout token in the body, on the route that takes one; `undefined` where none came. */
  readonly logoutToken?: JudgedLogoutToken | undefined;
  readonly source: RequestSource;
  /** The parsed body; `undefined` where none came. */
  readonly body: unknown;
}

const admittedRequests = new WeakMap<object, AdmittedRequest>();

/** What a gate found in a request that it let in. */
export const admittedOf = (request: IncomingRequest): AdmittedRequest | undefined =>
  admittedRequests.get(rawRequest(request));

/** From here on `admittedOf` knows the request. */
export function admit(request: IncomingRequest, admitted: AdmittedRequest): void {
  admittedRequests.set(rawRequest(request), admitted);
}
