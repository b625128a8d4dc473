import type { RevocationKey } from './identity';
import type { RevocationQuery } from './scopes';
import type { Claims } from './verification/claims';

/** A token whose signature and claims may be trusted. */
export interface VerifiedToken {
  readonly claims: Claims;
  /** What a revocation of this token alone is kept under. */
  readonly revocationKey: RevocationKey;
  /** Every key under which it may be revoked, `revocationKey` among them. Cannot be written to. */
  readonly keys: RevocationQuery;
}
