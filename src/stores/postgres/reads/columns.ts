const MICROSECONDS_PER_MS = 1000;

/** The condition, where there is a value for it. */
export const given = <T>(value: T | undefined, condition: (value: T) => string): string[] =>
  value === undefined ? [] : [condition(value)];

/** Nothing of what is null. */
export function present(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

export function dateOf(microseconds: number): Date {
  return new Date(Math.floor(microseconds / MICROSECONDS_PER_MS));
}

/** As PostgreSQL reads it, with the microseconds that a `Date` has no room for. */
export function instantOf(microseconds: number): string {
  const rest = String(microseconds % MICROSECONDS_PER_MS).padStart(3, '0');
  return dateOf(microseconds).toISOString().replace('Z', `${rest}Z`);
}
