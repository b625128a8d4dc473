import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { requestOrigin } from '../audit/request-origin';
import type { RequestOrigin } from '../audit/audit-event';

/** What Express's and Fastify's requests share, as far as we read it. */
export interface PlatformRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** By the host's trust of proxies. */
  readonly ip?: string;
  /** `http` or `https`, by the host's trust of proxies. */
  readonly protocol?: string;
  /** Node's own request, where the platform wraps it (Fastify). */
  readonly raw?: IncomingMessage;
  /** Set for the host by the guard, as Passport does. */
  user?: unknown;
}

/** Node's own request behind a platform's. */
export function rawRequest(
  request: PlatformRequest,
): Pick<IncomingMessage, 'headers' | 'rawHeaders'> {
  return request.raw ?? (request as unknown as IncomingMessage);
}

/** Where a request came from, for the audit. */
export function originOf(request: Pick<PlatformRequest, 'ip' | 'headers'>): RequestOrigin {
  const requestId = request.headers['x-request-id'];
  return requestOrigin(
    request.ip,
    request.headers['user-agent'],
    typeof requestId === 'string' ? requestId : undefined,
  );
}
