import type { RevocationQuery } from '../tokens/scopes';

/** Answers "is this token revoked?". Adapters: every store, and the replica before one. */
export abstract class RevocationCheck {
  /**
   * Whether any live revocation covers the token that is asked about. The answer comes at once
   * where it is known here; a promise means that the store was asked.
   * @throws {StoreUnavailableError} or rejects with it; never "not revoked" for want of an answer.
   */
  abstract isRevoked(query: RevocationQuery): boolean | Promise<boolean>;

  /**
   * The answer of `isRevoked` where it is known here; `undefined` where the store would have to be
   * asked. Asks nothing, and never throws.
   */
  abstract known(query: RevocationQuery): boolean | undefined;
}
