import type { RawRequest } from './request';

/** What a request carries as its bearer, in the `Authorization` header or in a cookie. */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable' }
  /** Any text: whether it is a token, the verifier knows. */
  | { readonly kind: 'bearer'; readonly token: string };

const NONE: Credentials = { kind: 'none' };
const UNREADABLE: Credentials = { kind: 'unreadable' };

const SCHEME = 'bearer';
const HEADER = 'authorization';

/**
 * The bearer token of a request. `unreadable` where more than one header came. Another scheme is
 * `none`: it was not meant for us (RFC 6750 §3.1).
 */
export function bearerCredentials(
  request: Pick<RawRequest, 'headers' | 'rawHeaders'>,
): Credentials {
  // A host may describe a request by what a client sent, such as GraphQL's connection parameters.
  const header: unknown = request.headers.authorization;
  if (header === undefined) return NONE;
  if (typeof header !== 'string') return UNREADABLE;
  // Node keeps the first of several Authorization headers and drops the others silently.
  if (isRepeated(request.rawHeaders ?? [])) return UNREADABLE;
  return isBearer(header) ? { kind: 'bearer', token: textBehindScheme(header) } : NONE;
}

/** Schemes ignore case, and blanks follow them (RFC 9110 §11.1, §11.4). */
function isBearer(header: string): boolean {
  const end = header.charAt(SCHEME.length);
  return (end === ' ' || end === '') && header.slice(0, SCHEME.length).toLowerCase() === SCHEME;
}

function textBehindScheme(header: string): string {
  let start = SCHEME.length;
  while (header.charAt(start) === ' ') start += 1;
  return header.slice(start);
}

/** Whether more than one Authorization header came. Names and values alternate in `rawHeaders`. */
export function isRepeated(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    // The length first: it spares most names the rest.
    if (name?.length === HEADER.length && name.toLowerCase() === HEADER) count += 1;
  }
  return count > 1;
}
