import { createHmac, generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto';
import { constants } from 'node:crypto';

export const ISSUER = 'https://login.example';
export const AUDIENCE = 'https://api.example';

export type TestAlgorithm = 'HS256' | 'RS256' | 'PS256' | 'ES256' | 'EdDSA';
export const TEST_ALGORITHMS: readonly TestAlgorithm[] = [
  'HS256',
  'RS256',
  'PS256',
  'ES256',
  'EdDSA',
];

const base64url = (value: string | Buffer): string => Buffer.from(value).toString('base64url');
const seconds = (): number => Math.floor(Date.now() / 1000);

/** Mints tokens as an issuer would, with node:crypto alone: independent of what it tests. */
export class TestIssuer {
  private readonly privateKey: KeyObject | string;
  /** What a verifier is configured with: the secret, or the public key in PEM. */
  readonly key: string;

  constructor(readonly algorithm: TestAlgorithm = 'HS256') {
    if (algorithm === 'HS256') {
      this.privateKey = this.key = `secret-of-the-test-issuer-${randomUUID()}`;
      return;
    }
    const { privateKey, publicKey } = keyPair(algorithm);
    this.privateKey = privateKey;
    this.key = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  }

  /** A token that is good in every respect, but for what is overridden; `undefined` leaves out. */
  token(claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}): string {
    return this.signed(
      JSON.stringify({ alg: this.algorithm, typ: 'JWT', ...header }),
      JSON.stringify({ ...this.claims(), ...claims }),
    );
  }

  /** The claims of a good token: issued a minute ago, good for ten minutes. */
  claims(): Record<string, unknown> {
    const now = seconds();
    return {
      iss: ISSUER,
      aud: AUDIENCE,
      sub: 'ada',
      jti: randomUUID(),
      iat: now - 60,
      exp: now + 600,
    };
  }

  /** An otherwise good token that expired a second ago. */
  expired(claims: Record<string, unknown> = {}): string {
    return this.token({ exp: seconds() - 1, ...claims });
  }

  /** A signed token of any two texts. */
  signed(header: string, payload: string): string {
    const input = `${base64url(header)}.${base64url(payload)}`;
    return `${input}.${base64url(this.signature(input))}`;
  }

  private signature(input: string): Buffer {
    const data = Buffer.from(input);
    if (typeof this.privateKey === 'string')
      return createHmac('sha256', this.privateKey).update(data).digest();
    switch (this.algorithm) {
      case 'PS256':
        return sign('sha256', data, {
          key: this.privateKey,
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
        });
      case 'ES256':
        return sign('sha256', data, { key: this.privateKey, dsaEncoding: 'ieee-p1363' });
      case 'EdDSA':
        return sign(null, data, this.privateKey);
      default:
        return sign('sha256', data, this.privateKey);
    }
  }
}

function keyPair(algorithm: TestAlgorithm): { privateKey: KeyObject; publicKey: KeyObject } {
  switch (algorithm) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'EdDSA':
      return generateKeyPairSync('ed25519');
    default:
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
  }
}
