import { createHash, timingSafeEqual } from 'node:crypto';

/** A resource server that may ask, as its options were read. */
export interface Caller {
  readonly id: string;
  /** SHA-256, 32 bytes each. */
  readonly secretHashes: readonly Buffer[];
  /** `null`: any. */
  readonly audiences: ReadonlySet<string> | null;
  readonly refreshTokens: boolean;
}

/** Knows the resource servers that may ask, by their secrets. */
export class IntrospectionCallers {
  private readonly hashes: readonly { readonly hash: Buffer; readonly caller: Caller }[];

  constructor(callers: readonly Caller[]) {
    this.hashes = callers.flatMap((caller) =>
      caller.secretHashes.map((hash) => ({ hash, caller })),
    );
  }

  /**
   * The caller of that id, if the secret is one of its own. The time does not depend on which id or
   * secret is given: the hash of the secret is compared with those of all callers, each in constant
   * time, and the id is looked at only once the secret is known to be good.
   */
  find(id: string, secret: string): Caller | undefined {
    const hash = createHash('sha256').update(secret).digest();
    let found: Caller | undefined;
    for (const known of this.hashes) if (timingSafeEqual(known.hash, hash)) found = known.caller;
    return found?.id === id ? found : undefined;
  }
}
