import type { IncomingHttpHeaders } from 'node:http';
import { isMediaType } from './body';
import { sentHeaders } from './credentials';
import type { IncomingRequest } from './request';
import type { Route } from './route';

/**
 * Whether a page of another site could have made a browser send this: without a preflight, it can
 * send what needs no media type, with cookies that the host turned into a bearer. A page cannot set
 * `Authorization` without a preflight, nor send `DELETE`; and our `GET`s change nothing.
 */
export function isForgeable(request: IncomingRequest, { method, body }: Route): boolean {
  if (method !== 'POST' || !isFromElsewhere(request.headers)) return false;
  if (body === 'json' && isMediaType(request.headers, 'json')) return false;
  const { rawHeaders = [] } = sentHeaders(request);
  return !rawHeaders.some((name, at) => at % 2 === 0 && name.toLowerCase() === 'authorization');
}

/**
 * Whether a browser says that a page of another origin sent this. Browsers leave `Sec-Fetch-Site`
 * out where the API is on plain HTTP; `Origin` comes with every POST of a page.
 */
function isFromElsewhere(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'cross-site' || site === 'same-site';
  return hasOtherOrigin(headers);
}

/** Whether the `Origin`, where one came, is not the host that is asked. */
export function hasOtherOrigin(headers: IncomingHttpHeaders): boolean {
  // Of a request that a host describes, it may be anything.
  const origin: unknown = headers.origin;
  if (origin === undefined) return false;
  if (typeof origin !== 'string') return true;
  const host = headers.host ?? headers[':authority'];
  return origin.replace(/^https?:\/\//i, '').toLowerCase() !== String(host).toLowerCase();
}
