import { P256_ORDER, type Signer } from './signing';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Another text made from a token; `argument` is what stands after the colon of the pipe. */
type Respelling = (token: string, argument: string, issuer: Signer) => string;

/** The pipes that need nothing but the token, and the issuer's key. */
export const RESPELLINGS: Readonly<Record<string, Respelling>> = {
  flip_unused_bits: flipUnusedBits,
  append: (token, argument) => token + argument,
  insert_space_in_signature: (token) => withSignature(token, (text) => inserted(text, ' ')),
  ecdsa_twin: (token) => withSignature(token, ecdsaTwin),
  std_alphabet: (token) => token.replaceAll('-', '+').replaceAll('_', '/'),
  resign_same_claims: (token, _, issuer) => resigned(token, issuer),
  tamper_signature: (token) =>
    withSignature(token, (text) => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)),
};

/** The respellings that a lenient verifier would take for the same token. */
export function lenientSpellings(token: string, issuer: Signer): readonly string[] {
  const isEcdsa = algorithmOf(token).startsWith('ES');
  return [
    resigned(token, issuer),
    flipUnusedBits(token),
    withSignature(token, (text) => inserted(text, ' ')),
    token.replaceAll('-', '+').replaceAll('_', '/'),
    ...['=', '==', '\n', ' ', '.'].map((end) => token + end),
    ...(isEcdsa ? [withSignature(token, ecdsaTwin)] : []),
  ];
}

function algorithmOf(token: string): string {
  const [header = ''] = token.split('.');
  const { alg } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { alg?: unknown };
  return String(alg);
}

function resigned(token: string, issuer: Signer): string {
  return withSignature(token, () => {
    const signature = issuer.sign(algorithmOf(token), token.slice(0, token.lastIndexOf('.')));
    if (signature === undefined) throw new Error('resign_same_claims: no key can sign with that.');
    return signature.toString('base64url');
  });
}

/** @throws {Error} no bits of the last character are unused. */
function flipUnusedBits(token: string): string {
  return withSignature(token, (text) => {
    if (text.length % 4 === 0) throw new Error('flip_unused_bits: the signature uses all bits.');
    const last = ALPHABET.indexOf(text.slice(-1));
    return text.slice(0, -1) + ALPHABET.charAt(last ^ 1);
  });
}

function inserted(text: string, part: string): string {
  const middle = text.length >> 1;
  return text.slice(0, middle) + part + text.slice(middle);
}

/** Where (r, s) is a signature, (r, n − s) is one too. */
function ecdsaTwin(signature: string): string {
  const bytes = Buffer.from(signature, 'base64url');
  if (bytes.length !== 64) throw new Error('ecdsa_twin: no signature of P-256.');
  const s = BigInt(`0x${bytes.toString('hex', 32)}`);
  const twin = (P256_ORDER - s).toString(16).padStart(64, '0');
  return Buffer.concat([bytes.subarray(0, 32), Buffer.from(twin, 'hex')]).toString('base64url');
}

function withSignature(token: string, change: (signature: string) => string): string {
  const dot = token.lastIndexOf('.');
  return token.slice(0, dot + 1) + change(token.slice(dot + 1));
}
