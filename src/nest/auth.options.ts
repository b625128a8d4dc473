import type { MeterProvider } from '@opentelemetry/api';
import { MESSAGES, type Messages } from '../web/answers';
import { expiredCookies, type ExpiringCookie } from '../web/cookies';
import type { TokenSource } from '../web/credentials';
import { ENFORCEMENT_OPTIONS, type EnforcementRules } from '../web/enforcement-options';
import type { ValidateHook } from '../web/request-authenticator';
import type { RequestCounter, ThrottleRules } from '../web/request-counter';
import { MemoryRequestCounter } from '../web/request-counter.memory';
import { THROTTLE_OPTIONS } from '../web/throttle-options';
import { LIVE_OPTIONS } from '../live/live-options';
import {
  INTROSPECTION_OPTIONS,
  type IntrospectionOptions,
} from '../introspection/introspection-options';
import type { LogoutRules } from '../logout/logout';
import { RevocationStore } from '../revocation/revocation-store';
import { SessionTerminator } from '../logout/session-terminator';
import { sessions, type SessionOptions } from '../sessions/session-options';
import { misconfigured } from '../options/misconfiguration';
import {
  custom,
  flag,
  func,
  having,
  instance,
  list,
  oneOf,
  optional,
  quoted,
  resolve,
  type Resolved,
  type Table,
} from '../options/option';
import {
  TOKEN_RULES,
  type MultiIssuerRules,
  type TokenRules,
} from '../tokens/verification/token-rules';
import { USUAL_KEYS, type MetadataKey } from './public.decorator';
import { ThrottlerStorageCounter, type ThrottlerStorage } from './throttler-storage';

/** A directive of `Clear-Site-Data` (W3C Clear Site Data §3.1). */
export type SiteData = 'cache' | 'cookies' | 'storage' | 'executionContexts' | '*';

/**
 * What `AuthModule.forRoot` and the factory of `forRootAsync` take. What is not optional is a
 * decision only you can make. The rules for tokens are described at `TokenRules`.
 */
export interface AuthModuleOptions extends TokenRules, IntrospectionOptions {
  /** Where revocations and the audit live, already built. The module opens and closes it. */
  readonly store: RevocationStore;

  /**
   * Logins whose sessions we keep, with refresh tokens and routes for them. With `issuers: []` their
   * access tokens are the only tokens that are accepted.
   * @defaultValue none: the host keeps its own, or has none
   */
  readonly sessions?: SessionOptions;

  /** Status for a genuine token that has expired: 403 as documented, or 401 (RFC 6750 §3.1). */
  readonly expiredStatus?: 401 | 403;
  /** The sentences of our answers: Spanish, English, or your own for some of them. */
  readonly messages?: 'es' | 'en' | Partial<Messages>;
  /** Whether the body must name the token, or the bearer is taken where it names none. */
  readonly bodyToken?: 'required' | 'optional';
  /** Status for logging out what is logged out already: 401 as documented, or 200. */
  readonly repeatedLogoutStatus?: 200 | 401;
  /** Your own check on every guarded request; what it returns becomes `request.user`. */
  readonly validate?: ValidateHook;

  /**
   * How long an open connection may stay while nothing can tell whether its token is revoked, in ms;
   * a whole number, 400–600 000.
   * @defaultValue 4000
   */
  readonly liveGraceMs?: number;

  /** Requests a window for each address and for each live token; a whole number, 1–1 000 000. */
  readonly throttleLimit?: number;
  /** Length of that window in ms; a whole number, 1000–86 400 000. */
  readonly throttleTtlMs?: number;
  /** Where requests are counted; give a shared one where several instances share the limit. */
  readonly throttlerStorage?: ThrottlerStorage;

  /**
   * Where revoked tokens are refused: on every HTTP route, whatever guards it (`everywhere`: they are
   * taken from the request before anything of the host's reads it), or behind our guard and strategy
   * alone (`guarded`).
   * @defaultValue 'everywhere'
   */
  readonly enforce?: 'everywhere' | 'guarded';
  /**
   * Where else than in the Authorization header tokens are. `{ cookie }`: our guard, strategy and
   * routes read the bearer there, too. `{ header }`, `{ query }` or a function: enforcement looks
   * there, as it does in every cookie. A revoked token that a function finds cannot be taken away: its
   * request is refused with our 401.
   * @defaultValue none
   */
  readonly tokenSources?: readonly TokenSource[];
  /**
   * Origins of your pages, beside the one of our routes, that may log out, or open a WebSocket, by a
   * cookie, such as `https://app.example`. Pages of the same origin may; to log out, where browsers
   * say so (HTTPS, localhost).
   * @defaultValue none
   */
  readonly allowedOrigins?: readonly string[];
  /**
   * Paths on which tokens are not looked at: as they are sent, `/health`, or with all below them,
   * `/assets/*`. They then also work while the store is away.
   * @defaultValue none
   */
  readonly enforceExcept?: readonly string[];

