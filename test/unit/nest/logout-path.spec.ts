import { RequestMethod } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import fc from 'fast-check';
import { checkPrefix, lenientPath, logoutPath, mayBeLogout } from '../../../src/nest/logout-path';

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

describe('A first look at a URL', () => {
  it.each(['/', '/me', '/api/v1/auth/login', '/api/v1/auth/log', '*', ''])(
    'sees that %j is no logout',
    (url) => {
      expect(mayBeLogout(url)).toBe(false);
    },
  );

  it('passes over no spelling that is read as the logout', () => {
    const letter = fc
      .constantFrom('l', 'o', 'g', 'u', 't', 'L', 'O', 'G', 'U', 'T')
      .chain((character) => fc.constantFrom(character, `%${character.charCodeAt(0).toString(16)}`));
    const name = fc.array(letter, { minLength: 6, maxLength: 6 });
    const spelt = fc.tuple(fc.string(), name, fc.string()).map(([a, b, c]) => a + b.join('') + c);
    const url = fc.oneof(spelt, fc.constantFrom('/x/LOGOUT/', '/%6Cogout', '/logou\u0074?a#b'));
    fc.assert(
      fc.property(url, (text) => {
        expect(mayBeLogout(text) || !lenientPath(text).includes('logout')).toBe(true);
      }),
    );
  });

  it('is not deceived by a letter that becomes another in lower case', () => {
    const characters = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));
    const deceiving = characters.filter(
      (character) => /[logut]/.test(character.toLowerCase()) && !/[logut]/i.test(character),
    );
    expect(deceiving).toEqual([]);
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
    expect(logoutPath(config, 'auth')).toBe(place);
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
    expect(logoutPath(config, 'auth')).toBe('/a/b-c.d/auth/logout');
  });

  it('follows a prefix that the host sets later', () => {
    const config = new ApplicationConfig();
    expect(logoutPath(config, 'auth')).toBe('/auth/logout');
    config.setGlobalPrefix('late');
    expect(logoutPath(config, 'auth')).toBe('/late/auth/logout');
  });
});
