import type { RevocationKey } from '../../src/tokens/identity';
import type { RevocationQuery } from '../../src/tokens/scopes';

/** The question about a token with these keys, issued then, whatever each of them is of. */
export const about = (keys: readonly RevocationKey[], issuedAt = new Date()): RevocationQuery => ({
  absolute: keys,
  cutoffs: keys.map((key) => ({ key, at: issuedAt.getTime() })),
});
