import { REFRESH_COOKIE } from '../sessions/refresh-cookie';
import type { PresentedRefreshToken } from '../sessions/session-renewal';
import { valuesOf } from './bearer-cookies';
import { sentHeaders } from './credentials';
import type { OwnPages } from './own-pages';
import type { IncomingRequest } from './request';

/** The cookie in which browsers keep the refresh token. */
export class RefreshTokenCookie {
  constructor(private readonly ownPages: OwnPages) {}

  /** The gate has let in JSON alone, or no body. */
  read(request: IncomingRequest): PresentedRefreshToken {
    const { headers } = sentHeaders(request);
    const [text, ...others] = valuesOf(headers.cookie ?? '', REFRESH_COOKIE);
    if (text === undefined) return { kind: 'none' };
    if (!this.ownPages.haveSent(headers)) return { kind: 'untrusted' };
    return others.length > 0 ? { kind: 'unreadable' } : { kind: 'text', text };
  }
}
