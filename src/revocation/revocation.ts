import type { RevocationKey } from '../tokens/identity';
import type { RevocationScope } from '../tokens/scopes';

export type { RevocationScope };

/** An absolute revocation refuses tokens of every age. */
export const ANY_ISSUE_TIME = 'infinity';

/** One member of the grow-only set of revocations. Never changed, only purged. */
export interface Revocation {
  /** What is looked up; see `tokens/identity.ts`. Never the token's text. */
  readonly key: RevocationKey;
  /** Says what `key` is of; see `tokens/scopes.ts`. */
  readonly scope: RevocationScope;
  /**
   * Tokens issued at or before this instant are refused. `ANY_ISSUE_TIME` where the scope is absolute;
   * also a cutoff may have it.
   */
  readonly issuedBefore: Date | typeof ANY_ISSUE_TIME;
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

/** Scopes whose revocations refuse what was issued up to an instant. */
export type CutoffScope = Exclude<RevocationScope, 'token' | 'session' | 'server-session'>;

/** A cutoff that is to begin when it is made, by the store's clock. */
export interface CutoffOrder extends Omit<
  Revocation,
  'issuedBefore' | 'scope' | 'tokenId' | 'sessionId'
> {
  readonly scope: CutoffScope;
}
