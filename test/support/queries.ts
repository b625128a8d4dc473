import { about } from '../../src/testing/contract/contract';
import type { RevocationKey } from '../../src/tokens/identity';
import { TokenQuery } from '../../src/tokens/scopes';

/** The question about a token with these keys, as tokens ask it: again and again, with what memory has noted with it. */
export const aboutToken = (keys: readonly RevocationKey[], issuedAt?: Date): TokenQuery => {
  const { absolute, cutoffs } = about([...keys], issuedAt);
  return new TokenQuery(absolute, cutoffs);
};
