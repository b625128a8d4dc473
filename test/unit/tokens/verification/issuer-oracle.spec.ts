import fc from 'fast-check';
import { compactVerify } from 'jose';
import { TokenVerifier } from '../../../../src/tokens/verification/token-verifier';
import type { MultiIssuerRules } from '../../../../src/tokens/verification/token-rules';
import {
  CLAIMS,
  ecPair,
  encode,
  hmacSigner,
  keyPairSigner,
  mint,
  NOW,
  p1363,
  SIGNERS,
  strangerTo,
  type Signer,
} from '../signers';

/** Every key there is; each belongs to one issuer, or to none. */
const POOL: readonly Signer[] = [
  SIGNERS.HS256,
  strangerTo('HS256'),
  hmacSigner('HS256'),
  SIGNERS.ES256,
  strangerTo('ES256'),
  keyPairSigner('ES256', ecPair('P-256'), p1363),
  SIGNERS.ES384,
  strangerTo('ES384'),
  SIGNERS.EdDSA,
  strangerTo('EdDSA'),
  SIGNERS.RS256,
  strangerTo('PS256'),
];
const NAMES = ['https://a.example', 'https://a.example/', 'a', 'A', 'constructor', '__proto__'];
const KIDS = ['1', '2', 'constructor'];

interface Key {
  readonly signer: Signer;
  readonly kid: string | undefined;
}

interface Issuer {
  readonly name: string;
  readonly keys: readonly Key[];
}

/** Which issuer a key of the pool belongs to, and its `kid`. */
const owned = fc.record({ owner: fc.nat(5), kid: fc.option(fc.constantFrom(...KIDS)) });

/** One to five issuers with distinct names, each with distinct kids. */
const issuers: fc.Arbitrary<readonly Issuer[]> = fc
  .tuple(
    fc.shuffledSubarray(NAMES, { minLength: 1, maxLength: 5 }),
    fc.tuple(...POOL.map(() => owned)),
  )
  .map(([names, owners]) => names.map((name, at) => ({ name, keys: keysOf(owners, at) })))
  .map((all) => all.filter(({ keys }) => keys.length > 0))
  .filter((all) => all.length > 0);

function keysOf(
  owners: readonly { readonly owner: number; readonly kid: string | null }[],
  issuer: number,
): readonly Key[] {
  const taken = new Set<string>();
  return POOL.flatMap((signer, at) => {
    const { owner = -1, kid = null } = owners[at] ?? {};
    if (owner !== issuer) return [];
    const isFree = kid !== null && !taken.has(kid);
    if (isFree) taken.add(kid);
    return [{ signer, kid: isFree ? kid : undefined }];
  });
}

/** A token that any key signed, and that may name any issuer, any key and any algorithm. */
const tokens = fc.array(
  fc.record({
    signer: fc.constantFrom(...POOL),
    iss: fc.oneof(
      { weight: 3, arbitrary: fc.constant('of its signer') },
      { weight: 2, arbitrary: fc.constantFrom(...NAMES) },
      { weight: 1, arbitrary: fc.constantFrom(undefined, 'unknown') },
    ),
    kid: fc.oneof(
      { weight: 3, arbitrary: fc.constant('of its signer') },
      { weight: 2, arbitrary: fc.constantFrom(...KIDS, undefined, 'unknown') },
    ),
    alg: fc.oneof(
      { weight: 5, arbitrary: fc.constant('of its signer') },
      {
        weight: 1,
        arbitrary: fc.constantFrom('HS256', 'ES256', 'RS256', 'PS256', 'none', 'es256'),
      },
    ),
    isAltered: fc.nat(9).map((of10) => of10 === 0),
    isConfused: fc.nat(9).map((of10) => of10 === 0),
  }),
  { minLength: 20, maxLength: 20 },
);

type Drawn = typeof tokens extends fc.Arbitrary<(infer One)[]> ? One : never;

interface Token {
  readonly text: string;
  readonly iss: string | undefined;
  readonly kid: string | undefined;
  readonly alg: string;
}

