import {
  createHmac,
  createSecretKey,
  generateKeyPairSync,
  randomBytes,
  randomUUID,
  sign,
  type KeyObject,
} from 'node:crypto';
import { writeFileSync } from 'node:fs';

export type SignedBy = 'HS256' | 'ES256';

export const ISSUER = 'https://login.example';
export const AUDIENCE = 'https://api.example';
/** Whose tokens the bench signs, in turn. */
export const USERS: readonly string[] = Array.from(
  { length: 1000 },
  (_, user) => `user-${String(user).padStart(3, '0')}`,
);
/** Of a user's session with a client. */
export const SESSION_CLAIMS = { sid: randomUUID(), client_id: 'web' };
/** Longer than any run, and within the day that is the longest lifetime by default. */
const LIFETIME_SECONDS = 12 * 3600;

/** Signs what the bench's users carry. All apps verify with the same two keys. */
export class TokenSigner {
  private readonly secretText = randomBytes(32).toString('hex');
  private readonly secret: KeyObject = createSecretKey(Buffer.from(this.secretText));
  private readonly pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  private signed = 0;

  /** What the apps need to verify. */
  get environment(): NodeJS.ProcessEnv {
    const publicKey = this.pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    return { JWT_SECRET: this.secretText, JWT_PUBLIC_KEY: publicKey };
  }

  /** @param more claims. @returns a token like no other. */
  sign(alg: SignedBy, more: object = {}): string {
    this.signed += 1;
    const iat = Math.floor(Date.now() / 1000);
    const claims = {
      sub: USERS[this.signed % USERS.length],
      username: 'ada',
      iss: ISSUER,
      aud: AUDIENCE,
      jti: randomUUID(),
      iat,
      exp: iat + LIFETIME_SECONDS,
      ...more,
    };
    const input = `${encode({ alg, typ: 'JWT' })}.${encode(claims)}`;
    return `${input}.${this.signature(alg, input)}`;
  }

  /** Writes tokens that no process has seen, one a line. */
  write(file: string, alg: SignedBy, count: number): void {
    writeFileSync(file, Array.from({ length: count }, () => this.sign(alg)).join('\n'));
  }

  private signature(alg: SignedBy, input: string): string {
    if (alg === 'HS256') return createHmac('sha256', this.secret).update(input).digest('base64url');
    const key = { key: this.pair.privateKey, dsaEncoding: 'ieee-p1363' } as const;
    return sign('sha256', Buffer.from(input), key).toString('base64url');
  }
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
