import { serialize, type SerializeOptions } from 'cookie';

/** A cookie to expire at logout, with the attributes it was set with (RFC 6265 §5.3). */
export interface ExpiringCookie {
  readonly name: string;
  /** @defaultValue '/' */
  readonly path?: string;
  readonly domain?: string;
  readonly secure?: boolean;
  readonly httpOnly?: boolean;
  readonly sameSite?: 'strict' | 'lax' | 'none';
  readonly partitioned?: boolean;
}

/**
 * The `Set-Cookie` value that makes a browser drop the cookie.
 * @throws {TypeError} a browser would refuse a cookie of that name and these attributes.
 */
export function expiredCookie({ name, ...attributes }: ExpiringCookie): string {
  const cookie: SerializeOptions = { path: '/', ...attributes };
  const isHostBound = cookie.secure === true && cookie.path === '/' && cookie.domain === undefined;
  if (/^__Host-/i.test(name) && !isHostBound)
    throw new TypeError(`"${name}" must be secure, with path "/" and without domain`);
  if (/^__Secure-/i.test(name) && cookie.secure !== true)
    throw new TypeError(`"${name}" must be secure`);
  if ((cookie.sameSite === 'none' || cookie.partitioned === true) && cookie.secure !== true)
    throw new TypeError(`"${name}" must be secure with sameSite "none" or partitioned`);
  return serialize(name, '', { ...cookie, maxAge: 0, expires: new Date(0) });
}
