import type { IncomingHttpHeaders } from 'node:http';

/** Pages of the host's own: of the origin of our routes, or of one in `allowedOrigins`. */
export class OwnPages {
  private readonly origins: ReadonlySet<string>;

  constructor(allowedOrigins: readonly string[]) {
    this.origins = new Set(allowedOrigins);
  }

  /**
   * Whether a browser says that one of them sent this (Fetch Metadata §2.3, Fetch §3.1). What says
   * nothing is no browser, or may be any page.
   */
  haveSent(headers: IncomingHttpHeaders): boolean {
    return headers['sec-fetch-site'] === 'same-origin' || this.areListed(headers);
  }

  areListed({ origin }: IncomingHttpHeaders): boolean {
    return origin !== undefined && this.origins.has(origin);
  }
}
