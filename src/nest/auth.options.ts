import type { ThrottlerStorage } from '@nestjs/throttler';
import type { MeterProvider } from '@opentelemetry/api';
import { ArrayUnique, IsIn, IsInt, Max, Min, validateSync } from 'class-validator';
import { MESSAGES, type Messages } from '../web/answers';
import { expiredCookies, type ExpiringCookie } from '../web/cookies';
import type { TokenSource } from '../web/credentials';
import { readEnforcementRules, type EnforcementRules } from '../web/enforcement';
import type { ValidateHook } from '../web/request-authenticator';
import type { LogoutRules } from '../logout/logout';
import { RevocationStore } from '../revocation/revocation-store';
import { SessionTerminator } from '../logout/session-terminator';
import { kindOf, misconfigured, refuseUnknown } from '../options/misconfiguration';
import type { TokenRules } from '../tokens/verification/token-rules';

/** A directive of `Clear-Site-Data` (W3C Clear Site Data §3.1). */
export type SiteData = 'cache' | 'cookies' | 'storage' | 'executionContexts' | '*';

/**
 * What `AuthModule.forRoot` and the factory of `forRootAsync` take. What is not optional is a
 * decision only you can make. The rules for tokens are described at `TokenRules`.
 */
export interface AuthModuleOptions extends TokenRules {
  /** Where revocations and the audit live, already built. The module opens and closes it. */
  readonly store: RevocationStore;

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
   * Where else the host reads tokens: `{ header }`, `{ query }`, or a function. A revoked token that
   * a function finds cannot be taken away: its request is refused with our 401.
   * @defaultValue none beside the Authorization header and the cookies
   */
  readonly tokenSources?: readonly TokenSource[];
  /**
   * Paths on which tokens are not looked at: as they are sent, `/health`, or with all below them,
   * `/assets/*`. They then also work while the store is away.
   * @defaultValue none
   */
  readonly enforceExcept?: readonly string[];

  /** Cookies to expire on a successful logout, with the attributes they were set with. */
  readonly cookies?: readonly ExpiringCookie[];
  /** What the browser is told to forget on a successful logout; sent over HTTPS only. */
  readonly clearSiteData?: readonly SiteData[];
  /** What else ends at logout, such as server-side sessions. */
  readonly sessionTerminators?: readonly SessionTerminator[];

  /** Where metrics go, unless that is the provider that OpenTelemetry's API knows at the start. */
  readonly meterProvider?: MeterProvider;
}

/** Decorates a number that must be whole and within bounds; the message says what it must be. */
const whole = (min: number, max: number) => (target: object, name: string) => {
  const options = { message: `a whole number from ${min} to ${max}` };
  IsInt(options)(target, name);
  Min(min, options)(target, name);
  Max(max, options)(target, name);
};

const oneOf = (...values: readonly (string | number)[]): PropertyDecorator =>
  IsIn(values, { message: values.map((value) => JSON.stringify(value)).join(' or ') });

const SITE_DATA: readonly SiteData[] = ['cache', 'cookies', 'storage', 'executionContexts', '*'];

/**
 * The options after their check, every default in place; the only ones that the module sees.
 * Each field is one option, with its default and what it must be.
 */
export class AuthOptions {
  readonly store: RevocationStore;

  @oneOf(403, 401)
  readonly expiredStatus: 401 | 403;

  @oneOf('required', 'optional')
  readonly bodyToken: 'required' | 'optional';

  @oneOf(401, 200)
  readonly repeatedLogoutStatus: 200 | 401;

  @whole(1, 1_000_000)
  readonly throttleLimit: number;

  @whole(1000, 86_400_000)
  readonly throttleTtlMs: number;

  @oneOf('everywhere', 'guarded')
  readonly enforce: 'everywhere' | 'guarded';

  readonly enforcementRules: EnforcementRules;

  @IsIn(SITE_DATA, { each: true, message: `a list of ${SITE_DATA.join(', ')}` })
  @ArrayUnique({ message: 'a list without repetitions' })
  readonly clearSiteData: readonly SiteData[];

  readonly sessionTerminators: readonly SessionTerminator[];

  readonly messages: Messages;
  /** `Set-Cookie` values. */
  readonly expiredCookies: readonly string[];
  readonly validate: ValidateHook | undefined;
  readonly throttlerStorage: ThrottlerStorage | undefined;
  readonly meterProvider: MeterProvider | undefined;
  /** Checked by the `TokenVerifier` that they build. */
  readonly tokenRules: TokenRules;
  readonly logoutRules: LogoutRules;

