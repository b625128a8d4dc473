import type { IncomingMessage } from 'node:http';

/** What the `Authorization` header carries. */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'bearer'; readonly token: string };

const NONE: Credentials = { kind: 'none' };
const UNREADABLE: Credentials = { kind: 'unreadable' };
/** RFC 6750 §2.1, anchored: one token and nothing after it. Schemes ignore case (RFC 9110 §11.1). */
const BEARER = /^bearer +([\w.~+/-]+=*)$/i;

/**
 * The bearer token of a request. `unreadable` where something came that is no single bearer
 * token: a second header, a second credential, or stray characters. Another scheme is `none`:
 * it was not meant for us (RFC 6750 §3.1).
 */
export function bearerCredentials(
  request: Pick<IncomingMessage, 'headers' | 'rawHeaders'>,
): Credentials {
  const header = request.headers.authorization;
  if (header === undefined) return NONE;
  // Node keeps the first of several Authorization headers and drops the others silently.
  if (isRepeated(request.rawHeaders)) return UNREADABLE;
  if (!/^bearer(?: |$)/i.test(header)) return NONE;
  const token = BEARER.exec(header)?.[1];
  return token === undefined ? UNREADABLE : { kind: 'bearer', token };
}

/** Names and values alternate in `rawHeaders`. */
function isRepeated(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.toLowerCase() === 'authorization') count += 1;
  return count > 1;
}
