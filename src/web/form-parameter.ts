import { isJsonObject } from '../tokens/verification/json-object';

/**
 * A parameter of a form that was read; `undefined`: the form does not have it. A parameter without a
 * value is treated as if it were omitted (RFC 6749 §3.1).
 */
export function parameterIn(body: unknown, name: 'token' | 'logout_token'): string | undefined {
  if (!isJsonObject(body) || !Object.hasOwn(body, name)) return undefined;
  const value = body[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
