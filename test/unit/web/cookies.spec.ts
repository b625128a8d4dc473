import { parseSetCookie } from 'cookie';
import { expiredCookies, type ExpiringCookie } from '../../../src/web/cookies';

const PAST = 'Expires=Thu, 01 Jan 1970 00:00:00 GMT';
const LABEL = 'a'.repeat(63);

/** What a host in JavaScript, or with options from elsewhere, may pass. */
const refusal = (cookies: unknown): string => {
  try {
    expiredCookies(cookies);
  } catch (error) {
    return error instanceof TypeError ? error.message : 'another error';
  }
  return 'no error';
};

describe('The header that expires a cookie', () => {
  it.each<[ExpiringCookie, string]>([
    [{ name: 'sid' }, `sid=; Max-Age=0; Path=/; ${PAST}`],
    [{ name: 'sid', path: undefined }, `sid=; Max-Age=0; Path=/; ${PAST}`],
    [{ name: 'sid', path: '/app' }, `sid=; Max-Age=0; Path=/app; ${PAST}`],
    [{ name: 'sid', domain: 'a.test' }, `sid=; Max-Age=0; Domain=a.test; Path=/; ${PAST}`],
    [{ name: 'sid', httpOnly: true }, `sid=; Max-Age=0; Path=/; ${PAST}; HttpOnly`],
    [{ name: 'sid', httpOnly: false }, `sid=; Max-Age=0; Path=/; ${PAST}`],
    [{ name: 'sid', secure: true }, `sid=; Max-Age=0; Path=/; ${PAST}; Secure`],
    [{ name: 'sid', secure: false }, `sid=; Max-Age=0; Path=/; ${PAST}`],
    [{ name: 'sid', sameSite: 'lax' }, `sid=; Max-Age=0; Path=/; ${PAST}; SameSite=Lax`],
    [{ name: 'sid', sameSite: 'strict' }, `sid=; Max-Age=0; Path=/; ${PAST}; SameSite=Strict`],
    [
      { name: 'sid', sameSite: 'none', secure: true },
      `sid=; Max-Age=0; Path=/; ${PAST}; Secure; SameSite=None`,
    ],
    [
      { name: 'sid', partitioned: true, secure: true },
      `sid=; Max-Age=0; Path=/; ${PAST}; Secure; Partitioned`,
    ],
    [
      {
        name: 'sid',
        domain: 'a.test',
        path: '/app',
        httpOnly: true,
        secure: true,
        partitioned: true,
        sameSite: 'strict',
      },
      `sid=; Max-Age=0; Domain=a.test; Path=/app; ${PAST}; HttpOnly; Secure; Partitioned; SameSite=Strict`,
    ],
  ])('has the attributes of %j', (cookie, header) => {
    expect(expiredCookies([cookie])).toEqual([header]);
  });

  it('is one for each cookie, in their order', () => {
    const headers = expiredCookies([{ name: 'a' }, { name: 'b' }, { name: 'a', path: '/x' }]);
    expect(headers.map((header) => parseSetCookie(header))).toMatchObject([
      { name: 'a', path: '/' },
      { name: 'b', path: '/' },
      { name: 'a', path: '/x' },
    ]);
  });

  it('expires at once, however long the cookie was set for', () => {
    const asItWasSet = { name: 'sid', maxAge: 3600, expires: new Date(Date.now() + 3_600_000) };
    expect(expiredCookies([asItWasSet])).toEqual([`sid=; Max-Age=0; Path=/; ${PAST}`]);
  });

  it.each<ExpiringCookie>([
    { name: '__Host-sid', secure: true },
    { name: '__Host-sid', secure: true, path: '/' },
    { name: '__Secure-sid', secure: true, path: '/app', domain: 'a.test' },
    { name: '__Http-sid', secure: true, httpOnly: true, path: '/app' },
    { name: '__Host-Http-sid', secure: true, httpOnly: true },
    { name: 'my__Host-sid' },
    { name: '__Hosted' },
    { name: '!#$%&\'*+-.^_`|~(")' },
    { name: 'a', path: '/ -:=[~' },
    { name: 'a', domain: '.a.test' },
    { name: 'a', domain: 'LOCALHOST' },
    { name: 'a', domain: `x-1.${LABEL}.test` },
  ])('exists for %j', (cookie) => {
    expect(expiredCookies([cookie])).toHaveLength(1);
  });
});

