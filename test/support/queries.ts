import type { RevocationKey } from '../../src/tokens/identity';
import { TokenQuery, type RevocationQuery } from '../../src/tokens/scopes';

/** The question about a token with these keys, issued then, whatever each of them is of. */
export const about = (keys: readonly RevocationKey[], issuedAt = new Date()): RevocationQuery => ({
  absolute: keys,
  cutoffs: keys.map((key) => ({ key, at: issuedAt.getTime() })),
});

/** The same question as tokens ask it: again and again, with what memory has noted with it. */
export const aboutToken = (keys: readonly RevocationKey[], issuedAt?: Date): TokenQuery => {
  const { absolute, cutoffs } = about([...keys], issuedAt);
  return new TokenQuery(absolute, cutoffs);
};
