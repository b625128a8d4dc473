import { ApplicationConfig } from '@nestjs/core';
import { lenientPath, logoutPath } from '../../../src/http/logout-path';

describe('The path of a URL, read leniently', () => {
  it.each([
    ['/api/v1/auth/logout', '/api/v1/auth/logout'],
    ['/API/Logout', '/api/logout'],
    ['/a/', '/a'],
    ['/a//', '/a'],
    ['//a///b', '/a/b'],
    ['/', '/'],
    ['//', '/'],
    ['', ''],
    ['/a?b/c', '/a'],
    ['/a#b', '/a'],
    ['/a;b', '/a'],
    ['/%61%2Fb', '/a/b'],
    ['/%C3%89', '/é'],
    ['/a%', ''],
    ['/%c3', ''],
    ['/a?%', '/a'],
    ['http://api/a', '/a'],
    ['HTTPS://user:pw@api:8443/a?b', '/a'],
    ['http://api', ''],
    ['http://api?/a', ''],
    ['/http://api/a', '/http:/api/a'],
    ['ftp://api/a', 'ftp:/api/a'],
    ['*', '*'],
  ])('%j is %j', (url, path) => {
    expect(lenientPath(url)).toBe(path);
  });
});

describe('Where the logout stands', () => {
  const standing = (path: string, prefix?: string): string => {
    const config = new ApplicationConfig();
    if (prefix !== undefined) config.setGlobalPrefix(prefix);
    return logoutPath(config, path);
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

  it('follows a prefix that the host sets later', () => {
    const config = new ApplicationConfig();
    expect(logoutPath(config, 'auth')).toBe('/auth/logout');
    config.setGlobalPrefix('late');
    expect(logoutPath(config, 'auth')).toBe('/late/auth/logout');
  });
});
