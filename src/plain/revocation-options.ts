import type { AuditPrinter } from '../audit/audit-log';
import type { CoreOptions } from '../core/compose';
import type { RefusalPrinter } from '../revocation/refusal-log';
import {
  INTROSPECTION_OPTIONS,
  type IntrospectionOptions,
} from '../introspection/introspection-options';
import { LIVE_OPTIONS } from '../live/live-options';
import { RevocationStore } from '../revocation/revocation-store';
import { sessions, type SessionOptions } from '../sessions/session-options';
import {
  custom,
  func,
  instance,
  optional,
  reporter,
  resolve,
  type Resolved,
  type Table,
} from '../options/option';
import { hasBackchannel } from '../tokens/verification/resolved-rules';
import {
  TOKEN_RULES,
  type MultiIssuerRules,
  type TokenRules,
} from '../tokens/verification/token-rules';
import type { TokenSource } from '../web/credentials';
import { ENFORCEMENT_OPTIONS, type EnforcementRules } from '../web/enforcement-options';
import type { ThrottleRules } from '../web/request-counter';
import { THROTTLE_OPTIONS } from '../web/throttle-options';
import { prepareAnswers, type Answers, type PreparedAnswers } from './answers';
import type { OAuthRules } from './oauth-routes';

/**
 * What `createRevocation` takes. What is not optional is a decision only you can make. The rules
 * for tokens are described at `TokenRules`.
 */
export interface RevocationOptions
  extends Omit<TokenRules, 'issuer' | 'audience'>, IntrospectionOptions {
  /** The accepted `iss`: the name of one issuer, or its names. @defaultValue `null`: unchecked */
  readonly issuer?: TokenRules['issuer'];
  /** Who we are: `aud` must name one of these. @defaultValue `null`: unchecked */
  readonly audience?: TokenRules['audience'];
  /**
   * Where revocations and the audit live, already built: opened by the first request or `open()`,
   * closed by `close()`.
   */
  readonly store: RevocationStore;
  /**
   * Logins whose sessions we keep, with refresh tokens and handlers for them. With `issuers: []`
   * their access tokens are the only tokens that are accepted.
   * @defaultValue none: the host keeps its own, or has none
   */
  readonly sessions?: SessionOptions;
  /**
   * `{ cookie }`: where `verifyToken` and `logout` look for the token, too. `{ header }`, `{ query }`
   * or a function: where else than in the Authorization header and the cookies `enforce` looks. A
   * revoked token that a function finds cannot be taken away: its request gets `notAuthenticated`.
   * @defaultValue none
   */
  readonly tokenSources?: readonly TokenSource[];
  /**
   * Origins of your pages, beside the one of the routes, whose cookie may log out, such as
   * `https://app.example`.
   * @defaultValue none
   */
  readonly allowedOrigins?: readonly string[];
  /**
   * Paths on which `enforce` looks at no token: `/health`, or `/assets/*` with all below.
   * @defaultValue none
   */
  readonly enforceExcept?: readonly string[];
  /**
   * Logouts a window for each address (IPv6: /64); a whole number, 1–1 000 000. Beyond, only a live
   * token is logged out, and all else gets `tooManyRequests`. It also holds for introspections
   * without a caller and for logout tokens of an identity provider, each counted apart.
   * @defaultValue 10
   */
  readonly throttleLimit?: number;
  /** Length of that window in ms; a whole number, 1000–86 400 000. @defaultValue 60 000 */
  readonly throttleTtlMs?: number;
  /**
   * How long a connection of `live` may stay while nothing can tell whether its token is revoked, in
   * ms; a whole number, 400–600 000.
   * @defaultValue 4000
   */
  readonly liveGraceMs?: number;
  /**
   * Bodies and statuses of our answers, where you want others; not those of `introspect` and
   * `backchannelLogout`, which their standards fix.
   */
  readonly answers?: Partial<Answers>;
  /**
   * Told of every failure behind a 500 or 503; of an outage of the store, or of the keys of an issuer,
   * once a minute, with the number of requests. Also of an audit row that can never be stored. Not of
   * a 503 with the reason `keys_in_doubt`, which a forged token can cause: `refusalPrinter` is.
   * @defaultValue `console.error`
   */
  readonly onError?: (error: unknown) => void;
  /**
   * Receives every audit event as one line of JSON, free of control characters.
   * @defaultValue `console.log` for a success, `console.warn` for a failure
   */
  readonly auditPrinter?: AuditPrinter;
  /**
   * Receives a sentence that says why requests are refused and what to change, for each reason and
   * minute one.
   * @defaultValue `console.warn`; `console.debug` with `NODE_ENV=production`
   */
  readonly refusalPrinter?: RefusalPrinter;
}

