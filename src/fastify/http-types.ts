import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';

/** What we read of a request and write to it; the requests of Fastify 5 are such. */
export interface FastifyRequest {
  readonly headers: IncomingHttpHeaders;
  readonly raw: IncomingMessage;
  readonly url: string;
  /** By the host's `trustProxy`. */
  readonly ip: string;
  readonly query: unknown;
  /** Present where a parser of the host's has been here. */
  readonly body?: unknown;
  /** The claims of the bearer token, once `verifyToken` has let the request in. */
  user?: unknown;
}

/** What we write a reply with; the replies of Fastify 5 are such. */
export interface FastifyReply {
  readonly sent: boolean;
  code(status: number): unknown;
  getHeader(name: string): unknown;
  headers(values: Readonly<Record<string, string>>): unknown;
  send(payload?: string): unknown;
}

/** What `app.addHook` and the options of a route take as `onRequest`. Never throws. */
export type FastifyHook = (request: FastifyRequest, reply: FastifyReply, done: () => void) => void;

/** What `app.post(path, …)` takes: a handler, and a hook that reads the body before any parser. */
export interface FastifyRoute {
  readonly preParsing: (
    request: FastifyRequest,
    reply: FastifyReply,
    payload: Readable,
    done: () => void,
  ) => void;
  readonly handler: (request: FastifyRequest, reply: FastifyReply) => void;
}
