import { readJson, refusalByHeaders, type JsonBody } from '../web/json-body';
import { isJsonObject } from '../tokens/verification/json-object';
import type { ExpressRequest } from './http-types';

/**
 * The JSON body of a request: as the host's parser left it, or read here. One rule for both: its
 * head must announce JSON in UTF-8 of at most 16 KB, whatever else the host's parsers take.
 */
export async function readBody(request: ExpressRequest): Promise<JsonBody> {
  const refusal = refusalByHeaders(request.headers);
  if (refusal !== undefined) return { kind: 'refused', refusal };
  // Somebody may have read the body and kept it: waiting for it would never end.
  if (request.body !== undefined || request.readableEnded)
    return { kind: 'json', value: request.body };
  return readJson(request, request.headers);
}

/** What the body names as the token, of whatever type; `undefined` where it names none. */
export function tokenIn(body: unknown): unknown {
  return isJsonObject(body) ? body.token : undefined;
}
