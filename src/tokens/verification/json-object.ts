import { isUtf8 } from 'node:buffer';

/** A JSON object as `JSON.parse` gave it: plain data; a `__proto__` member is an own property. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** @returns the object in a base64url part, or `undefined` unless it is JSON in valid UTF-8. */
export function parseJsonObject(base64url: string): JsonObject | undefined {
  try {
    const bytes = Buffer.from(base64url, 'base64url');
    if (!isUtf8(bytes)) return undefined;
    // A byte order mark is kept, and makes the parser refuse: it is not JSON (RFC 8259 §8.1).
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined; // no JSON; the message would quote the token
  }
}

/** Whether `value` is what JSON calls an object: neither `null` nor a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
