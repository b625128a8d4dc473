import { kindOf, misconfigured } from '../options/misconfiguration';

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

/** One thing an attribute must be, whatever the others are. */
interface Rule {
  readonly mustBe: string;
  readonly isKept: (value: unknown) => boolean;
}

const flag: Rule = {
  mustBe: 'true or false',
  isKept: (value) => value === undefined || typeof value === 'boolean',
};

const optionalText = (mustBe: string, form: RegExp): Rule => ({
  mustBe,
  isKept: (value) => value === undefined || (typeof value === 'string' && form.test(value)),
});

/** Every attribute there is; a name left out here does not compile. */
const RULES: Readonly<Record<keyof ExpiringCookie, Rule>> = {
  name: {
    mustBe: 'a name without spaces, ";" and "="',
    isKept: (value) => typeof value === 'string' && /^[!-:<>-~]+$/.test(value),
  },
  // Of any other form, a browser would take the path of the request instead (RFC 6265 §5.2.4).
  path: optionalText('a path that starts with "/", without ";" and "<"', /^\/[ -:=-~]*$/),
  domain: optionalText(
    'a domain name',
    /^\.?(?!-)[a-z\d-]{1,63}(?<!-)(?:\.(?!-)[a-z\d-]{1,63}(?<!-))*$/i,
  ),
  secure: flag,
  httpOnly: flag,
  sameSite: optionalText('"strict", "lax" or "none"', /^(?:strict|lax|none)$/),
  partitioned: flag,
};

/** How long the cookie was set for is no part of its identity, and often stands beside the rest. */
const IGNORED: readonly string[] = ['maxAge', 'expires'];

/**
 * The `Set-Cookie` values that make a browser drop the cookies.
 * @throws {TypeError} a browser would refuse one of that name and these attributes, or keep it.
 */
export function expiredCookies(cookies: unknown): readonly string[] {
  if (!Array.isArray(cookies)) throw misconfigured('cookies', 'a list', kindOf(cookies));
  return cookies.map((cookie: unknown, index) => expiredCookie(cookie, `cookies[${index}]`));
}

function expiredCookie(value: unknown, option: string): string {
  checkAttributes(value, option);
  const { name, ...attributes } = value;
  const cookie = { ...attributes, path: attributes.path ?? '/' };
  checkPrefix(name, cookie, option);
  if (cookie.sameSite === 'none') requireFlag(cookie, 'secure', option, 'for sameSite "none"');
  if (cookie.partitioned === true) requireFlag(cookie, 'secure', option, 'for a partitioned one');
  return serialize(name, cookie);
}

/** RFC 6265 §4.1.1, of attributes that were checked. `Expires` is for clients without `Max-Age`. */
function serialize(name: string, cookie: Omit<ExpiringCookie, 'name'> & { path: string }): string {
  const { domain, path, httpOnly, secure, partitioned, sameSite } = cookie;
  return [
    `${name}=`,
    'Max-Age=0',
    domain !== undefined && `Domain=${domain}`,
    `Path=${path}`,
    `Expires=${new Date(0).toUTCString()}`,
    httpOnly === true && 'HttpOnly',
    secure === true && 'Secure',
    partitioned === true && 'Partitioned',
    sameSite !== undefined && `SameSite=${SAME_SITE[sameSite]}`,
  ]
    .filter((part) => part !== false)
    .join('; ');
}

const SAME_SITE = { strict: 'Strict', lax: 'Lax', none: 'None' } as const;

function checkAttributes(value: unknown, option: string): asserts value is ExpiringCookie {
  if (typeof value !== 'object' || value === null)
    throw misconfigured(option, 'a cookie with its name and attributes', kindOf(value));
  for (const [name, rule] of Object.entries(RULES)) {
    const attribute: unknown = Reflect.get(value, name);
    if (!rule.isKept(attribute))
      throw misconfigured(`${option}.${name}`, rule.mustBe, kindOf(attribute));
  }
  const unknown = Object.keys(value).find(
    (key) => !Object.hasOwn(RULES, key) && !IGNORED.includes(key),
  );
  if (unknown !== undefined)
    throw misconfigured(
      `${option}.${unknown}`,
      'left out',
      'an attribute that does not exist',
      'Check its spelling.',
    );
}

/** What a browser demands of names that promise something (RFC 6265bis §4.1.3). */
function checkPrefix(name: string, cookie: Omit<ExpiringCookie, 'name'>, option: string): void {
  const [prefix] = /^__(?:Host-Http|Host|Secure|Http)-/i.exec(name) ?? [];
  if (prefix === undefined) return;
  const why = `for a name that starts with "${prefix}"`;
  requireFlag(cookie, 'secure', option, why);
  if (/Http-$/i.test(prefix)) requireFlag(cookie, 'httpOnly', option, why);
  if (!/^__Host-/i.test(prefix)) return;
  if (cookie.path !== '/')
    throw misconfigured(`${option}.path`, `"/" ${why}`, JSON.stringify(cookie.path));
  if (cookie.domain !== undefined)
    throw misconfigured(`${option}.domain`, `left out ${why}`, JSON.stringify(cookie.domain));
}

function requireFlag(
  cookie: Omit<ExpiringCookie, 'name'>,
  attribute: 'secure' | 'httpOnly',
  option: string,
  why: string,
): void {
  if (cookie[attribute] !== true)
    throw misconfigured(`${option}.${attribute}`, `true ${why}`, String(cookie[attribute]));
}