  /** @throws {TypeError} naming the option, what it must be and what it was. */
  constructor(options: AuthModuleOptions) {
    refuseUnknown(options, KNOWN);
    // Not a spread over defaults: an explicit `undefined` would erase the default.
    this.store = options.store;
    this.expiredStatus = options.expiredStatus ?? 403;
    this.bodyToken = options.bodyToken ?? 'required';
    this.repeatedLogoutStatus = options.repeatedLogoutStatus ?? 401;
    this.throttleLimit = options.throttleLimit ?? 10;
    this.throttleTtlMs = options.throttleTtlMs ?? 60_000;
    this.enforce = options.enforce ?? 'everywhere';
    this.enforcementRules = readEnforcementRules(options.tokenSources, options.enforceExcept);
    this.clearSiteData = readList('clearSiteData', options.clearSiteData ?? []);
    this.sessionTerminators = readList('sessionTerminators', options.sessionTerminators ?? []);
    this.messages = readMessages(options.messages ?? 'es');
    this.expiredCookies = expiredCookies(options.cookies ?? []);
    this.validate = options.validate;
    this.throttlerStorage = options.throttlerStorage;
    this.meterProvider = options.meterProvider;
    this.tokenRules = options;
    this.logoutRules = {
      isBodyTokenOptional: this.bodyToken === 'optional',
      isRepeatable: this.repeatedLogoutStatus === 200,
    };
    this.check();
    Object.freeze(this);
  }

  private check(): void {
    const [error] = validateSync(this, { stopAtFirstError: true });
    if (error !== undefined) {
      const [mustBe = 'valid'] = Object.values(error.constraints ?? {});
      throw misconfigured(error.property, mustBe, describe(error.value));
    }
    if (!((this.store as unknown) instanceof RevocationStore))
      throw misconfigured(
        'store',
        'a RevocationStore, such as new PostgresRevocationStore(dataSource)',
        kindOf(this.store),
      );
    if (!isListOfTerminators(this.sessionTerminators))
      throw misconfigured('sessionTerminators', 'a list of SessionTerminators', 'something else');
    if (this.validate !== undefined && typeof this.validate !== 'function')
      throw misconfigured('validate', 'a function', kindOf(this.validate));
    if (this.throttlerStorage !== undefined && !has('increment', this.throttlerStorage))
      throw misconfigured('throttlerStorage', 'a ThrottlerStorage', kindOf(this.throttlerStorage));
    if (this.meterProvider !== undefined && !has('getMeter', this.meterProvider))
      throw misconfigured('meterProvider', 'a MeterProvider', kindOf(this.meterProvider));
  }
}

/** Every option there is; a name left out here does not compile. */
const KNOWN: Readonly<Record<keyof AuthModuleOptions, true>> = {
  algorithms: true,
  keys: true,
  issuer: true,
  audience: true,
  types: true,
  clockToleranceSeconds: true,
  maxLifetimeSeconds: true,
  tokenIdentity: true,
  store: true,
  expiredStatus: true,
  messages: true,
  bodyToken: true,
  repeatedLogoutStatus: true,
  validate: true,
  throttleLimit: true,
  throttleTtlMs: true,
  throttlerStorage: true,
  enforce: true,
  tokenSources: true,
  enforceExcept: true,
  cookies: true,
  clearSiteData: true,
  sessionTerminators: true,
  meterProvider: true,
};

/**
 * The path without the slashes around it; by default the documented one.
 * @throws {TypeError} it is no path of plain segments.
 */
export function readPath(path: unknown = 'api/v1/auth'): string {
  const plain = typeof path === 'string' ? path.replace(/^\/|\/$/g, '') : '';
  // Clients resolve dot segments before they ask (RFC 3986 §5.2.4): nobody would ever come.
  if (plain.split('/').every((segment) => /^[\w.~-]+$/.test(segment) && !/^\.\.?$/.test(segment)))
    return plain;
  throw misconfigured('path', 'a path of plain segments, such as "api/v1/auth"', describe(path));
}

function readList<T>(option: string, list: readonly T[]): readonly T[] {
  const isList: boolean = Array.isArray(list);
  if (!isList) throw misconfigured(option, 'a list', kindOf(list));
  return list;
}

function readMessages(messages: 'es' | 'en' | Partial<Messages>): Messages {
  if (messages === 'es' || messages === 'en') return MESSAGES[messages];
  const own: unknown = messages;
  const isTable =
    typeof own === 'object' &&
    own !== null &&
    !Array.isArray(own) &&
    Object.entries(own).every(
      ([name, text]) => Object.hasOwn(MESSAGES.es, name) && typeof text === 'string',
    );
  if (!isTable)
    throw misconfigured(
      'messages',
      `"es", "en", or texts for some of ${Object.keys(MESSAGES.es).join(', ')}`,
      describe(own),
    );
  return { ...MESSAGES.es, ...messages };
}

function isListOfTerminators(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => each instanceof SessionTerminator);
}

/** Whether it is an object with this method. */
function has(method: string, value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && typeof Reflect.get(value, method) === 'function'
  );
}

/** Unlike a key, these options hold nothing secret: their text may be shown. */
function describe(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : kindOf(value);
}
