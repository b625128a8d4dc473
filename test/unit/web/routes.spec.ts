import fc from 'fast-check';
import type { Route } from '../../../src/web/route';
import { lenientPath, RouteMatcher, ROUTES } from '../../../src/web/routes';

const matcher = new RouteMatcher(Object.values(ROUTES));
const mayMatch = (url: string): boolean => matcher.mayMatch(url);

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
    'sees that %j is none of ours',
    (url) => {
      expect(mayMatch(url)).toBe(false);
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
        expect(mayMatch(text) || !lenientPath(text).includes('logout')).toBe(true);
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

describe('The routes at a path', () => {
  const route = (method: Route['method'], path: string): Route => ({
    ...ROUTES.logout,
    method,
    path,
  });
  const list = route('GET', 'sessions');
  const end = route('DELETE', 'sessions/:sid');
  const others = route('POST', 'logout/others');
  const all = new RouteMatcher([ROUTES.logout, list, end, others]);

  it.each([
    ['/auth/logout', [ROUTES.logout]],
    ['/auth/logout/others', [others]],
    ['/auth/sessions', [list]],
    ['/auth/sessions/a-b.c', [end]],
    ['/auth/sessions/a/b', []],
    ['/auth/sessions/', []],
    ['/auth/xlogout', []],
    ['/other/logout', []],
    ['/authlogout', []],
  ])('at %s', (path, routes) => {
    expect(all.at(path, () => '/auth')).toEqual(routes);
  });

  it.each(['/auth/SESSIONS', '/auth/%73essions', '/auth/logout/others'])('may be %s', (url) => {
    expect(all.mayMatch(url)).toBe(true);
  });
});
