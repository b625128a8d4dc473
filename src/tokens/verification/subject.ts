import { kindOf, misconfigured } from '../../options/misconfiguration';
import { custom } from '../../options/option';
import { isSubject, type Claims } from './claims';
import { copyOfClaims } from './claims-copy';

/** Where the subject of a token stands; see `IssuerRules.subjectClaim`. */
export type SubjectClaim =
  string | readonly string[] | ((claims: Claims) => string | number | undefined) | null;

/**
 * Finds the subject of a token, as text. `undefined`: it has none, and needs none; `null`: it should
 * have one, and has none that is of its form. Never throws.
 */
export type SubjectReader = (claims: Claims) => string | undefined | null;

/** Where the subject stands, as the option says it. */
export interface SubjectRule {
  readonly readSubject: SubjectReader;
  /** Whether it may stand in any of several claims. */
  readonly isAnyOf: boolean;
}

const MAX_NAME_LENGTH = 255;
const MUST_BE =
  'the name of a claim (1–255 characters), a non-empty list of names, a function of the claims, ' +
  'or null where tokens need no subject';

export const subjectClaim = custom<SubjectRule, SubjectClaim>(
  { mustBe: MUST_BE, read: readSubjectClaim },
  {
    default: 'sub',
    says:
      'Where the subject stands: in a claim, in the first of several that is there, or what a ' +
      'function returns. `null`: in `sub`, if it is there.',
  },
);

function readSubjectClaim(value: unknown, option: string): SubjectRule {
  if (value === null) return oneRule((claims) => firstOf(claims, ['sub'], undefined));
  if (isFunction(value)) return oneRule((claims) => returnedBy(value, claims));
  const names: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (names.length > 0 && names.every(isClaimName))
    return { readSubject: (claims) => firstOf(claims, names, null), isAnyOf: names.length > 1 };
  throw misconfigured(option, MUST_BE, kindOf(value));
}

const oneRule = (readSubject: SubjectReader): SubjectRule => ({ readSubject, isAnyOf: false });

function firstOf<Absent>(
  claims: Claims,
  names: readonly string[],
  absent: Absent,
): string | null | Absent {
  for (const name of names) {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
    if (value !== undefined) return subjectText(value);
  }
  return absent;
}

/** Called for each new token, a forged one too. A copy: what it writes must not pass the checks. */
function returnedBy(find: (claims: Claims) => unknown, claims: Claims): string | undefined | null {
  try {
    const found = find(copyOfClaims(claims));
    // Nothing waits for a promise here: its rejection would end the process.
    if (found instanceof Promise) found.catch(() => undefined);
    return found === undefined ? undefined : subjectText(found);
  } catch {
    return null; // by a payload that it did not expect
  }
}

const subjectText = (value: unknown): string | null => (isSubject(value) ? String(value) : null);

function isFunction(value: unknown): value is (claims: Claims) => unknown {
  return typeof value === 'function';
}

function isClaimName(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 1 && value.length <= MAX_NAME_LENGTH;
}
