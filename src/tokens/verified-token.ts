import type { RevocationKey } from './identity';
import type { RevocationQuery } from './scopes';
import type { Claims } from './verification/claims';

/** A token of the right form. It may be forged. */
export interface ParsedToken {
  readonly claims: Claims;
  /** Whose it is, by `TokenRules.subjectClaim`; `undefined`: it says not, and need not. */
  readonly subject: string | undefined;
  /** What a revocation of this token alone is kept under. */
  readonly revocationKey: RevocationKey;
  /** Every key under which it may be revoked, `revocationKey` among them. Cannot be written to. */
  readonly keys: RevocationQuery;
}

/** A token whose signature and claims may be trusted. */
export interface VerifiedToken extends ParsedToken {
  /** `exp` rounded up to a second, in ms since the epoch: whatever is written to the claims. */
  readonly expiresAtMs: number;
}
