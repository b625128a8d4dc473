import type { PresentedRefreshToken } from '../sessions/session-renewal';
import type { IncomingRequest } from '../web/request';
import type { RefreshTokenCookie } from '../web/refresh-token-cookie';
import { namedTokens } from './logout.dto';

/** Finds the refresh token of a request to `/refresh`: what the body names, or else the cookie. */
export class RefreshTokenReader {
  /** @param cookie absent: no browser keeps refresh tokens for us. */
  constructor(private readonly cookie: RefreshTokenCookie | undefined) {}

  /** @returns what came; whether it came as a cookie, so that its successor goes there, too. */
  read(
    request: IncomingRequest,
    body: unknown,
  ): { readonly presented: PresentedRefreshToken; readonly isCookie: boolean } {
    const { refreshToken: named } = namedTokens(body);
    if (named === null) return { presented: { kind: 'unreadable' }, isCookie: false };
    if (named !== undefined) return { presented: { kind: 'text', text: named }, isCookie: false };
    const presented = this.cookie?.read(request) ?? { kind: 'none' };
    return { presented, isCookie: presented.kind === 'text' };
  }

  textOf(request: IncomingRequest, body: unknown): string | undefined {
    const { presented } = this.read(request, body);
    return presented.kind === 'text' ? presented.text : undefined;
  }
}
