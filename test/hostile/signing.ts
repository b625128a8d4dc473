import { constants, createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** What the started services are configured with. */
export type RunAlgorithm = 'HS256' | 'RS256' | 'ES256';
export const RUN_ALGORITHMS: readonly RunAlgorithm[] = ['HS256', 'RS256', 'ES256'];

/** Order of the group of P-256 (FIPS 186-5). */
export const P256_ORDER = BigInt(
  '0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
);

/** Who can sign with every algorithm: the issuer, or an attacker with keys of their own. */
export class Signer {
  readonly secret = randomBytes(48).toString('base64url');
  readonly rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  readonly ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  /** @returns `undefined` where the algorithm is none that can be signed with. */
  sign(algorithm: string, input: string): Buffer | undefined {
    const [, family = '', bits = ''] = /^(HS|RS|PS|ES)(256|384|512)$/.exec(algorithm) ?? [];
    const data = Buffer.from(input);
    const digest = `sha${bits}`;
    switch (family) {
      case 'HS':
        return hmac(algorithm, input, this.secret);
      case 'RS':
        return sign(digest, data, this.rsa.privateKey);
      case 'PS':
        return sign(digest, data, {
          key: this.rsa.privateKey,
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
        });
      case 'ES':
        return sign(digest, data, { key: this.ec.privateKey, dsaEncoding: 'ieee-p1363' });
      default:
        return undefined;
    }
  }

  /** The public key in PEM; an attacker who has none of a symmetric issuer takes the RSA one. */
  publicPem(algorithm: string): string {
    const { publicKey } = algorithm.startsWith('ES') ? this.ec : this.rsa;
    return publicKey.export({ type: 'spki', format: 'pem' }).toString();
  }

  /** How the service is told to trust this signer. */
  environment(algorithm: RunAlgorithm): Readonly<Record<string, string>> {
    const key = this.key(algorithm);
    return algorithm === 'HS256' ? { JWT_SECRET: key } : { JWT_PUBLIC_KEY: key };
  }

  /** What a verifier is configured with: the secret, or the public key in PEM. */
  key(algorithm: RunAlgorithm): string {
    return algorithm === 'HS256' ? this.secret : this.publicPem(algorithm);
  }
}

/** An HMAC by the digest that the algorithm names, SHA-256 where it names none. */
export function hmac(algorithm: string, input: string, secret: string): Buffer {
  const bits = /^\w\w(256|384|512)$/.exec(algorithm)?.[1] ?? '256';
  return createHmac(`sha${bits}`, secret).update(input).digest();
}

/** How long the signature of an algorithm is, in bytes. */
export function signatureLength(algorithm: string): number {
  const bits = Number(/\d{3}/.exec(algorithm)?.[0] ?? 256);
  if (algorithm.startsWith('HS')) return bits / 8;
  if (algorithm.startsWith('ES')) return 2 * Math.ceil((bits === 512 ? 521 : bits) / 8);
  return 256;
}
