/** A bad option, and all that its sentence says, but for the name, in words that fit any name. */
export class MisconfiguredError extends TypeError {
  /**
   * @param option its name, and what follows in it: `keys[0].kid`, `keys, PEM block 2`.
   * @param complaint "must be …, got …", and what to do.
   */
  constructor(
    readonly option: string,
    readonly complaint: string,
  ) {
    super(`nestjs-logout: "${option}" ${complaint}`);
  }
}

/**
 * The error that stops the boot for a bad option. It names the option, what it must be, what it
 * was (its kind, never a secret's text), and what to do.
 */
export function misconfigured(
  option: string,
  mustBe: string,
  got: string,
  advice?: string,
): MisconfiguredError {
  const complaint = `must be ${mustBe}, got ${got}.`;
  return new MisconfiguredError(
    option,
    advice === undefined ? complaint : `${complaint} ${advice}`,
  );
}

/** What a value is, in words that are safe to print: text is never quoted, for it may be a secret. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return value === '' ? 'an empty string' : 'a string';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
