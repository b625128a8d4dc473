import { tokenKey, type TokenIdentity } from './identity';
import { TokenQuery } from './scopes';
import type { Claims } from './verification/claims';
import type { ParsedToken } from './verified-token';

type Keys = Pick<ParsedToken, 'revocationKey' | 'keys'>;

/**
 * The keys of tokens. Those of the last one are kept: enforcement and the guard read the same token
 * of a request, and hashing costs more than all else but the signature.
 */
export class TokenKeys {
  private last: { readonly signingInput: string; readonly keys: Keys } | undefined;

  constructor(private readonly identity: TokenIdentity) {}

  /** @param signingInput `header.payload` as received; the claims are its payload. */
  of(claims: Claims, signingInput: string): Keys {
    // The claims are part of the signing input: where that is equal, so are they.
    if (this.last?.signingInput === signingInput) return this.last.keys;
    const revocationKey = tokenKey(claims, signingInput, this.identity);
    const keys = { revocationKey, keys: TokenQuery.of({ claims, revocationKey }) };
    this.last = { signingInput, keys };
    return keys;
  }
}
