import type { Credentials } from './bearer';
import { isMediaType, type BodyKind } from './body';
import type { EnforcementRules } from './enforcement-options';
import { hasOtherOrigin } from './forgery';
import { OwnPages } from './own-pages';
import type { IncomingRequest, RawRequest } from './request';

/** The cookies in which a bearer token is looked for: those that `tokenSources` names. */
export class BearerCookies {
  private readonly names: readonly string[];
  private readonly ownPages: OwnPages;

  constructor({
    tokenSources,
    allowedOrigins,
  }: Pick<EnforcementRules, 'tokenSources' | 'allowedOrigins'>) {
    this.names = tokenSources.flatMap((source) => ('cookie' in source ? [source.cookie] : []));
    this.ownPages = new OwnPages(allowedOrigins);
  }

  /**
   * The token in the first of the cookies that came with a value, percent-decoded. `unreadable`
   * where that cookie came twice: a page of a sibling domain can set another of the same name.
   */
  credentialsOf({ headers }: Pick<RawRequest, 'headers'>): Credentials {
    // A host may describe a request by what a client sent: it may be anything.
    const cookie: unknown = headers.cookie;
    if (typeof cookie !== 'string') return { kind: 'none' };
    for (const name of this.names) {
      const [value, ...others] = valuesOf(cookie, name);
      if (others.length > 0) return { kind: 'unreadable' };
      if (value !== undefined) return { kind: 'bearer', token: decoded(value) };
    }
    return { kind: 'none' };
  }

  /**
   * Whether only a page of the host's own can have made a browser send this. Cookies come with
   * requests of any page: so the browser must name the sender, and where the route takes a body, that
   * must be JSON, which other pages cannot send without a preflight.
   */
  isFromOwnPage({ headers }: IncomingRequest, body: BodyKind): boolean {
    return this.ownPages.haveSent(headers) && (body === 'none' || isMediaType(headers, 'json'));
  }

  /**
   * Whether a page that is not the host's opens a WebSocket. Browsers let every page do that, with
   * cookies and without a preflight, and let it read what comes (RFC 6455 §10.2). They send `Origin`
   * with it, and no `Sec-Fetch-Site`: Mercurius takes that header from the client's first message.
   */
  isForeignSocket({ headers }: IncomingRequest): boolean {
    const isSocket = String(headers.upgrade).toLowerCase() === 'websocket';
    return isSocket && hasOtherOrigin(headers) && !this.ownPages.areListed(headers);
  }
}

/**
 * The values of the cookies of that name which have one. RFC 6265 §5.4: pairs are separated by a
 * semicolon; names keep their case.
 */
export function valuesOf(cookie: string, name: string): readonly string[] {
  return cookie.split(';').flatMap((pair) => {
    const equals = pair.indexOf('=');
    const isNamed = equals !== -1 && pair.slice(0, equals).trim() === name;
    const value = pair.slice(equals + 1).trim();
    return isNamed && value !== '' ? [value] : [];
  });
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    // A malformed escape: the verifier refuses the form.
    return value;
  }
}
