import { createPublicKey, createSecretKey } from 'node:crypto';
import { setting } from './serve';

/**
 * The key that verifies, prepared once. passport-jwt hands it on to jsonwebtoken, which takes a
 * KeyObject; the types of passport-jwt know strings and buffers only.
 */
export function verifyingKey(): string {
  const key =
    process.env.ALGORITHM === 'ES256'
      ? createPublicKey(setting('JWT_PUBLIC_KEY'))
      : createSecretKey(Buffer.from(setting('JWT_SECRET')));
  return key as unknown as string;
}
