/**
 * The error that stops the boot for a bad option. It names the option, what it must be, what it
 * was (its kind, never a secret's text), and what to do.
 */
export function misconfigured(
  option: string,
  mustBe: string,
  got: string,
  advice?: string,
): TypeError {
  const sentence = `nestjs-logout: "${option}" must be ${mustBe}, got ${got}.`;
  return new TypeError(advice === undefined ? sentence : `${sentence} ${advice}`);
}

/** What a value is, in words that are safe to print: text is never quoted, for it may be a secret. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return value === '' ? 'an empty string' : 'a string';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
