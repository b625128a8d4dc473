import {
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  type JsonWebKey,
  sign,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Algorithm,
  isAlgorithm,
  SIGNATURE_ALGORITHMS,
} from '../../../../src/tokens/keys/algorithms';
import { ALL_SIGNERS, ecPair, rsaPair, SIGNERS, strangerTo } from '../signers';

const INPUT = 'aGVhZGVy.cGF5bG9hZA';

const checkOf =
  (algorithm: Algorithm, key = SIGNERS[algorithm].key) =>
  (signingInput: string, signature: Buffer): boolean =>
    SIGNATURE_ALGORITHMS[algorithm].prepare(key).isGood(signingInput, signature);

interface CookbookExample {
  readonly input: { readonly alg: Algorithm; readonly key: JsonWebKey };
  readonly signing: { readonly 'sig-input': string; readonly sig: string };
}

function readExample(file: string) {
  const path = join(__dirname, '../../../vectors/rfc7520', file);
  const { input, signing } = JSON.parse(readFileSync(path, 'utf8')) as CookbookExample;
  const { k } = input.key;
  const key =
    k === undefined
      ? createPublicKey({ key: { ...input.key }, format: 'jwk' })
      : createSecretKey(Buffer.from(k, 'base64url'));
  const signature = Buffer.from(signing.sig, 'base64url');
  return { algorithm: input.alg, key, signingInput: signing['sig-input'], signature };
}

describe('the examples of RFC 7520', () => {
  const examples = [
    ['§4.1, RSA v1.5', 'RS256', '4_1.rsa_v15_signature.json'],
    ['§4.2, RSA-PSS', 'PS384', '4_2.rsa-pss_signature.json'],
    ['§4.3, ECDSA', 'ES512', '4_3.ecdsa_signature.json'],
    ['§4.4, HMAC-SHA2', 'HS256', '4_4.hmac-sha2_integrity_protection.json'],
  ] as const;

  it.each(examples)('%s (%s): the signature is good', (_section, algorithm, file) => {
    const example = readExample(file);
    expect(example.algorithm).toBe(algorithm);
    const check = checkOf(algorithm, example.key);
    expect(check(example.signingInput, example.signature)).toBe(true);
  });

  it.each(examples)('%s (%s): of another text it is not', (_section, algorithm, file) => {
    const example = readExample(file);
    const check = checkOf(algorithm, example.key);
    expect(check(`${example.signingInput}A`, example.signature)).toBe(false);
  });
});

describe.each(ALL_SIGNERS)('$algorithm', (signer) => {
  const { algorithm } = signer;
  const good = signer.sign(INPUT);

  it('takes the signature of its key', () => {
    expect(checkOf(algorithm)(INPUT, good)).toBe(true);
  });

  it('refuses the signature of another key', () => {
    expect(checkOf(algorithm)(INPUT, strangerTo(algorithm).sign(INPUT))).toBe(false);
  });

  it.each([
    ['empty', Buffer.alloc(0)],
    ['a byte short', good.subarray(0, -1)],
    ['without its first byte', good.subarray(1)],
    ['a byte long', Buffer.concat([good, Buffer.alloc(1)])],
    ['behind a zero byte', Buffer.concat([Buffer.alloc(1), good])],
    ['all zero', Buffer.alloc(good.length)],
    ['all ones', Buffer.alloc(good.length, 0xff)],
  ])('refuses a signature that is %s, without throwing', (_what, signature) => {
    expect(checkOf(algorithm)(INPUT, signature)).toBe(false);
  });

  it('fits the one kind of key it is for', () => {
    const fitting = Object.keys(KEYS).filter((kind) =>
      SIGNATURE_ALGORITHMS[algorithm].fits(KEYS[kind]!),
    );
    expect(fitting).toEqual([KIND_OF_KEY[algorithm]]);
  });
});

const KEYS = Object.fromEntries(
  Object.entries({
    secret: SIGNERS.HS256.key,
    RSA: SIGNERS.RS256.key,
    'P-256': SIGNERS.ES256.key,
    'P-384': SIGNERS.ES384.key,
    'P-521': SIGNERS.ES512.key,
    Ed25519: SIGNERS.EdDSA.key,
    Ed448: generateKeyPairSync('ed448').publicKey,
    secp256k1: ecPair('secp256k1').publicKey,
    'RSA-PSS': generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey,
    'private RSA': SIGNERS.RS256.signingKey,
    'private P-256': SIGNERS.ES256.signingKey,
    'private P-384': SIGNERS.ES384.signingKey,
    'private P-521': SIGNERS.ES512.signingKey,
    'private Ed25519': SIGNERS.EdDSA.signingKey,
  }),
);

