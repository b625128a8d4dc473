import type { RevocationKey } from '../tokens/identity';

/**
 * What a revocation covers. `token` and `session` are absolute: they refuse whatever `iat` says.
 * The others are cutoffs: they refuse what was issued at or before `issuedBefore`.
 */
export type RevocationScope = 'token' | 'session' | 'subject' | 'client' | 'issuer';

/** An absolute revocation refuses tokens of every age. */
export const EVERY_AGE = 'infinity';

/** One member of the grow-only set of revocations. Never changed, only purged. */
export interface Revocation {
  /** What is looked up; see `tokens/identity.ts`. Never the token's text. */
  readonly key: RevocationKey;
  readonly scope: RevocationScope;
  /** Tokens issued at or before this instant are refused. */
  readonly issuedBefore: Date | typeof EVERY_AGE;
  /** From here on nothing that this revocation covers can be accepted, so it may be purged. */
  readonly expiresAt: Date;
  readonly issuer?: string;
  readonly subject?: string;
  readonly tokenId?: string;
  readonly sessionId?: string;
  readonly clientId?: string;
  readonly reason?: string;
  /** Who revoked, where that is not the subject. */
  readonly actor?: string;
}
