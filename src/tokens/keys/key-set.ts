import { type Algorithm, SIGNATURE_ALGORITHMS, type SignatureCheck } from './algorithms';
import type { ConfiguredKey } from './keys';

interface AlgorithmKeys {
  readonly all: SignatureCheck[];
  readonly withoutKid: SignatureCheck[];
}

interface NamedKey {
  readonly algorithm: Algorithm;
  readonly only: readonly [SignatureCheck];
}

/** The configured keys, prepared and found by what a header says; never changes. */
export class KeySet {
  // Maps, not objects: a token may name its algorithm or its key `constructor`.
  private readonly byAlgorithm = new Map<string, AlgorithmKeys>();
  private readonly byKid = new Map<string, NamedKey>();

  /** @param keys as `readKeys` checked them. */
  constructor(keys: readonly ConfiguredKey[]) {
    for (const { key, kid, algorithm } of keys) {
      const check = SIGNATURE_ALGORITHMS[algorithm].prepare(key);
      const siblings = this.byAlgorithm.get(algorithm) ?? { all: [], withoutKid: [] };
      this.byAlgorithm.set(algorithm, siblings);
      siblings.all.push(check);
      if (kid === undefined) siblings.withoutKid.push(check);
      else this.byKid.set(kid, { algorithm, only: [check] });
    }
  }

  /**
   * What may have signed a token: the key that it names; the keys without a `kid` when it names an
   * unknown one; every key when it names none. Always keys of its algorithm only.
   * @returns `undefined` when tokens may not name this algorithm at all.
   */
  candidates(alg: string, kid: string | undefined): readonly SignatureCheck[] | undefined {
    const keys = this.byAlgorithm.get(alg);
    if (keys === undefined || kid === undefined) return keys?.all;
    const named = this.byKid.get(kid);
    if (named === undefined) return keys.withoutKid;
    return named.algorithm === alg ? named.only : [];
  }
}
