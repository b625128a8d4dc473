import type { Readable } from 'node:stream';
import { isJsonObject } from '../tokens/verification/json-object';
import { readBody, type Body } from '../web/body';
import { rawRequest, type IncomingRequest } from '../web/request';
import { bodyRules, ROUTES } from '../web/routes';

/**
 * The JSON body of a logout: as the host's parser left it, or read here. One rule for both: JSON in
 * UTF-8 that is at most 8 KB longer than a token, whatever else the host's parsers take.
 * @param stream where the bytes come from.
 */
export function readLogoutBody(
  request: IncomingRequest,
  stream: Readable,
  maxTokenBytes: number,
): Promise<Body> {
  const { headers, body } = request;
  const { httpVersionMajor } = rawRequest(request);
  const rules = bodyRules(ROUTES.logout, maxTokenBytes);
  return readBody({ headers, httpVersionMajor, body, stream }, rules);
}

/** What the body names as the token, of any type; `undefined` where it names none. */
export function tokenIn(body: unknown): unknown {
  return isJsonObject(body) ? body.token : undefined;
}

/** What it names as the refresh token; `null` where that is no text. */
export function refreshTokenIn(body: unknown): string | null | undefined {
  if (!isJsonObject(body) || body.refreshToken === undefined) return undefined;
  return typeof body.refreshToken === 'string' ? body.refreshToken : null;
}
