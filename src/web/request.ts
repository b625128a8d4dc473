import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { requestSource } from '../audit/request-source';
import type { RequestSource } from '../audit/audit-event';

/** What of a request tells who sent it: any request of Node's, and those of the platforms. */
export interface IncomingRequest {
  readonly headers: IncomingHttpHeaders;
  readonly url?: string | undefined;
  /** By the host's trust of proxies. */
  readonly ip?: string | undefined;
  /** Node's own request, where the platform wraps it (Fastify). */
  readonly raw?: IncomingMessage;
  /** Parsed by the host's own parser, where one was here. */
  readonly cookies?: object;
  readonly signedCookies?: object;
  readonly query?: unknown;
  readonly body?: unknown;
  /** The bytes of the body, where the host or its platform keeps them. */
  readonly rawBody?: unknown;
}

/** What Express's and Fastify's requests share, as far as we read it. */
export interface PlatformRequest extends IncomingRequest {
  readonly method: string;
  readonly url: string;
  /** `http` or `https`, by the host's trust of proxies. */
  readonly protocol?: string;
  /** Set for the host by the guard, as Passport does. */
  user?: unknown;
}

/** What we read and write of Node's own request; function platforms may leave some of it out. */
export interface RawRequest {
  headers: IncomingHttpHeaders;
  rawHeaders?: string[];
  url?: string | undefined;
  originalUrl?: string | undefined;
  readonly httpVersionMajor?: number;
}

/** Whether a value has what is read of every request; a context may hold anything. */
export function isRequest(value: unknown): value is PlatformRequest {
  return (
    typeof value === 'object' &&
    value !== null &&
    'headers' in value &&
    typeof value.headers === 'object' &&
    value.headers !== null
  );
}

/** Node's own request behind a platform's. */
export function rawRequest(request: IncomingRequest): RawRequest {
  return request.raw ?? request;
}

/** Where a request came from, for the audit. */
export function sourceOf(request: Pick<IncomingRequest, 'ip' | 'headers'>): RequestSource {
  const { ip, headers } = request;
  return requestSource(ip, text(headers['user-agent']), text(headers['x-request-id']));
}

/** Headers of Node's are text or lists; those of a request that a host describes may be anything. */
const text = (header: unknown): string | undefined =>
  typeof header === 'string' ? header : undefined;
