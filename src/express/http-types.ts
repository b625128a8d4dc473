import type { IncomingMessage, ServerResponse } from 'node:http';

/** What we read of a request and write to it; the requests of Express 4 and 5 are such. */
export interface ExpressRequest extends IncomingMessage {
  /** By the host's `trust proxy`. */
  readonly ip?: string | undefined;
  /** Present where a parser of the host's has been here. */
  readonly body?: unknown;
  /** The claims of the bearer token, once `verifyToken` has let the request in. */
  user?: unknown;
}

/** What we write an answer to; the responses of Express 4 and 5 are such. */
export type ExpressResponse = Pick<
  ServerResponse,
  'headersSent' | 'statusCode' | 'getHeader' | 'setHeader' | 'end'
>;

/** What `app.use`, `app.get` and `app.post` take. Never rejects, never throws. */
export type ExpressHandler = (
  request: ExpressRequest,
  response: ExpressResponse,
  next: () => void,
) => void;
