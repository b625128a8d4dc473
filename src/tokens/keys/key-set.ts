import type { Issuer } from '../verification/issuers';
import { SIGNATURE_ALGORITHMS, type SignatureCheck } from './algorithms';
import { type ConfiguredKey, MAX_CANDIDATES } from './keys';

/** A key with the one issuer that signs with it (RFC 8725 §3.8). */
export interface OwnedKey extends ConfiguredKey {
  readonly issuer: Issuer;
}

/** A key, prepared. */
export interface PreparedKey extends SignatureCheck {
  readonly issuer: Issuer;
}

interface AlgorithmKeys {
  readonly all: PreparedKey[];
  readonly byKid: Map<string | undefined, PreparedKey[]>;
}

const NONE: readonly PreparedKey[] = [];

/** The configured keys, prepared and found by what a header says; never changes. */
export class KeySet {
  // Maps, not objects: a token may name its algorithm or its key `constructor`.
  private readonly byAlgorithm = new Map<string, AlgorithmKeys>();
  private readonly issuersByKid = new Map<string, Set<Issuer>>();

  /** @param keys as `readKeys` and `refuseCrowds` checked them. */
  constructor(keys: readonly OwnedKey[]) {
    for (const { key, kid, algorithm, issuer } of keys) {
      const prepared = { ...SIGNATURE_ALGORITHMS[algorithm].prepare(key), issuer };
      const siblings: AlgorithmKeys = this.byAlgorithm.get(algorithm) ?? {
        all: [],
        byKid: new Map<string | undefined, PreparedKey[]>(),
      };
      this.byAlgorithm.set(algorithm, siblings);
      siblings.all.push(prepared);
      siblings.byKid.set(kid, [...(siblings.byKid.get(kid) ?? []), prepared]);
      if (kid !== undefined)
        this.issuersByKid.set(kid, (this.issuersByKid.get(kid) ?? new Set()).add(issuer));
    }
  }

  /**
   * What may have signed a token. When it names a key: that key, and of issuers that have none of
   * that name the keys without a `kid`. When it names none: every key, or where these are more than
   * four, the keys without a `kid`. Always keys of its algorithm only.
   * @returns `undefined` when tokens may not name this algorithm at all.
   */
  candidates(alg: string, kid: string | undefined): readonly PreparedKey[] | undefined {
    const keys = this.byAlgorithm.get(alg);
    if (keys === undefined) return undefined;
    if (kid === undefined && keys.all.length <= MAX_CANDIDATES) return keys.all;
    const nameless = keys.byKid.get(undefined) ?? NONE;
    const knowing = kid === undefined ? undefined : this.issuersByKid.get(kid);
    if (knowing === undefined) return nameless;
    const named = keys.byKid.get(kid) ?? NONE;
    if (nameless.length === 0) return named;
    return [...named, ...nameless.filter(({ issuer }) => !knowing.has(issuer))];
  }
}
