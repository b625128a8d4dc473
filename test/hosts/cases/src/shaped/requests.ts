import type { IncomingHttpHeaders } from 'node:http';

export const PAGES = { origin: 'https://page.example' };

/** The token is in a cookie, and goes into the header that guards read. */
export function copyCookie(headers: IncomingHttpHeaders): void {
  const [, token] = /(?:^|; )access_token=([^;]*)/.exec(headers.cookie ?? '') ?? [];
  if (token !== undefined) headers.authorization ??= `Bearer ${token}`;
}

/** Clients of the first version still ask at its addresses. */
export const presentUrl = (url = '/') => url.replace(/^\/old\//, '/api/v1/auth/');
