import { RequestMethod } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';
import { misconfigured } from '../options/misconfiguration';
import type { Route } from '../web/route';
import { lenientPath, RouteMatcher } from '../web/routes';

/** The module's path; known before the options of `forRootAsync` are. */
export const PATH = Symbol('nestjs-logout:path');

/**
 * Where our routes stand in the host's application: below its global prefix, unless the host
 * excluded them from it. Our routes are version-neutral, so no version is in their paths.
 */
export class RoutePlaces {
  private readonly matcher: RouteMatcher;

  /** @param config the host may still set its prefix: it is read with each request. */
  constructor(
    routes: readonly Route[],
    private readonly config: ApplicationConfig,
    private readonly path: string,
  ) {
    this.matcher = new RouteMatcher(routes);
  }

  /** Whether a URL may be one of ours, by a look that costs next to nothing. */
  mayServe(url: string): boolean {
    return this.matcher.mayMatch(url);
  }

  /** @param path as `lenientPath` gives it. */
  routesAt(path: string): readonly Route[] {
    return this.matcher.at(path, (route) => this.placeOf(route).toLowerCase());
  }

  /**
   * Whether a parameter of one of our routes has a malformed escape. Express finds the route first, and
   * then quotes what it cannot decode.
   */
  isUndecodable(path: string): boolean {
    if (!path.includes('%') || lenientPath(path) !== '') return false;
    return this.routesAt(lenientPath(path.replaceAll('%', ''))).some(hasParameter);
  }

  /** The path of a route in URLs, in the case that the host has given. */
  pathOf(route: Route): string {
    return `${this.placeOf(route)}/${route.path}`;
  }

  /** The path that a route stands below. */
  private placeOf({ path, method, isAtRoot }: Route): string {
    if (isAtRoot === true) return '';
    const own = `/${this.path}`;
    const prefix = this.config.getGlobalPrefix().replace(/^\/|\/$/g, '');
    const isBare = prefix === '' || this.isExcluded(`${own.toLowerCase()}/${path}`, method);
    return isBare ? own : `/${prefix}${own}`;
  }

  private isExcluded(path: string, method: Route['method']): boolean {
    const excluded = this.config.getGlobalPrefixOptions().exclude ?? [];
    return excluded.some(
      ({ requestMethod, pathRegex }) =>
        pathRegex.test(path) &&
        (requestMethod === RequestMethod.ALL || requestMethod === RequestMethod[method]),
    );
  }
}

const hasParameter = ({ path }: Route): boolean => path.includes(':');

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
