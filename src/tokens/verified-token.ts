import type { RevocationKey } from './identity';
import type { RevocationQuery } from './scopes';
import type { Claims, Identifier } from './verification/claims';

/** A token of the right form. It may be forged. */
export interface ParsedToken<C extends Claims = Claims> {
  readonly claims: C;
  /** Whose it is, by `TokenRules.subjectClaim`; `undefined`: it says not, and need not. */
  readonly subject: string | undefined;
  /**
   * Its session, by `TokenRules.sessionClaim`, whatever is written to the claims; `undefined`: it
   * names none. An integer is another session than its digits; to revoke those revokes both.
   */
  readonly sessionId: Identifier | undefined;
  /** What a revocation of this token alone is kept under. */
  readonly revocationKey: RevocationKey;
  /** Every key under which it may be revoked, `revocationKey` among them. Cannot be written to. */
  readonly keys: RevocationQuery;
}

/**
 * A token whose signature and claims may be trusted; `C`, what claims your issuer writes. A class
 * for its type alone: decorated parameters may have it without `import type` (TS1272). No token is
 * an instance of it.
 */
export abstract class VerifiedToken<C extends Claims = Claims> implements ParsedToken<C> {
  abstract readonly claims: C;
  abstract readonly subject: string | undefined;
  abstract readonly sessionId: Identifier | undefined;
  abstract readonly revocationKey: RevocationKey;
  abstract readonly keys: RevocationQuery;
  /** `exp` rounded up to a second, in ms since the epoch: whatever is written to the claims. */
  abstract readonly expiresAtMs: number;
}
