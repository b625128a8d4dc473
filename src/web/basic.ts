import { isRepeated } from './bearer';
import { sentHeaders } from './credentials';
import type { IncomingRequest } from './request';

/** What a client proves by HTTP Basic who it is with. */
export interface ClientCredentials {
  readonly id: string;
  readonly secret: string;
}

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The id and the secret of a client, each form-urlencoded within HTTP Basic (RFC 6749 §2.3.1).
 * @returns `undefined`: there is no such header, more than one `Authorization`, or one that is not
 * readable. What a body names is not looked at.
 */
export function basicCredentials(request: IncomingRequest): ClientCredentials | undefined {
  const { headers, rawHeaders = [] } = sentHeaders(request);
  const header: unknown = headers.authorization;
  if (typeof header !== 'string' || isRepeated(rawHeaders)) return undefined;
  const encoded = BASIC.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  try {
    const pair = utf8.decode(Buffer.from(encoded, 'base64'));
    const colon = pair.indexOf(':');
    if (colon === -1) return undefined;
    return { id: decoded(pair.slice(0, colon)), secret: decoded(pair.slice(colon + 1)) };
  } catch {
    return undefined; // no UTF-8, or a malformed escape
  }
}

/** @throws {URIError} an escape is malformed. */
function decoded(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}
