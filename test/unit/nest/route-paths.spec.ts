import { RequestMethod } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { checkPrefix, RoutePlaces } from '../../../src/nest/route-paths';
import { ROUTES } from '../../../src/web/routes';

const CANDIDATES = ['', '/app', '/a/b', '/a/b-c.d', '/late'].flatMap((prefix) =>
  ['/api/v1/auth', '/api', '/auth'].map((path) => `${prefix}${path}/logout`),
);

/** The one path of these at which the logout stands. */
function placeOf(config: ApplicationConfig, path: string): string | undefined {
  const places = new RoutePlaces([ROUTES.logout], config, path);
  const found = CANDIDATES.filter((candidate) => places.routesAt(candidate).length > 0);
  expect(found).toHaveLength(1);
  return found[0];
}

describe('Where the logout stands', () => {
  const standing = (path: string, prefix?: string): string | undefined => {
    const config = new ApplicationConfig();
    if (prefix !== undefined) config.setGlobalPrefix(prefix);
    return placeOf(config, path);
  };

  it.each([
    ['api/v1/auth', undefined, '/api/v1/auth/logout'],
    ['Api', undefined, '/api/logout'],
    ['auth', 'app', '/app/auth/logout'],
    ['auth', '/App/', '/app/auth/logout'],
    ['auth', 'a/b', '/a/b/auth/logout'],
    ['auth', '', '/auth/logout'],
    ['auth', '/', '/auth/logout'],
  ])('path %j under prefix %j: %j', (path, prefix, place) => {
    expect(standing(path, prefix)).toBe(place);
  });

  it.each([
    ['for every method', RequestMethod.ALL, '/auth/logout'],
    ['for POST', RequestMethod.POST, '/auth/logout'],
    ['for GET alone', RequestMethod.GET, '/app/auth/logout'],
  ])('stands outside a prefix from which it is excluded %s', (_, requestMethod, place) => {
    const config = new ApplicationConfig();
    config.setGlobalPrefix('app');
    const other = { path: 'x', pathRegex: /^\/x$/, requestMethod: RequestMethod.ALL };
    const ours = { path: 'auth/logout', pathRegex: /^\/auth\/logout$/, requestMethod };
    config.setGlobalPrefixOptions({ exclude: [other, ours] });
    expect(placeOf(config, 'auth')).toBe(place);
  });

  it.each([':tenant', 'a/:b', 'a*', 'a(b)', '{a}'])('cannot stand below %s', (prefix) => {
    const config = new ApplicationConfig();
    config.setGlobalPrefix(prefix);
    expect(() => {
      checkPrefix(config);
    }).toThrow(
      `"setGlobalPrefix" must be a plain path where AuthModule is imported, got "${prefix}"`,
    );
  });

  it('can stand below any plain prefix', () => {
    const config = new ApplicationConfig();
    config.setGlobalPrefix('/a/b-c.d');
    checkPrefix(config);
    expect(placeOf(config, 'auth')).toBe('/a/b-c.d/auth/logout');
  });

  it('follows a prefix that the host sets later', () => {
    const config = new ApplicationConfig();
    expect(placeOf(config, 'auth')).toBe('/auth/logout');
    config.setGlobalPrefix('late');
    expect(placeOf(config, 'auth')).toBe('/late/auth/logout');
  });
});
