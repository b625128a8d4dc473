import fc from 'fast-check';
import {
  CLAIMS,
  ecPair,
  encode,
  hmacSigner,
  keyPairSigner,
  mint,
  p1363,
  SIGNERS,
  strangerTo,
  type Signer,
} from '../../unit/tokens/signers';

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
const SESSION_CLAIMS = ['sid', 'session_id', 'constructor'];

export interface Key {
  readonly signer: Signer;
  readonly kid: string | undefined;
}

export interface Issuer {
  readonly name: string;
  readonly keys: readonly Key[];
  /** Where its tokens name their session. */
  readonly sessionClaim: string;
}

/** Which issuer a key of the pool belongs to, and its `kid`. */
const owned = fc.record({ owner: fc.nat(5), kid: fc.option(fc.constantFrom(...KIDS)) });

/** One to five issuers with distinct names, each with distinct kids. */
export const issuers: fc.Arbitrary<readonly Issuer[]> = fc
  .tuple(
    fc.shuffledSubarray(NAMES, { minLength: 1, maxLength: 5 }),
    fc.tuple(...POOL.map(() => owned)),
    fc.tuple(...NAMES.map(() => fc.constantFrom(...SESSION_CLAIMS))),
  )
  .map(([names, owners, claims]) =>
    names.map((name, at) => ({
      name,
      keys: keysOf(owners, at),
      sessionClaim: claims[at] ?? 'sid',
    })),
  )
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
export const tokens = fc.array(
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
    session: fc.option(
      fc.record({
        claim: fc.constantFrom(...SESSION_CLAIMS),
        value: fc.constantFrom<unknown>('s1', 's1', 7, '7', null, '', { id: 1 }),
      }),
    ),
    isAltered: fc.nat(9).map((of10) => of10 === 0),
    isConfused: fc.nat(9).map((of10) => of10 === 0),
  }),
  { minLength: 20, maxLength: 20 },
);

export type Drawn = typeof tokens extends fc.Arbitrary<(infer One)[]> ? One : never;

export interface Token {
  readonly text: string;
  readonly iss: string | undefined;
  readonly kid: string | undefined;
  readonly alg: string;
  /** The claims that may name its session. */
  readonly sessions: Readonly<Record<string, unknown>>;
}

export function minted(drawn: Drawn, all: readonly Issuer[]): Token {
  const { signer, session, isAltered, isConfused } = drawn;
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
  const sessions = session === null ? {} : { [session.claim]: session.value };
  const text = mint(using, { ...CLAIMS, iss, ...sessions }, header);
  return { text: isAltered ? altered(text) : text, iss, kid, alg: header.alg, sessions };
}

/** The claims of another subject under the same signature. */
function altered(text: string): string {
  const [header = '', payload = '', signature = ''] = text.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  return [header, encode({ ...claims, sub: 'eve' }), signature].join('.');
}
