import {
  constants,
  createHmac,
  type KeyObject,
  sign,
  type SignKeyObjectInput,
  timingSafeEqual,
  verify,
  type VerifyKeyObjectInput,
} from 'node:crypto';
import { derOf } from './ecdsa-signature';

/**
 * The algorithms this package can verify (RFC 7518 §3.1). EdDSA is Ed25519 alone (RFC 8037), which
 * tokens and keys may call `Ed25519`, too (RFC 9864 §2.2).
 */
export type Algorithm =
  | 'HS256'
  | 'HS384'
  | 'HS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA';

/** One secret on both sides, or a public key that can only verify. */
type AlgorithmFamily = 'symmetric' | 'asymmetric';

/** One key, prepared for one algorithm. */
export interface SignatureCheck {
  /** The length of every signature of this key. */
  readonly signatureBytes: number;
  /**
   * Whether `signature` is this key's signature over `signingInput` (ASCII: `header.payload`).
   * Never throws, whatever the signature is.
   */
  isGood(signingInput: string, signature: Buffer): boolean;
}

/** The signature of a key over `signingInput` (ASCII: `header.payload`). */
export type Sign = (signingInput: string) => Buffer;

/** What one `alg` asks of a key, and how it verifies with it, and signs. */
export interface SignatureAlgorithm {
  readonly family: AlgorithmFamily;
  /** The key it needs, as the boot's messages put it. */
  readonly needs: string;
  /** Whether the key is of its type and curve; says nothing about strength. */
  fits(key: KeyObject): boolean;
  /** Whether a key that fits is strong enough (RFC 7518 §3.2, §3.3). */
  isStrong(key: KeyObject): boolean;
  /** Prepares the key once, so that a check only computes. */
  prepare(key: KeyObject): SignatureCheck;
  /** @param key the secret, or the private half of a key that fits. */
  signerOf(key: KeyObject): Sign;
}

type Sha2 = 'sha256' | 'sha384' | 'sha512';

const MIN_RSA_BITS = 2048;
const MIN_RSA_EXPONENT = 65537n;

function hmac(hash: Sha2, bytes: number): SignatureAlgorithm {
  return {
    family: 'symmetric',
    needs: `a secret of at least ${bytes} bytes`,
    fits: (key) => key.type === 'secret',
    // RFC 7518 §3.2: as long as the hash at least.
    isStrong: ({ symmetricKeySize = 0 }) => symmetricKeySize >= bytes,
    prepare: (key) => ({
      signatureBytes: bytes,
      isGood: (signingInput, signature) => {
        const expected = createHmac(hash, key).update(signingInput).digest();
        return signature.length === expected.length && timingSafeEqual(signature, expected);
      },
    }),
    signerOf: (key) => (signingInput) => createHmac(hash, key).update(signingInput).digest(),
  };
}

/**
 * Checks the exact length first: OpenSSL takes a PSS signature without its leading zero bytes.
 * @param key bare where that is enough: Node 24 prepares one in an object anew each time.
 */
function publicKeyCheck(
  hash: Sha2 | null,
  key: KeyObject | VerifyKeyObjectInput,
  signatureBytes: number,
  encode: (signature: Buffer) => Buffer = (signature) => signature,
): SignatureCheck {
  return {
    signatureBytes,
    isGood: (signingInput, signature) =>
      signature.length === signatureBytes &&
      verify(hash, Buffer.from(signingInput, 'latin1'), key, encode(signature)),
  };
}

function signer(hash: Sha2 | null, key: KeyObject | SignKeyObjectInput): Sign {
  return (signingInput) => sign(hash, Buffer.from(signingInput, 'latin1'), key);
}

function rsa(
  hash: Sha2,
  padded: (key: KeyObject) => KeyObject | (VerifyKeyObjectInput & SignKeyObjectInput),
): SignatureAlgorithm {
  return {
    family: 'asymmetric',
    needs: 'an RSA public key of at least 2048 bits with an exponent of at least 65537',
    fits: (key) => key.type === 'public' && key.asymmetricKeyType === 'rsa',
    isStrong: (key) =>
      modulusBits(key) >= MIN_RSA_BITS &&
      (key.asymmetricKeyDetails?.publicExponent ?? 0n) >= MIN_RSA_EXPONENT,
    // As long as the modulus: RFC 8017 §8.1.2.
    prepare: (key) => publicKeyCheck(hash, padded(key), Math.ceil(modulusBits(key) / 8)),
    signerOf: (key) => signer(hash, padded(key)),
  };
}

function modulusBits(key: KeyObject): number {
  return key.asymmetricKeyDetails?.modulusLength ?? 0;
}

// PKCS #1 v1.5 is Node's default for these keys.
const pkcs1 = (hash: Sha2): SignatureAlgorithm => rsa(hash, (key) => key);

const pss = (hash: Sha2): SignatureAlgorithm =>
  rsa(hash, (key) => ({
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST, // RFC 7518 §3.5
  }));

function ecdsa(
  hash: Sha2,
  curve: string,
  curveName: string,
  coordinateBytes: number,
): SignatureAlgorithm {
  return {
    family: 'asymmetric',
    needs: `an EC public key on ${curveName}`,
    fits: (key) => key.type === 'public' && key.asymmetricKeyDetails?.namedCurve === curve,
    isStrong: () => true,
    prepare: (key) => publicKeyCheck(hash, key, 2 * coordinateBytes, derOf),
    signerOf: (key) => signer(hash, { key, dsaEncoding: 'ieee-p1363' }), // RFC 7518 §3.4
  };
}

const ed25519: SignatureAlgorithm = {
  family: 'asymmetric',
  needs: 'an Ed25519 public key',
  fits: (key) => key.type === 'public' && key.asymmetricKeyType === 'ed25519',
  isStrong: () => true,
  prepare: (key) => publicKeyCheck(null, key, 64), // RFC 8032 §5.1.6
  signerOf: (key) => signer(null, key),
};

/** Every algorithm there is; a token's `alg` reaches only those that the rules list. */
export const SIGNATURE_ALGORITHMS: Readonly<Record<Algorithm, SignatureAlgorithm>> = {
  HS256: hmac('sha256', 32),
  HS384: hmac('sha384', 48),
  HS512: hmac('sha512', 64),
  RS256: pkcs1('sha256'),
  RS384: pkcs1('sha384'),
  RS512: pkcs1('sha512'),
  PS256: pss('sha256'),
  PS384: pss('sha384'),
  PS512: pss('sha512'),
  ES256: ecdsa('sha256', 'prime256v1', 'P-256', 32),
  ES384: ecdsa('sha384', 'secp384r1', 'P-384', 48),
  ES512: ecdsa('sha512', 'secp521r1', 'P-521', 66),
  EdDSA: ed25519,
};

/** Whether `value` is the exact name of an algorithm above. */
export function isAlgorithm(value: unknown): value is Algorithm {
  return typeof value === 'string' && Object.hasOwn(SIGNATURE_ALGORITHMS, value);
}

/** The algorithm that the `alg` of a token or a key names; `undefined`: none of those above. */
export function algorithmOf(alg: unknown): Algorithm | undefined {
  if (alg === 'Ed25519') return 'EdDSA';
  return isAlgorithm(alg) ? alg : undefined;
}

/** Whether one secret signs and verifies: what verifies could sign, too. */
export function isSymmetric(algorithm: Algorithm): algorithm is 'HS256' | 'HS384' | 'HS512' {
  return SIGNATURE_ALGORITHMS[algorithm].family === 'symmetric';
}
