import {
  type Algorithm,
  algorithmOf,
  SIGNATURE_ALGORITHMS,
  type SignatureCheck,
} from './algorithms';
import { type ConfiguredKey, MAX_CANDIDATES } from './keys';

interface AlgorithmKeys {
  readonly all: SignatureCheck[];
  readonly byKid: Map<string | undefined, SignatureCheck[]>;
}

const NONE: readonly SignatureCheck[] = [];

/** The keys of one issuer, prepared and found by what a header says; never changes. */
export class KeySet {
  // Maps, not objects: a token may name its key `constructor`.
  private readonly byAlgorithm = new Map<Algorithm, AlgorithmKeys>();
  private readonly kids = new Set<string | undefined>();

  /**
   * @param keys as `readKeys` checked them, or as their issuer publishes them.
   * @param algorithms what tokens may name though no key is for it now.
   */
  constructor(
    keys: readonly Pick<ConfiguredKey, 'key' | 'kid' | 'algorithm'>[],
    algorithms: readonly Algorithm[] = [],
  ) {
    for (const algorithm of algorithms) this.siblingsOf(algorithm);
    for (const { key, kid, algorithm } of keys) {
      const prepared = SIGNATURE_ALGORITHMS[algorithm].prepare(key);
      const siblings = this.siblingsOf(algorithm);
      siblings.all.push(prepared);
      siblings.byKid.set(kid, [...(siblings.byKid.get(kid) ?? []), prepared]);
      this.kids.add(kid);
    }
  }

  private siblingsOf(algorithm: Algorithm): AlgorithmKeys {
    const known = this.byAlgorithm.get(algorithm);
    if (known !== undefined) return known;
    const siblings: AlgorithmKeys = { all: [], byKid: new Map() };
    this.byAlgorithm.set(algorithm, siblings);
    return siblings;
  }

  /**
   * What may have signed a token. When it names a key: that key, or where the issuer has none of
   * that name, the keys without a `kid`. When it names none: every key, or where these are more than
   * four, the keys without a `kid`. Always keys of its algorithm only.
   * @returns `undefined` when tokens may not name this algorithm at all.
   */
  candidates(alg: string, kid: string | undefined): readonly SignatureCheck[] | undefined {
    const algorithm = algorithmOf(alg);
    const keys = algorithm && this.byAlgorithm.get(algorithm);
    if (keys === undefined) return undefined;
    if (kid === undefined && keys.all.length <= MAX_CANDIDATES) return keys.all;
    return keys.byKid.get(this.kids.has(kid) ? kid : undefined) ?? NONE;
  }
}
