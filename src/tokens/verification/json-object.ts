/** A JSON object as `JSON.parse` gave it: plain data; a `__proto__` member is an own property. */
export type JsonObject = Readonly<Record<string, unknown>>;

// A byte order mark is not JSON (RFC 8259 §8.1); kept, it makes the parser refuse.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @returns the object in a base64url part, or `undefined` unless it is JSON in valid UTF-8. */
export function parseJsonObject(base64url: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(utf8.decode(Buffer.from(base64url, 'base64url')));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined; // not UTF-8 or not JSON; the message would quote the token
  }
}

/** Whether `value` is what JSON calls an object: neither `null` nor a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
