import { type Algorithm, isAlgorithm, SIGNATURE_ALGORITHMS } from '../keys/algorithms';
import type { ClaimRules } from './claims';
import type { TokenIdentity } from '../identity';
import { KeySet } from '../keys/key-set';
import { type KeyInput, MAX_KEYS_PER_ALGORITHM, readKeys } from '../keys/keys';
import { kindOf, misconfigured } from '../../options/misconfiguration';
import {
  custom,
  oneOf,
  optional,
  readOptions,
  whole,
  type About,
  type Option,
  type Table,
} from '../../options/option';
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
  /**
   * Whether tokens with `nonce`, `at_hash` or `c_hash` are bearers, without `typ: at+jwt`. They are
   * ID tokens (OpenID Connect Core §2), which are for the client; but some issuers, such as Google,
   * have their users send them to APIs.
   * @defaultValue 'refuse'
   */
  readonly idTokens?: 'refuse' | 'accept';
}

/** The rules with every default in place, checked, with keys prepared. */
export interface ResolvedTokenRules extends ClaimRules {
  readonly keys: KeySet;
  /** Normalized; `undefined` among them: a token need not have a `typ`. */
  readonly types: ReadonlySet<string | undefined>;
  readonly tokenIdentity: TokenIdentity;
  readonly idTokens: 'refuse' | 'accept';
}

const DAY_SECONDS = 86_400;
const NAMES = Object.keys(SIGNATURE_ALGORITHMS).join(', ');
const MAX_NAME_LENGTH = 255; // a longer one could never match: claims end there too
const TYPES = 'a non-empty list of strings of 1–255 characters';
const UNCHECKED =
  'Without it a token that the same key signed for another service is accepted (RFC 8725 §3.8–9).';

/** Every rule, in the order in which they are checked. */
export const TOKEN_RULES = {
  algorithms: custom(
    { mustBe: `a list out of ${NAMES}`, read: readAlgorithms, fromText: algorithmsIn },
    {
      env: 'JWT_ALGORITHMS',
      says: 'The only `alg` values accepted, of one family: HS*, or public-key algorithms.',
    },
  ),
  keys: custom<unknown, TokenRules['keys']>(
    {
      mustBe: `a key or a list of keys, 1–${MAX_KEYS_PER_ALGORITHM} for each algorithm`,
      read: (value) => value, // with the algorithms: see below
    },
    { says: 'The keys that verify: a secret of 32 bytes or more, or public keys in PEM.' },
  ),
  issuer: accepted({
    env: 'JWT_ISSUER',
    says: 'The accepted `iss`.',
  }),
  audience: accepted({
    env: 'JWT_AUDIENCE',
    says: 'The accepted audiences: `aud` must name one of these.',
  }),
  types: optional(
    custom<ReadonlySet<string>, readonly string[]>(
      { mustBe: TYPES, read: readTypes },
      {
        defaultSays: 'no `typ`, `JWT` or `at+jwt`',
        says: 'The accepted header `typ`; when set, a token without one is refused.',
      },
    ),
  ),
  clockToleranceSeconds: whole(0, 60, {
    unit: 'seconds',
    default: 0,
    env: 'CLOCK_TOLERANCE_SECONDS',
    says: 'How much the clocks of issuer and verifier may differ.',
  }),
  maxLifetimeSeconds: whole(1, 31 * DAY_SECONDS, {
    unit: 'seconds',
    default: DAY_SECONDS,
    env: 'MAX_LIFETIME_SECONDS',
    says: 'The longest `exp − iat`; tokens that live longer are refused from the start.',
  }),
  tokenIdentity: oneOf(['jti', 'signed-part'], {
    default: 'jti',
    says: 'What identifies a token; `signed-part` where an issuer repeats a `jti`.',
  }),
  idTokens: oneOf(['refuse', 'accept'], {
    default: 'refuse',
    says: 'Whether tokens with `nonce`, `at_hash` or `c_hash` are bearers, without `typ: at+jwt`.',
  }),
} satisfies Table<TokenRules>;

/** @throws {TypeError} naming the option, what it must be and what it was. */
export function resolveTokenRules(rules: TokenRules): ResolvedTokenRules {
  const { algorithms, keys, issuer, audience, types, ...rest } = readOptions(TOKEN_RULES, rules);
  return Object.freeze({
    ...rest,
    keys: new KeySet(readKeys(keys, algorithms)),
    issuers: issuer,
    audiences: audience,
    types: types ?? new Set([undefined, 'jwt', 'at+jwt']),
  });
}

function readAlgorithms(value: unknown): readonly Algorithm[] {
  const names: readonly unknown[] = Array.isArray(value) ? value : [];
  if (names.length === 0) throw misconfigured('algorithms', 'a non-empty list', kindOf(value));
  names.forEach((name, index) => {
    if (isAlgorithm(name) && names.indexOf(name) === index) return;
    const mustBe = `one of ${NAMES}, each once`;
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

function algorithmsIn(text: string): readonly Algorithm[] | undefined {
  const names = text.split(',').flatMap((name) => name.trim() || []);
  return names.every(isAlgorithm) ? names : undefined;
}

function describeName(value: unknown): string {
  return typeof value === 'string' ? 'an unknown name' : kindOf(value);
}

type Accepted = TokenRules['issuer'];

function accepted(about: About<Accepted>): Option<ReadonlySet<string> | null, Accepted> {
  const mustBe =
    'a string of 1–255 characters or a non-empty list of them, or null to leave it unchecked';
  const read = (value: unknown, name: string): ReadonlySet<string> | null => {
    if (value === null) return null;
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (values.length > 0 && values.every(isAcceptableName)) return new Set(values);
    const got = kindOfNames(value);
    throw misconfigured(name, mustBe, got, UNCHECKED);
  };
  const fromText = (text: string): string | undefined =>
    isAcceptableName(text) ? text : undefined;
  return custom({ mustBe, read, fromText, textMustBe: 'a string of 1–255 characters' }, about);
}

function readTypes(value: unknown, name: string): ReadonlySet<string> {
  const values: readonly unknown[] = Array.isArray(value) ? value : [];
  if (values.length > 0 && values.every(isAcceptableName))
    return new Set(values.map(normalizeType));
  throw misconfigured(name, TYPES, kindOfNames(value));
}

function kindOfNames(value: unknown): string {
  return Array.isArray(value) && value.length > 0 ? 'a list with something else' : kindOf(value);
}

function isAcceptableName(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 1 && value.length <= MAX_NAME_LENGTH;
}