describe('A cookie that no browser would drop stops the boot', () => {
  const NAME = 'a name without spaces, ";" and "="';
  const PATH = 'a path that starts with "/", without ";" and "<"';
  const SAME_SITE = '"strict", "lax" or "none"';

  it.each<[unknown, string]>([
    ['sid', '"cookies" must be a list, got a string.'],
    [{ name: 'sid' }, '"cookies" must be a list, got an object.'],
    [[null], '"cookies[0]" must be a cookie with its name and attributes, got null.'],
    [['sid'], '"cookies[0]" must be a cookie with its name and attributes, got a string.'],
    [[{ name: 'a' }, {}], `"cookies[1].name" must be ${NAME}, got undefined.`],
    [[{ name: '' }], `"cookies[0].name" must be ${NAME}, got an empty string.`],
    [[{ name: 'a b' }], `"cookies[0].name" must be ${NAME}, got a string.`],
    [[{ name: 'a;' }], `"cookies[0].name" must be ${NAME}, got a string.`],
    [[{ name: '=a' }], `"cookies[0].name" must be ${NAME}, got a string.`],
    [[{ name: 'a', path: '' }], `"cookies[0].path" must be ${PATH}, got an empty string.`],
    [[{ name: 'a', path: 'app' }], `"cookies[0].path" must be ${PATH}, got a string.`],
    [[{ name: 'a', path: 'app/' }], `"cookies[0].path" must be ${PATH}, got a string.`],
    [[{ name: 'a', path: '/;x' }], `"cookies[0].path" must be ${PATH}, got a string.`],
    [[{ name: 'a', path: '/\n' }], `"cookies[0].path" must be ${PATH}, got a string.`],
    [[{ name: 'a', path: null }], `"cookies[0].path" must be ${PATH}, got null.`],
    [
      [{ name: 'a', domain: '' }],
      '"cookies[0].domain" must be a domain name, got an empty string.',
    ],
    [[{ name: 'a', domain: 'a..b' }], '"cookies[0].domain" must be a domain name, got a string.'],
    [[{ name: 'a', domain: '-a.b' }], '"cookies[0].domain" must be a domain name, got a string.'],
    [[{ name: 'a', domain: 'a.b-' }], '"cookies[0].domain" must be a domain name, got a string.'],
    [[{ name: 'a', domain: 'a.-b' }], '"cookies[0].domain" must be a domain name, got a string.'],
    [[{ name: 'a', domain: 'a;b' }], '"cookies[0].domain" must be a domain name, got a string.'],
    [
      [{ name: 'a', domain: `${LABEL}a` }],
      '"cookies[0].domain" must be a domain name, got a string.',
    ],
    [[{ name: 'a', secure: 'auto' }], '"cookies[0].secure" must be true or false, got a string.'],
    [[{ name: 'a', httpOnly: 1 }], '"cookies[0].httpOnly" must be true or false, got 1.'],
    [[{ name: 'a', partitioned: 0 }], '"cookies[0].partitioned" must be true or false, got 0.'],
    [
      [{ name: 'a', sameSite: 'None' }],
      `"cookies[0].sameSite" must be ${SAME_SITE}, got a string.`,
    ],
    [
      [{ name: 'a', sameSite: 'laxly' }],
      `"cookies[0].sameSite" must be ${SAME_SITE}, got a string.`,
    ],
    [[{ name: 'a', sameSite: true }], `"cookies[0].sameSite" must be ${SAME_SITE}, got true.`],
    [
      [{ name: 'a', samesite: 'lax' }],
      '"cookies[0].samesite" must be left out, got an attribute that does not exist. ' +
        'Check its spelling.',
    ],
    [
      [{ name: 'a', sameSite: 'none' }],
      '"cookies[0].secure" must be true for sameSite "none", got undefined.',
    ],
    [
      [{ name: 'a', sameSite: 'none', secure: false }],
      '"cookies[0].secure" must be true for sameSite "none", got false.',
    ],
    [
      [{ name: 'a', partitioned: true }],
      '"cookies[0].secure" must be true for a partitioned one, got undefined.',
    ],
    [
      [{ name: '__Secure-a' }],
      '"cookies[0].secure" must be true for a name that starts with "__Secure-", got undefined.',
    ],
    [
      [{ name: '__host-a' }],
      '"cookies[0].secure" must be true for a name that starts with "__host-", got undefined.',
    ],
    [
      [{ name: '__Host-a', secure: true, path: '/a' }],
      '"cookies[0].path" must be "/" for a name that starts with "__Host-", got "/a".',
    ],
    [
      [{ name: '__Host-a', secure: true, domain: 'a.test' }],
      '"cookies[0].domain" must be left out for a name that starts with "__Host-", got "a.test".',
    ],
    [
      [{ name: '__Http-a', secure: true }],
      '"cookies[0].httpOnly" must be true for a name that starts with "__Http-", got undefined.',
    ],
    [
      [{ name: '__Http-a', httpOnly: true }],
      '"cookies[0].secure" must be true for a name that starts with "__Http-", got undefined.',
    ],
    [
      [{ name: '__Host-Http-a', secure: true }],
      '"cookies[0].httpOnly" must be true for a name that starts with "__Host-Http-", ' +
        'got undefined.',
    ],
    [
      [{ name: '__Host-Http-a', secure: true, httpOnly: true, path: '/a' }],
      '"cookies[0].path" must be "/" for a name that starts with "__Host-Http-", got "/a".',
    ],
  ])('%j', (cookies, sentence) => {
    expect(refusal(cookies)).toBe(`nestjs-logout: ${sentence}`);
  });
});
