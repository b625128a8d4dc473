import { isJsonObject } from '../tokens/verification/json-object';
import { readBody, type Body } from '../web/body';
import { ROUTES } from '../web/routes';
import type { ExpressRequest } from './http-types';

/**
 * The JSON body of a logout: as the host's parser left it, or read here. One rule for both: JSON in
 * UTF-8 of at most 16 KB, whatever else the host's parsers take.
 */
export function readLogoutBody(request: ExpressRequest): Promise<Body> {
  const { headers, httpVersionMajor, body } = request;
  return readBody({ headers, httpVersionMajor, body, stream: request }, ROUTES.logout);
}

/** What the body names as the token, of whatever type; `undefined` where it names none. */
export function tokenIn(body: unknown): unknown {
  return isJsonObject(body) ? body.token : undefined;
}
