import type { AuditPrinter } from '../audit/audit-log';
import type { CoreOptions } from '../core/compose';
import { RevocationStore } from '../revocation/revocation-store';
import {
  custom,
  func,
  instance,
  reporter,
  resolve,
  type Resolved,
  type Table,
} from '../options/option';
import { TOKEN_RULES, type TokenRules } from '../tokens/verification/token-rules';
import type { TokenSource } from '../web/credentials';
import { ENFORCEMENT_OPTIONS, type EnforcementRules } from '../web/enforcement-options';
import { prepareAnswers, type Answers, type PreparedAnswers } from './answers';

/**
 * What `createRevocation` takes. What is not optional is a decision only you can make. The rules
 * for tokens are described at `TokenRules`.
 */
export interface RevocationOptions extends Omit<TokenRules, 'issuer' | 'audience'> {
  /** The accepted `iss`, one or several. @defaultValue `null`: unchecked */
  readonly issuer?: TokenRules['issuer'];
  /** Who we are: `aud` must name one of these. @defaultValue `null`: unchecked */
  readonly audience?: TokenRules['audience'];
  /**
   * Where revocations and the audit live, already built: opened by the first request or `open()`,
   * closed by `close()`.
   */
  readonly store: RevocationStore;
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
  /** Bodies and statuses of our answers, where you want others. */
  readonly answers?: Partial<Answers>;
  /**
   * Told of every failure behind a 500; of those of `enforce` once a minute, with their number.
   * @defaultValue `console.error`
   */
  readonly onError?: (error: unknown) => void;
  /**
   * Receives every audit event as one line of JSON, free of control characters.
   * @defaultValue `console.log` for a success, `console.warn` for a failure
   */
  readonly auditPrinter?: AuditPrinter;
}

/** Every option beside the rules for tokens; one that is left out here does not compile. */
export const REVOCATION_OPTIONS = {
  store: instance(RevocationStore, 'a RevocationStore, such as new MemoryRevocationStore()', {
    says: 'Where revocations and the audit live; opened by the first request, closed by `close()`.',
  }),
  ...ENFORCEMENT_OPTIONS,
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
    says: 'Called with each failure that causes a 500; with those of `enforce` once a minute.',
  }),
  auditPrinter: func<AuditPrinter>({
    default: printToConsole,
    defaultSays: '`console.log`, or `console.warn` for a failure',
    says: 'Receives every audit event as one line of JSON.',
  }),
} satisfies Table<Omit<RevocationOptions, keyof TokenRules>>;

/** The options after their check, every default in place. */
export interface ResolvedOptions extends Pick<
  Resolved<typeof REVOCATION_OPTIONS>,
  'answers' | 'onError'
> {
  readonly core: CoreOptions;
  readonly enforcementRules: EnforcementRules;
}

/** @throws {TypeError} naming the option, what it must be and what it was. */
export function resolveOptions(options: RevocationOptions): ResolvedOptions {
  const resolved = resolve(REVOCATION_OPTIONS, options, TOKEN_RULES);
  const { store, auditPrinter, answers, onError } = resolved;
  const { issuer = null, audience = null } = options;
  const printAudit: AuditPrinter = (line, outcome) => {
    try {
      auditPrinter(line, outcome);
    } catch (error) {
      onError(error); // a logout that is committed must not become a 500 for want of a log
    }
  };
  return {
    core: {
      tokenRules: { ...options, issuer, audience },
      store,
      // A logout names its token in the body alone, and a repeated one is refused.
      logoutRules: { isBodyTokenOptional: false, isRepeatable: false },
      printAudit,
    },
    answers,
    enforcementRules: resolved,
    onError,
  };
}

function printToConsole(...[line, outcome]: Parameters<AuditPrinter>): void {
  if (outcome === 'success') console.log(line);
  else console.warn(line);
}
