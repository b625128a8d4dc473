import { RequestMethod } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';
import { misconfigured } from '../options/misconfiguration';

/**
 * Where the logout route stands in the host's application: below its global prefix, unless the
 * host excluded our route from it. Our routes are version-neutral, so no version is in it.
 */
export function logoutPath(config: ApplicationConfig, path: string): string {
  const own = `/${path}/logout`.toLowerCase();
  const prefix = config.getGlobalPrefix().replace(/^\/|\/$/g, '');
  return prefix === '' || isExcluded(config, own) ? own : `/${prefix.toLowerCase()}${own}`;
}

/** @throws {TypeError} the global prefix has parameters or wildcards. */
export function checkPrefix(config: ApplicationConfig): void {
  const prefix = config.getGlobalPrefix();
  if (/[:*(){}]/.test(prefix))
    throw misconfigured(
      'setGlobalPrefix',
      'a plain path where AuthModule is imported',
      JSON.stringify(prefix),
      'Give your own modules such a prefix with RouterModule instead.',
    );
}

function isExcluded(config: ApplicationConfig, path: string): boolean {
  const excluded = config.getGlobalPrefixOptions().exclude ?? [];
  return excluded.some(
    ({ requestMethod, pathRegex }) =>
      pathRegex.test(path) &&
      (requestMethod === RequestMethod.ALL || requestMethod === RequestMethod.POST),
  );
}

/**
 * Whether the path of a URL may be the logout's, by a look that costs next to nothing: it is asked of
 * every request of the host's. The name stands in it, unless an encoding hides that.
 */
export function mayBeLogout(url: string): boolean {
  return /logout|%/i.test(url);
}

/** Whether the request may reach the logout route at `path`, by any reading of its URL. */
export function isLogoutRequest({ url }: { readonly url: string }, path: string): boolean {
  return mayBeLogout(url) && lenientPath(url) === path;
}

/**
 * The path of a URL as a lenient router could read it: without query, decoded, in lower case and
 * without a last slash. Lenient, so that no spelling reaches the controller past the door.
 */
export function lenientPath(url: string): string {
  // Clients of proxies send the absolute form, and every server must take it (RFC 9112 §3.2.2).
  const target = url.replace(/^https?:\/\/[^/?#]*/i, '');
  const path = target.split(/[?#;]/, 1)[0] ?? '';
  return decoded(path)
    .toLowerCase()
    .replace(/\/{2,}/g, '/')
    .replace(/(?<=.)\/$/, '');
}

function decoded(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    // Not a path that any router serves; it is nobody's.
    return '';
  }
}