const KIND_OF_KEY: Readonly<Record<Algorithm, string>> = {
  HS256: 'secret',
  HS384: 'secret',
  HS512: 'secret',
  RS256: 'RSA',
  RS384: 'RSA',
  RS512: 'RSA',
  PS256: 'RSA',
  PS384: 'RSA',
  PS512: 'RSA',
  ES256: 'P-256',
  ES384: 'P-384',
  ES512: 'P-521',
  EdDSA: 'Ed25519',
};

describe('one hash for one algorithm', () => {
  const confusable: readonly (readonly [Algorithm, Algorithm])[] = [
    ['RS256', 'RS384'],
    ['RS256', 'PS256'],
    ['PS256', 'RS256'],
    ['PS256', 'PS512'],
    ['PS384', 'PS256'],
    ['RS512', 'RS256'],
  ];

  it.each(confusable)('a signature by %s is none by %s', (signedBy, verifiedBy) => {
    expect(checkOf(verifiedBy)(INPUT, SIGNERS[signedBy].sign(INPUT))).toBe(false);
  });

  it('PS256 takes no salt that is shorter than the digest (RFC 7518 §3.5)', () => {
    const { signingKey } = SIGNERS.PS256;
    const input = { key: signingKey, padding: 6, saltLength: 20 };
    expect(checkOf('PS256')(INPUT, sign('sha256', Buffer.from(INPUT), input))).toBe(false);
  });

  it('ES256 takes no DER signature (RFC 7518 §3.4)', () => {
    const { signingKey } = SIGNERS.ES256;
    const der = sign('sha256', Buffer.from(INPUT), { key: signingKey, dsaEncoding: 'der' });
    expect(checkOf('ES256')(INPUT, der)).toBe(false);
  });

  it.each(['RS256', 'RS512', 'PS256', 'PS512'] as const)(
    '%s takes a signature in its full length only, leading zeros included (RFC 8017 §8.1.2)',
    (algorithm) => {
      const { input, signature } = signUntilLeadingZero(algorithm);
      expect(checkOf(algorithm)(input, signature)).toBe(true);
      expect(checkOf(algorithm)(input, signature.subarray(1))).toBe(false);
    },
  );
});

/** One signature in 256 begins with a zero byte. */
function signUntilLeadingZero(algorithm: Algorithm) {
  for (let attempt = 0; ; attempt += 1) {
    const input = `${INPUT}${attempt}`;
    const signature = SIGNERS[algorithm].sign(input);
    if (signature[0] === 0) return { input, signature };
  }
}

describe('the strength of keys', () => {
  const secret = (bytes: number) => createSecretKey(Buffer.alloc(bytes, 1));

  it.each([
    ['HS256', 31, false],
    ['HS256', 32, true],
    ['HS384', 47, false],
    ['HS384', 48, true],
    ['HS512', 63, false],
    ['HS512', 64, true],
  ] as const)('%s with a secret of %i bytes: %s', (algorithm, bytes, isStrong) => {
    expect(SIGNATURE_ALGORITHMS[algorithm].isStrong(secret(bytes))).toBe(isStrong);
  });

  it.each([
    [2047, 65537, false],
    [2048, 65537, true],
    [2056, 65537, true],
    [2048, 3, false],
    [2048, 65535, false],
  ])('RSA with %i bits and exponent %i: %s', (bits, exponent, isStrong) => {
    const { publicKey } = rsaPair(bits, exponent);
    expect(SIGNATURE_ALGORITHMS.RS256.isStrong(publicKey)).toBe(isStrong);
    expect(SIGNATURE_ALGORITHMS.PS512.isStrong(publicKey)).toBe(isStrong);
  });

  it('finds nothing strong in a key of another kind', () => {
    expect(SIGNATURE_ALGORITHMS.RS256.isStrong(secret(512))).toBe(false);
    expect(SIGNATURE_ALGORITHMS.HS256.isStrong(SIGNERS.RS256.key)).toBe(false);
    const { publicKey: dsa } = generateKeyPairSync('dsa', {
      modulusLength: 2048,
      divisorLength: 256,
    });
    expect(SIGNATURE_ALGORITHMS.RS256.isStrong(dsa)).toBe(false);
  });

  it.each(['ES256', 'ES384', 'ES512', 'EdDSA'] as const)('%s: the curve decides', (algorithm) => {
    expect(SIGNATURE_ALGORITHMS[algorithm].isStrong(SIGNERS[algorithm].key)).toBe(true);
  });
});

describe('the names of algorithms', () => {
  it.each(Object.keys(SIGNERS))('%s is one', (name) => {
    expect(isAlgorithm(name)).toBe(true);
  });

  it.each(['none', 'nOnE', 'hs256', 'HS256 ', '', 'constructor', '__proto__', 'ES256K', 256, null])(
    '%j is none',
    (name) => {
      expect(isAlgorithm(name)).toBe(false);
    },
  );
});
