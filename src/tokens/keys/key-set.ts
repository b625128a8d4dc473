import { SIGNATURE_ALGORITHMS, type SignatureCheck } from './algorithms';
import { type ConfiguredKey, MAX_CANDIDATES } from './keys';

interface AlgorithmKeys {
  readonly all: SignatureCheck[];
  readonly byKid: Map<string | undefined, SignatureCheck[]>;
}

const NONE: readonly SignatureCheck[] = [];

/** The keys of one issuer, prepared and found by what a header says; never changes. */
export class KeySet {
  // Maps, not objects: a token may name its algorithm or its key `constructor`.
  private readonly byAlgorithm = new Map<string, AlgorithmKeys>();
  private readonly kids = new Set<string | undefined>();

  /** @param keys as `readKeys` checked them. */
  constructor(keys: readonly Pick<ConfiguredKey, 'key' | 'kid' | 'algorithm'>[]) {
    for (const { key, kid, algorithm } of keys) {
      const prepared = SIGNATURE_ALGORITHMS[algorithm].prepare(key);
      const siblings: AlgorithmKeys = this.byAlgorithm.get(algorithm) ?? {
        all: [],
        byKid: new Map<string | undefined, SignatureCheck[]>(),
      };
      this.byAlgorithm.set(algorithm, siblings);
      siblings.all.push(prepared);
      siblings.byKid.set(kid, [...(siblings.byKid.get(kid) ?? []), prepared]);
      this.kids.add(kid);
    }
  }

  /**
   * What may have signed a token. When it names a key: that key, or where the issuer has none of
   * that name, the keys without a `kid`. When it names none: every key, or where these are more than
   * four, the keys without a `kid`. Always keys of its algorithm only.
   * @returns `undefined` when tokens may not name this algorithm at all.
   */
  candidates(alg: string, kid: string | undefined): readonly SignatureCheck[] | undefined {
    const keys = this.byAlgorithm.get(alg);
    if (keys === undefined) return undefined;
    if (kid === undefined && keys.all.length <= MAX_CANDIDATES) return keys.all;
    return keys.byKid.get(this.kids.has(kid) ? kid : undefined) ?? NONE;
  }
}
