import { ownKeys, type TokenIdentity } from './identity';
import { TokenQuery } from './scopes';
import type { CutoffClaim } from './verification/instants';
import type { ParsedToken } from './verified-token';

/** What a token names, as it was read. */
type Named = Pick<ParsedToken, 'claims' | 'subject' | 'sessionId'>;

/**
 * Every key of a token.
 * @param signingInput `header.payload` as received.
 * @param cutoffClaim see `Issuer.cutoffClaim`.
 */
export function tokenKeys(
  { claims, subject, sessionId }: Named,
  signingInput: string,
  identity: TokenIdentity,
  cutoffClaim: CutoffClaim = 'iat',
): Pick<ParsedToken, 'revocationKey' | 'keys'> {
  const own = ownKeys(claims, signingInput, identity);
  return {
    revocationKey: own[0],
    keys: TokenQuery.of({ claims, subject, sessionId, ownKeys: own, cutoffClaim }),
  };
}