  /**
   * Metadata keys that make a handler or a class public for `JwtAuthGuard` where their value is
   * `true`, as `@Public()` does. Our own routes carry them as well, for a global guard of yours.
   * @defaultValue ['isPublic', 'public', 'IS_PUBLIC']
   */
  readonly publicMetadata?: readonly MetadataKey[];

  /** Cookies to expire on a successful logout, with the attributes they were set with. */
  readonly cookies?: readonly ExpiringCookie[];
  /** What the browser is told to forget on a successful logout; sent over HTTPS only. */
  readonly clearSiteData?: readonly SiteData[];
  /** What else ends at logout, such as server-side sessions. */
  readonly sessionTerminators?: readonly SessionTerminator[];

  /** Where metrics go, unless that is the provider that OpenTelemetry's API knows at the start. */
  readonly meterProvider?: MeterProvider;
}

/** The same, where tokens come from several issuers. */
export interface MultiIssuerOptions
  extends MultiIssuerRules, Omit<AuthModuleOptions, keyof TokenRules> {}

const SITE_DATA: readonly SiteData[] = ['cache', 'cookies', 'storage', 'executionContexts', '*'];

const TEXTS = `"es", "en", or texts for some of ${Object.keys(MESSAGES.es).join(', ')}`;
const PLAIN_PATH = 'a path of plain segments, such as "api/v1/auth"';

/** Every option beside the rules for tokens; one that is left out here does not compile. */
export const MODULE_OPTIONS = {
  store: instance(
    RevocationStore,
    'a RevocationStore, such as new PostgresRevocationStore(dataSource)',
    { says: 'Where revocations and the audit live; the module opens and closes it.' },
  ),
  sessions: optional(sessions),
  expiredStatus: oneOf([403, 401], {
    default: 403,
    env: 'EXPIRED_STATUS',
    says: 'Status for a genuine token that has expired.',
  }),
  messages: custom<Messages, 'es' | 'en' | Partial<Messages>>(
    {
      mustBe: TEXTS,
      read: readMessages,
      fromText: (text) => (text === 'es' || text === 'en' ? text : undefined),
      textMustBe: 'es or en',
    },
    { default: 'es', env: 'MESSAGES', says: 'The sentences of the answers.' },
  ),
  bodyToken: oneOf(['required', 'optional'], {
    default: 'required',
    says: 'Whether the body must name the token, or the bearer is revoked where it names none.',
  }),
  repeatedLogoutStatus: oneOf([401, 200], {
    default: 401,
    says: 'Status for logging out what is logged out already.',
  }),
  validate: optional(
    func<ValidateHook>({
      says: 'Your own check on every guarded request; what it returns becomes `request.user`.',
    }),
  ),
  ...LIVE_OPTIONS,
  ...THROTTLE_OPTIONS,
  ...INTROSPECTION_OPTIONS,
  throttlerStorage: optional(
    having<ThrottlerStorage>('increment', 'a ThrottlerStorage', {
      defaultSays: 'in memory',
      says: 'Where requests are counted; a shared one where several instances share the limit.',
    }),
  ),
  enforce: oneOf(['everywhere', 'guarded'], {
    default: 'everywhere',
    says: 'Whether revoked tokens are refused on every HTTP route, or behind our guard alone.',
  }),
  ...ENFORCEMENT_OPTIONS,
  publicMetadata: list<MetadataKey>(
    'a metadata key: text that is not empty, or a symbol',
    (value): value is MetadataKey =>
      typeof value === 'symbol' || (typeof value === 'string' && value !== ''),
    {
      default: USUAL_KEYS,
      says:
        'Metadata keys that make a handler or class public for our guard, where their value is ' +
        '`true`; our own routes carry them, too.',
    },
  ),
  cookies: custom<readonly string[], readonly ExpiringCookie[]>(
    { mustBe: 'a list of cookies, each with its name and attributes', read: expiredCookies },
    { default: [], says: 'Cookies to expire on a successful logout.' },
  ),
  clearSiteData: list<SiteData>(
    `one of ${SITE_DATA.join(', ')}, each once`,
    (value, at, all): value is SiteData =>
      SITE_DATA.some((each) => each === value) && all.indexOf(value) === at,
    { default: [], says: 'What the browser is told to forget on a logout; over HTTPS only.' },
  ),
  sessionTerminators: list(
    'a SessionTerminator',
    (value): value is SessionTerminator => value instanceof SessionTerminator,
    { default: [], says: 'What else ends at logout, such as server-side sessions.' },
  ),
  meterProvider: optional(
    having<MeterProvider>('getMeter', 'a MeterProvider', {
      defaultSays: "that of OpenTelemetry's API",
      says: 'Where metrics go.',
    }),
  ),
} satisfies Table<Omit<AuthModuleOptions, keyof TokenRules>>;

