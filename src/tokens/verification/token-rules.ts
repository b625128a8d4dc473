import { type Algorithm, isAlgorithm, SIGNATURE_ALGORITHMS } from '../keys/algorithms';
import type { ClaimRules } from './claims';
import type { TokenIdentity } from '../identity';
import { KeySet } from '../keys/key-set';
import { type KeyInput, readKeys } from '../keys/keys';
import { kindOf, misconfigured } from '../../options/misconfiguration';
import { normalizeType } from './token-header';

/** What a token must be to be accepted. What is not optional is a decision only you can make. */
export interface TokenRules {
  /**
   * The only `alg` values accepted (RFC 8725 §3.1), of one family: HS*, or public-key algorithms.
   * No default: guessing is how `none` and a public key used as a secret get in.
   */
  readonly algorithms: readonly Algorithm[];
  /**
   * What verifies: one key or a list, at least one and at most four for each algorithm.
   * With HS* a string is the secret itself (its UTF-8 bytes: at least 32, 48 or 64 for HS256, HS384
   * or HS512), otherwise PEM text, in which several public keys may follow each other. A Buffer
   * holds the same in bytes. A key that fits several of the algorithms must name its one.
   */
  readonly keys: KeyInput | readonly KeyInput[];
  /** The accepted `iss`, one or several; `null`: deliberately unchecked. */
  readonly issuer: string | readonly string[] | null;
  /** Who we are: `aud` must name one of these; `null`: deliberately unchecked. */
  readonly audience: string | readonly string[] | null;
  /**
   * The accepted header `typ` (RFC 8725 §3.11), without regard to case and to `application/`;
   * when set, a token without `typ` is refused.
   * @defaultValue no `typ`, `JWT` or `at+jwt`
   */
  readonly types?: readonly string[];
  /**
   * How much clocks may differ, in whole seconds, 0–60 (RFC 7519 §4.1.4).
   * @defaultValue 0
   */
  readonly clockToleranceSeconds?: number;
  /**
   * The longest `exp − iat`, in whole seconds, 1–2 678 400 (31 days). Longer-lived tokens are
   * refused from the first second: a revocation is kept for one such lifetime.
   * @defaultValue 86 400
   */
  readonly maxLifetimeSeconds?: number;
  /**
   * What a revocation of one token goes by. `signed-part` is for issuers that give several tokens
   * one `jti`, against RFC 7519 §4.1.7.
   * @defaultValue 'jti'
   */
  readonly tokenIdentity?: TokenIdentity;
}

/** The rules with every default in place, checked, with keys prepared. */
export interface ResolvedTokenRules extends ClaimRules {
  readonly keys: KeySet;
  /** Normalized; `undefined` among them: a token need not have a `typ`. */
  readonly types: ReadonlySet<string | undefined>;
  readonly tokenIdentity: TokenIdentity;
}

const MAX_CLOCK_TOLERANCE_SECONDS = 60;
const DAY_SECONDS = 86_400;
const MAX_LIFETIME_SECONDS = 31 * DAY_SECONDS;
const MAX_NAME_LENGTH = 255; // a longer one could never match: claims end there too

/** @throws {TypeError} naming the option, what it must be and what it was. */
export function resolveTokenRules(rules: TokenRules): ResolvedTokenRules {
  const {
    types,
    clockToleranceSeconds = 0,
    maxLifetimeSeconds = DAY_SECONDS,
    tokenIdentity = 'jti',
  } = rules;
  const algorithms = readAlgorithms(rules.algorithms);
  const keys = new KeySet(readKeys(rules.keys, algorithms));
  checkWhole('clockToleranceSeconds', clockToleranceSeconds, 0, MAX_CLOCK_TOLERANCE_SECONDS);
  checkWhole('maxLifetimeSeconds', maxLifetimeSeconds, 1, MAX_LIFETIME_SECONDS);
  checkIdentity(tokenIdentity);
  return Object.freeze({
    keys,
    issuers: readAccepted('issuer', rules.issuer),
    audiences: readAccepted('audience', rules.audience),
    types: new Set(types === undefined ? [undefined, 'jwt', 'at+jwt'] : readTypes(types)),
    clockToleranceSeconds,
    maxLifetimeSeconds,
    tokenIdentity,
  });
}

function readAlgorithms(value: unknown): readonly Algorithm[] {
  const names: readonly unknown[] = Array.isArray(value) ? value : [];
  if (names.length === 0) throw misconfigured('algorithms', 'a non-empty list', kindOf(value));
  names.forEach((name, index) => {
    if (isAlgorithm(name) && names.indexOf(name) === index) return;
    const mustBe = `one of ${Object.keys(SIGNATURE_ALGORITHMS).join(', ')}, each once`;
    const got = isAlgorithm(name) ? `${name} again` : describeName(name);
    throw misconfigured(`algorithms[${index}]`, mustBe, got);
  });
  const algorithms = names.filter(isAlgorithm);
  if (new Set(algorithms.map((name) => SIGNATURE_ALGORITHMS[name].family)).size > 1) {
    const advice = 'Use two verifiers for issuers of both families.';
    throw misconfigured('algorithms', 'either HS* or public-key algorithms', 'both', advice);
  }
  return algorithms;
}

function describeName(value: unknown): string {
  return typeof value === 'string' ? 'an unknown name' : kindOf(value);
}

function readAccepted(option: string, value: unknown): ReadonlySet<string> | null {
  if (value === null) return null;
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (values.length > 0 && values.every(isAcceptableName)) return new Set(values);
  throw misconfigured(
    option,
    'a string of 1–255 characters or a non-empty list of them, or null to leave it unchecked',
    Array.isArray(value) && value.length > 0 ? 'a list with something else' : kindOf(value),
    `Without it a token that the same key signed for somebody else is accepted (RFC 8725 §3.8–9).`,
  );
}

function readTypes(value: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [];
  if (values.length > 0 && values.every(isAcceptableName)) return values.map(normalizeType);
  const got = values.length > 0 ? 'a list with something else' : kindOf(value);
  throw misconfigured('types', 'a non-empty list of strings of 1–255 characters', got);
}

function isAcceptableName(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 1 && value.length <= MAX_NAME_LENGTH;
}

function checkWhole(option: string, value: unknown, min: number, max: number): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return;
  throw misconfigured(option, `a whole number from ${min} to ${max}`, kindOf(value));
}

function checkIdentity(value: unknown): void {
  if (value === 'jti' || value === 'signed-part') return;
  throw misconfigured('tokenIdentity', "'jti' or 'signed-part'", describeName(value));
}
