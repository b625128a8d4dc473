/** Only this host can set a cookie with this prefix, over HTTPS (RFC 6265bis §4.1.3.2). */
export const REFRESH_COOKIE = '__Host-refresh';

const ATTRIBUTES = 'Path=/; HttpOnly; Secure; SameSite=Strict';

/** The `Set-Cookie` value that keeps a refresh token in a browser for so many seconds. */
export function refreshCookie(refreshToken: string, maxAgeSeconds: number): string {
  return `${REFRESH_COOKIE}=${refreshToken}; Max-Age=${maxAgeSeconds}; ${ATTRIBUTES}`;
}

/** The `Set-Cookie` value that makes a browser drop it. */
export const EXPIRED_REFRESH_COOKIE = refreshCookie('', 0);
