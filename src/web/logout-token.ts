import { isJsonObject } from '../tokens/verification/json-object';

/**
 * The logout token that a form names (OpenID Connect Back-Channel Logout 1.0 §2.5); `undefined`: it
 * names none. A parameter without a value is treated as if it were omitted (RFC 6749 §3.1).
 */
export function logoutTokenIn(body: unknown): string | undefined {
  if (!isJsonObject(body) || !Object.hasOwn(body, 'logout_token')) return undefined;
  const { logout_token: text } = body;
  return typeof text === 'string' && text !== '' ? text : undefined;
}
