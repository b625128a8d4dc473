import { tokenKey, type TokenIdentity } from './identity';
import { TokenQuery } from './scopes';
import type { Claims } from './verification/claims';
import type { ParsedToken } from './verified-token';

/** Every key of a token. @param signingInput `header.payload` as received. */
export function tokenKeys(
  claims: Claims,
  signingInput: string,
  identity: TokenIdentity,
): Omit<ParsedToken, 'claims'> {
  const revocationKey = tokenKey(claims, signingInput, identity);
  return { revocationKey, keys: TokenQuery.of({ claims, revocationKey }) };
}