function minted(drawn: Drawn, all: readonly Issuer[]): Token {
  const { signer, isAltered, isConfused } = drawn;
  const owner = all.find(({ keys }) => keys.some((key) => key.signer === signer));
  const own = owner?.keys.find((key) => key.signer === signer);
  const iss = drawn.iss === 'of its signer' ? owner?.name : drawn.iss;
  const kid = drawn.kid === 'of its signer' ? own?.kid : drawn.kid;
  const alg = drawn.alg === 'of its signer' ? signer.algorithm : drawn.alg;
  // RFC 8725 §2.1: the public key as if it were a secret.
  const isPublic = signer.key.type === 'public';
  const using =
    isConfused && isPublic
      ? hmacSigner('HS256', Buffer.from(signer.key.export({ type: 'spki', format: 'pem' })))
      : signer;
  const header = { alg: using === signer ? alg : 'HS256', kid };
  const text = mint(using, { ...CLAIMS, iss }, header);
  return { text: isAltered ? altered(text) : text, iss, kid, alg: header.alg };
}

/** The claims of another subject under the same signature. */
function altered(text: string): string {
  const [header = '', payload = '', signature = ''] = text.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  return [header, encode({ ...claims, sub: 'eve' }), signature].join('.');
}

const verifierOf = (all: readonly Issuer[]): TokenVerifier => {
  const rules: MultiIssuerRules = {
    issuers: all.map(({ name, keys }) => ({
      issuer: name,
      audience: null,
      algorithms: [...new Set(keys.map(({ signer }) => signer.algorithm))],
      keys: keys.map(({ signer: { key, algorithm }, kid }) => ({ key, kid, algorithm })),
    })),
  };
  return new TokenVerifier(rules, () => NOW * 1000);
};

/** The keys whose signature counts, by the words of docs/options.md alone. */
function keysFor({ iss, kid, alg }: Token, all: readonly Issuer[]): readonly Key[] {
  const { keys = [] } = all.find(({ name }) => name === iss) ?? {};
  const isKnown = keys.some((key) => key.kid !== undefined && key.kid === kid);
  return keys
    .filter(({ signer }) => signer.algorithm === alg)
    .filter((key) => kid === undefined || key.kid === (isKnown ? kid : undefined));
}

async function isSigned({ text, alg }: Token, { signer }: Key): Promise<boolean> {
  const verified = compactVerify(text, signer.key, { algorithms: [alg] });
  return verified.then(
    () => true,
    () => false,
  );
}

/** What jose says, given one key after the other. */
async function oracle(token: Token, all: readonly Issuer[]): Promise<boolean> {
  const verdicts = await Promise.all(keysFor(token, all).map((key) => isSigned(token, key)));
  return verdicts.includes(true);
}

/** Whether any key of the issuer that the token names has signed it, whatever else it says. */
async function isOfItsIssuer(token: Token, all: readonly Issuer[]): Promise<boolean> {
  const { keys = [] } = all.find(({ name }) => name === token.iss) ?? {};
  const verdicts = await Promise.all(keys.map((key) => isSigned(token, key)));
  return verdicts.includes(true);
}

describe('Of whatever issuers, keys and tokens', () => {
  it('a token is accepted exactly where a naive verifier made of jose accepts it', async () => {
    let accepted = 0;
    const agree = fc.asyncProperty(issuers, tokens, async (all, drawn) => {
      const verifier = verifierOf(all);
      for (const token of drawn.map((each) => minted(each, all))) {
        const isAccepted = verifier.verify(token.text).verdict === 'live';
        if (isAccepted) accepted += 1;
        expect({ ...token, isAccepted }).toEqual({
          ...token,
          isAccepted: await oracle(token, all),
        });
      }
    });
    await fc.assert(agree, { numRuns: 150 });
    expect(accepted).toBeGreaterThan(300);
  });

  it('no key vouches for another issuer, and what is accepted may be genuine', async () => {
    const vouched = fc.asyncProperty(issuers, tokens, async (all, drawn) => {
      const verifier = verifierOf(all);
      for (const token of drawn.map((each) => minted(each, all))) {
        if (verifier.verify(token.text).verdict !== 'live') continue;
        const genuine = verifier.presentedIn(token.text)?.map((one) => verifier.mayBeGenuine(one));
        expect([await isOfItsIssuer(token, all), genuine]).toEqual([true, [true]]);
      }
    });
    await fc.assert(vouched, { numRuns: 150 });
  });
});