/** The same, where tokens come from several issuers. */
export interface MultiIssuerRevocationOptions
  extends MultiIssuerRules, Omit<RevocationOptions, keyof TokenRules> {}

/** Every option beside the rules for tokens; one that is left out here does not compile. */
export const REVOCATION_OPTIONS = {
  store: instance(RevocationStore, 'a RevocationStore, such as new MemoryRevocationStore()', {
    says: 'Where revocations and the audit live; opened by the first request, closed by `close()`.',
  }),
  sessions: optional(sessions),
  ...ENFORCEMENT_OPTIONS,
  ...LIVE_OPTIONS,
  ...THROTTLE_OPTIONS,
  ...INTROSPECTION_OPTIONS,
  answers: custom<PreparedAnswers, Partial<Answers>>(
    { mustBe: 'an object with some of the answers, each `{ status, body }`', read: prepareAnswers },
    {
      default: {},
      defaultSays: 'as documented',
      says: 'Bodies and statuses of the answers, where you want others.',
    },
  ),
  onError: reporter<unknown>({
    default: console.error,
    defaultSays: '`console.error`',
    says:
      'Called with each failure that causes a 500 or 503; with an outage of the store, or of the keys ' +
      'of an issuer, once a minute. Not with a 503 for `keys_in_doubt`: `refusalPrinter` is.',
  }),
  auditPrinter: func<AuditPrinter>({
    default: printToConsole,
    defaultSays: '`console.log`, or `console.warn` for a failure',
    says: 'Receives every audit event as one line of JSON.',
  }),
  refusalPrinter: func<RefusalPrinter>({
    default: warn,
    defaultSays: '`console.warn`, or `console.debug` with `NODE_ENV=production`',
    says: 'Receives a sentence for each reason and minute: why requests are refused.',
  }),
} satisfies Table<Omit<RevocationOptions, keyof TokenRules>>;

/** The options after their check, every default in place. */
export interface ResolvedOptions extends Pick<
  Resolved<typeof REVOCATION_OPTIONS>,
  'answers' | 'onError'
> {
  readonly core: CoreOptions;
  readonly enforcementRules: EnforcementRules;
  readonly throttleRules: ThrottleRules;
  readonly oauthRules: OAuthRules;
}

/** @throws {TypeError} naming the option, what it must be and what it was. */
export function resolveOptions(
  options: RevocationOptions | MultiIssuerRevocationOptions,
): ResolvedOptions {
  const resolved = resolve(REVOCATION_OPTIONS, options, TOKEN_RULES);
  const { store, auditPrinter, refusalPrinter, answers, onError } = resolved;
  const tokenRules = withNames(options);
  const printAudit: AuditPrinter = (line, outcome) => {
    try {
      auditPrinter(line, outcome);
    } catch (error) {
      onError(error); // a logout that is committed must not become a 500 for want of a log
    }
  };
  return {
    core: {
      tokenRules,
      store,
      sessions: resolved.sessions,
      liveGraceMs: resolved.liveGraceMs,
      // A logout names its token in the body alone, and a repeated one is refused.
      logoutRules: { isBodyTokenOptional: false, isRepeatable: false },
      printAudit,
      printRefusal: refusalPrinter,
      printNotice: (line) => {
        console.warn(`nestjs-logout: ${line}`);
      },
      onError,
    },
    answers,
    enforcementRules: resolved,
    throttleRules: { limit: resolved.throttleLimit, windowMs: resolved.throttleTtlMs },
    oauthRules: {
      callers: resolved.introspectionCallers,
      callerLimit: resolved.introspectionLimit,
      takesLogoutTokens: hasBackchannel(tokenRules),
    },
    onError,
  };
}

function withNames(
  options: RevocationOptions | MultiIssuerRevocationOptions,
): TokenRules | MultiIssuerRules {
  if (options.issuers !== undefined) return options;
  const { issuer = null, audience = null } = options;
  return { ...options, issuer, audience };
}

function printToConsole(...[line, outcome]: Parameters<AuditPrinter>): void {
  if (outcome === 'success') console.log(line);
  else console.warn(line);
}

function warn(line: string): void {
  if (process.env.NODE_ENV === 'production') console.debug(line);
  else console.warn(line);
}
