import { createHash, createHmac, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';

const PREFIX = 'nlr1_';
const RANDOM_BYTES = 32;
const GENERATION_BYTES = 4;
const MAC_BYTES = 32;
const FORM = /^nlr1_([A-Za-z0-9_-]{91})$/;

/** The half of a refresh token that all tokens of its session share. A secret. */
export type RandomHalf = Buffer;

/** A refresh token that we minted, whatever has become of its session. */
export interface GenuineRefreshToken {
  readonly randomHalf: RandomHalf;
  /** How many rotations of its session came before it. */
  readonly generation: number;
}

/**
 * Mints refresh tokens and knows them again: `nlr1_` and the base64url of 32 random bytes, the
 * generation in four bytes, big-endian, and HMAC-SHA256 over both. So rubbish costs no question to
 * the database, every older token of a session is known as genuine, and all instances mint the same
 * successor.
 */
export class RefreshTokens {
  /** @param keys the first mints; all of them verify. */
  constructor(private readonly keys: readonly [KeyObject, ...KeyObject[]]) {}

  newRandomHalf(): RandomHalf {
    return randomBytes(RANDOM_BYTES);
  }

  mint({ randomHalf, generation }: GenuineRefreshToken): string {
    const signed = Buffer.alloc(RANDOM_BYTES + GENERATION_BYTES);
    randomHalf.copy(signed);
    signed.writeUInt32BE(generation, RANDOM_BYTES);
    return PREFIX + Buffer.concat([signed, macOf(this.keys[0], signed)]).toString('base64url');
  }

  /** @returns `undefined`: it is none of ours. Never throws, whatever `text` is. */
  read(text: unknown): GenuineRefreshToken | undefined {
    const encoded = typeof text === 'string' ? FORM.exec(text)?.[1] : undefined;
    if (encoded === undefined) return undefined;
    const bytes = Buffer.from(encoded, 'base64url');
    // The last character has bits to spare: one token has one spelling.
    if (bytes.toString('base64url') !== encoded) return undefined;
    const signed = bytes.subarray(0, -MAC_BYTES);
    const mac = bytes.subarray(-MAC_BYTES);
    if (!this.keys.some((key) => timingSafeEqual(macOf(key, signed), mac))) return undefined;
    return {
      randomHalf: signed.subarray(0, RANDOM_BYTES),
      generation: signed.readUInt32BE(RANDOM_BYTES),
    };
  }
}

/** What a store keeps of a refresh token: SHA-256 of its random half, in hex. */
export function refreshIdOf(randomHalf: RandomHalf): string {
  return createHash('sha256').update(randomHalf).digest('hex');
}

function macOf(key: KeyObject, signed: Buffer): Buffer {
  return createHmac('sha256', key).update('nlr1').update(signed).digest();
}
