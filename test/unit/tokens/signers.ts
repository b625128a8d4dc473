import {
  constants,
  createHmac,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type JsonWebKey,
  sign,
  type SignKeyObjectInput,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Algorithm } from '../../../src/tokens/keys/algorithms';
import type { Claims } from '../../../src/tokens/verification/claims';
import { PayloadReader } from '../../../src/tokens/verification/payload-reader';
import { resolveTokenRules } from '../../../src/tokens/verification/resolved-rules';
import type { TokenRules } from '../../../src/tokens/verification/token-rules';
import { TokenVerifier } from '../../../src/tokens/verification/token-verifier';

/** An issuer with one key: what it signs, written apart from the code under test. */
export interface Signer {
  readonly algorithm: Algorithm;
  /** What a verifier is given. */
  readonly key: KeyObject;
  /** What jsonwebtoken signs with. */
  readonly signingKey: KeyObject;
  sign(signingInput: string): Buffer;
}

export function hmacSigner(algorithm: Algorithm, secret: Buffer = randomBytes(64)): Signer {
  const key = createSecretKey(secret);
  const hash = `sha${algorithm.slice(2)}`;
  const signText = (text: string) => createHmac(hash, key).update(text).digest();
  return { algorithm, key, signingKey: key, sign: signText };
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export function keyPairSigner(
  algorithm: Algorithm,
  { publicKey, privateKey }: KeyPair,
  parameters: Omit<SignKeyObjectInput, 'key'> = {},
): Signer {
  const hash = algorithm === 'EdDSA' ? null : `sha${algorithm.slice(2)}`;
  const input = { key: privateKey, ...parameters };
  const signText = (text: string) => sign(hash, Buffer.from(text), input);
  return { algorithm, key: publicKey, signingKey: privateKey, sign: signText };
}

export const rsaPair = (modulusLength = 2048, publicExponent = 65537): KeyPair =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent });

export const ecPair = (namedCurve: string): KeyPair => generateKeyPairSync('ec', { namedCurve });

const pss = {
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
};
export const p1363 = { dsaEncoding: 'ieee-p1363' } as const;

type Signers = Readonly<Record<Algorithm, Signer>>;

function makeSigners(rsa: KeyPair): Signers {
  return {
    HS256: hmacSigner('HS256'),
    HS384: hmacSigner('HS384'),
    HS512: hmacSigner('HS512'),
    RS256: keyPairSigner('RS256', rsa),
    RS384: keyPairSigner('RS384', rsa),
    RS512: keyPairSigner('RS512', rsa),
    PS256: keyPairSigner('PS256', rsa, pss),
    PS384: keyPairSigner('PS384', rsa, pss),
    PS512: keyPairSigner('PS512', rsa, pss),
    ES256: keyPairSigner('ES256', ecPair('P-256'), p1363),
    ES384: keyPairSigner('ES384', ecPair('P-384'), p1363),
    ES512: keyPairSigner('ES512', ecPair('P-521'), p1363),
    EdDSA: keyPairSigner('EdDSA', generateKeyPairSync('ed25519')),
  };
}

/** The RSA key of RFC 7520 §3.4: making one takes long, and every file would. */
function cookbookRsaPair(): KeyPair {
  const file = join(__dirname, '../../vectors/rfc7520/4_1.rsa_v15_signature.json');
  const { input } = JSON.parse(readFileSync(file, 'utf8')) as { input: { key: JsonWebKey } };
  const privateKey = createPrivateKey({ key: input.key, format: 'jwk' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

export const SIGNERS = makeSigners(cookbookRsaPair());
export const ALL_SIGNERS: readonly Signer[] = Object.values(SIGNERS);

let strangers: Signers | undefined;

/** A signer by the same algorithm with another key. */
export function strangerTo(algorithm: Algorithm): Signer {
  strangers ??= makeSigners(rsaPair());
  return strangers[algorithm];
}

/** base64url of JSON, or of text or bytes as they are. */
export function encode(value: unknown): string {
  const isRaw = typeof value === 'string' || Buffer.isBuffer(value);
  return Buffer.from(isRaw ? value : JSON.stringify(value)).toString('base64url');
}

/** A token signed by `signer`, whatever its header and payload say; see `encode`. */
export function mint(signer: Signer, payload: unknown, header?: unknown): string {
  const signingInput = `${encode(header ?? { alg: signer.algorithm })}.${encode(payload)}`;
  return `${signingInput}.${signer.sign(signingInput).toString('base64url')}`;
}

/** The instant of these tests, in seconds since the epoch. */
export const NOW = 1_800_000_000;

/** Claims that are acceptable to `verifierOf`. */
export const CLAIMS: Claims = { sub: 'ada', iat: NOW - 60, exp: NOW + 60 };

function basis({ algorithm, key }: Signer): TokenRules {
  return { algorithms: [algorithm], keys: key, issuer: null, audience: null };
}

/** A verifier of one signer's tokens at `NOW`, with issuer and audience unchecked. */
export function verifierOf(signer: Signer, rules: Partial<TokenRules> = {}): TokenVerifier {
  return new TokenVerifier({ ...basis(signer), ...rules }, () => NOW * 1000);
}

/** Reads payloads by the default rules. */
export const payloadReader = (): PayloadReader =>
  new PayloadReader(resolveTokenRules(basis(SIGNERS.HS256)).issuers);