/** What `forRoot` and `forRootAsync` take beside the options: known before the factory has run. */
export interface ModuleExtras {
  /** Where our routes stand, below the host's global prefix. @defaultValue 'api/v1/auth' */
  readonly path: string;
  /** Whether guards and services are known to every module of the host. @defaultValue false */
  readonly isGlobal: boolean;
}

/** Every one of them; one that is left out here does not compile. */
export const MODULE_EXTRAS = {
  path: custom<string>(
    { mustBe: PLAIN_PATH, read: readPlainPath },
    { default: 'api/v1/auth', says: "Where our routes stand, below the host's global prefix." },
  ),
  isGlobal: flag({
    default: false,
    says: 'Whether guards and services are known to every module of the host.',
  }),
} satisfies Table<ModuleExtras>;

/** A type for the class below, which takes its members from the table. */
const Members = Object as unknown as new () => Resolved<typeof MODULE_OPTIONS>;

/** The options after their check, every default in place; the only ones that the module sees. */
export class AuthOptions extends Members {
  /**
   * @param tokenRules checked by the `TokenVerifier` that they build.
   * @throws {TypeError} naming the option, what it must be and what it was.
   */
  constructor(readonly tokenRules: AuthModuleOptions | MultiIssuerOptions) {
    super();
    Object.freeze(Object.assign(this, resolve(MODULE_OPTIONS, tokenRules, TOKEN_RULES)));
  }

  /** `Set-Cookie` values. */
  get expiredCookies(): readonly string[] {
    return this.cookies;
  }

  get enforcementRules(): EnforcementRules {
    return this;
  }

  get throttleRules(): ThrottleRules {
    return { limit: this.throttleLimit, windowMs: this.throttleTtlMs };
  }

  /** The host's, or a new one in memory. */
  get requestCounter(): RequestCounter {
    const { throttlerStorage: storage } = this;
    return storage === undefined
      ? new MemoryRequestCounter()
      : new ThrottlerStorageCounter(storage);
  }

  get logoutRules(): LogoutRules {
    return {
      isBodyTokenOptional: this.bodyToken === 'optional',
      isRepeatable: this.repeatedLogoutStatus === 200,
    };
  }
}

/**
 * The path without the slashes around it; by default the documented one.
 * @throws {TypeError} it is no path of plain segments.
 */
export function readPath(path?: unknown): string {
  return MODULE_EXTRAS.path.read(path, 'path');
}

function readPlainPath(path: unknown): string {
  const plain = typeof path === 'string' ? path.replace(/^\/|\/$/g, '') : '';
  // Clients resolve dot segments before they ask (RFC 3986 §5.2.4): no request would match.
  if (plain.split('/').every((segment) => /^[\w.~-]+$/.test(segment) && !/^\.\.?$/.test(segment)))
    return plain;
  throw misconfigured('path', PLAIN_PATH, quoted(path));
}

function readMessages(own: unknown): Messages {
  if (own === 'es' || own === 'en') return MESSAGES[own];
  if (isTexts(own)) return { ...MESSAGES.es, ...own };
  throw misconfigured('messages', TEXTS, quoted(own));
}

function isTexts(value: unknown): value is Partial<Messages> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.entries(value).every(
      ([name, text]) => Object.hasOwn(MESSAGES.es, name) && typeof text === 'string',
    )
  );
}
