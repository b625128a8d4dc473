/** Whether a value is an origin as browsers send it (RFC 6454 §6.2): they are compared as text. */
export function isOrigin(value: unknown): value is string {
  // A star is a letter as any other to a URL; who writes one means a pattern.
  return (
    typeof value === 'string' &&
    /^https?:[^*]+$/.test(value) &&
    URL.canParse(value) &&
    new URL(value).origin === value
  );
}

/** How messages name one. */
export const AN_ORIGIN = 'an origin such as https://app.example.com, without a path';
