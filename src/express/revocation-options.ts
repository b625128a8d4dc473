import type { AuditPrinter } from '../audit/audit-log';
import type { CoreOptions } from '../core/compose';
import { RevocationStore } from '../revocation/revocation-store';
import { kindOf, misconfigured, refuseUnknown } from '../options/misconfiguration';
import type { TokenRules } from '../tokens/verification/token-rules';
import type { TokenSource } from '../web/credentials';
import { readEnforcementRules, type EnforcementRules } from '../web/enforcement';
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
   * Where else than in the Authorization header and the cookies `enforce` looks for tokens. A
   * revoked token that a function finds cannot be taken away: its request gets `notAuthenticated`.
   * @defaultValue none
   */
  readonly tokenSources?: readonly TokenSource[];
  /**
   * Paths on which `enforce` looks at no token: `/health`, or `/assets/*` with all below.
   * @defaultValue none
   */
  readonly enforceExcept?: readonly string[];
  /** Bodies and statuses of our answers, where you want others. */
  readonly answers?: Partial<Answers>;
  /** Told of every failure behind a 500. @defaultValue `console.error` */
  readonly onError?: (error: unknown) => void;
  /**
   * Receives every audit event as one line of JSON, free of control characters.
   * @defaultValue `console.log` for a success, `console.warn` for a failure
   */
  readonly auditPrinter?: AuditPrinter;
}

/** The options after their check, every default in place. */
export interface ResolvedOptions {
  readonly core: CoreOptions;
  readonly answers: PreparedAnswers;
  readonly enforcementRules: EnforcementRules;
  /** Never throws. */
  readonly onError: (error: unknown) => void;
}

/** Every option there is; a name left out here does not compile. */
const KNOWN: Readonly<Record<keyof RevocationOptions, true>> = {
  algorithms: true,
  keys: true,
  issuer: true,
  audience: true,
  types: true,
  clockToleranceSeconds: true,
  maxLifetimeSeconds: true,
  tokenIdentity: true,
  store: true,
  answers: true,
  tokenSources: true,
  enforceExcept: true,
  onError: true,
  auditPrinter: true,
};

/** @throws {TypeError} naming the option, what it must be and what it was. */
export function resolveOptions(options: RevocationOptions): ResolvedOptions {
  refuseUnknown(options, KNOWN);
  const { issuer = null, audience = null, store } = options;
  if (!((store as unknown) instanceof RevocationStore))
    throw misconfigured(
      'store',
      'a RevocationStore, such as new MemoryRevocationStore()',
      kindOf(store),
    );
  const onError = untroubled(readFunction('onError', options.onError, console.error));
  const print = readFunction('auditPrinter', options.auditPrinter, printToConsole);
  const printAudit: AuditPrinter = (line, outcome) => {
    try {
      print(line, outcome);
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
    answers: prepareAnswers(options.answers),
    enforcementRules: readEnforcementRules(options.tokenSources, options.enforceExcept),
    onError,
  };
}

function readFunction<F extends (...args: never[]) => void>(
  option: string,
  value: F | undefined,
  preset: F,
): F {
  if (value === undefined) return preset;
  if (typeof (value as unknown) === 'function') return value;
  throw misconfigured(option, 'a function', kindOf(value));
}

function untroubled(onError: (error: unknown) => void): (error: unknown) => void {
  return (error) => {
    try {
      onError(error);
    } catch {
      // Nobody is left to be told, and the request still wants its answer.
    }
  };
}

const printToConsole: AuditPrinter = (line, outcome) => {
  if (outcome === 'success') console.log(line);
  else console.warn(line);
};
