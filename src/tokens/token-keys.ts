import { ownKeys, type TokenIdentity } from './identity';
import { TokenQuery } from './scopes';
import type { Claims } from './verification/claims';
import type { CutoffClaim } from './verification/instants';
import type { ParsedToken } from './verified-token';

/**
 * Every key of a token.
 * @param signingInput `header.payload` as received.
 * @param cutoffClaim see `Issuer.cutoffClaim`.
 */
export function tokenKeys(
  claims: Claims,
  subject: string | undefined,
  signingInput: string,
  identity: TokenIdentity,
  cutoffClaim: CutoffClaim = 'iat',
): Pick<ParsedToken, 'revocationKey' | 'keys'> {
  const own = ownKeys(claims, signingInput, identity);
  return {
    revocationKey: own[0],
    keys: TokenQuery.of({ claims, subject, ownKeys: own, cutoffClaim }),
  };
}
