/** Why a token is refused, and what would change that. Says nothing of its text. */
export interface Explanation {
  /** The claim or the parameter of the header at fault; absent where it is the token as a whole. */
  readonly member?: string;
  /** What stands there: the kind of the value, never the value itself. For `iss` it is the issuer. */
  readonly found?: string;
  /** The option that would accept it. */
  readonly option?: string;
  /** What to do, in one or two sentences. */
  readonly remedy: string;
}

/** NumericDate is in seconds; from here on a value can only be meant in milliseconds. */
const FIRST_IN_MS = 100_000_000_000;

/** What a value is, in words that do not give it away. */
export function kindOfMember(value: unknown): string {
  if (value === undefined) return 'absent';
  if (value === null) return 'null';
  if (typeof value === 'string') return kindOfText(value);
  if (typeof value === 'number') return kindOfNumber(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return typeof value === 'object' ? 'an object' : 'true or false';
}

/** Whether a claim that is a time is in milliseconds, as `Date.now()` gives it. */
export function isInMilliseconds(value: unknown): boolean {
  return typeof value === 'number' && value >= FIRST_IN_MS;
}

function kindOfText(value: string): string {
  if (value === '') return 'empty text';
  return Number.isFinite(Number(value)) ? 'a number written as text' : 'text';
}

function kindOfNumber(value: number): string {
  if (!Number.isInteger(value)) return 'a number with a fraction';
  return Number.isSafeInteger(value) ? 'an integer' : 'a number beyond 2^53';
}
