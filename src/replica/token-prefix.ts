import { randomBytes } from 'node:crypto';
import type { RevocationKey } from '../tokens/identity';

export const DIRECTORY_BITS = 18;
const DIRECTORY_SIZE = 2 ** DIRECTORY_BITS;
const SLOT_BITS = 12;
/** How many values `homeSlot` can take: the slots of a segment. */
export const SLOTS = 2 ** SLOT_BITS;

const WORD_BITS = 32;
const WORDS = 2 ** WORD_BITS;
const WORD_BYTES = 4;
const WORD_DIGITS = 8;

/**
 * Odd multipliers, secret and different in each process. Keys are SHA-256, but an attacker who
 * chooses a `jti` can try values until some bits of its key are as wanted. Prefixes that differ in
 * their first 64 bits, chosen without knowing the multipliers, share k bits of what is derived with
 * a probability of 2 / 2^k at most (multiply-shift: Dietzfelbinger et al. 1997).
 */
const DIRECTORY_FACTOR_1 = secretFactor();
const DIRECTORY_FACTOR_2 = secretFactor();
const SLOT_FACTOR_1 = secretFactor();
const SLOT_FACTOR_2 = secretFactor();

function secretFactor(): number {
  return randomBytes(4).readInt32LE() | 1;
}

/**
 * The first 128 bits of a token's key in four words, and the hashes that tell where they are kept.
 * One instance is read into again and again, so that a look-up allocates nothing.
 */
export class TokenPrefix {
  /**
   * Below 2^18; its leading bits choose the segment in the directory. Not evenly: low values are
   * twice as likely as high ones, so that segments fill and divide one after the other, not all at
   * once.
   */
  directoryHash = 0;
  /** The first slot to try in the segment; independent of `directoryHash`. */
  homeSlot = 0;
  /** 1 to 255: tells most prefixes apart without comparing them. */
  tag = 1;
  private first = 0;
  private second = 0;
  /** Of which the last two words are to be read when they are needed: hardly ever. */
  private text: RevocationKey | null = null;
  private thirdWord = 0;
  private fourthWord = 0;

  /** @param key 64 lower-case hexadecimal digits. */
  readText(key: RevocationKey): void {
    this.text = key;
    this.derive(wordOf(key, 0), wordOf(key, 1));
  }

  /** @param at where the 16 bytes begin. */
  readBytes(bytes: DataView, at: number): void {
    this.text = null;
    this.thirdWord = bytes.getInt32(at + 2 * WORD_BYTES);
    this.fourthWord = bytes.getInt32(at + 3 * WORD_BYTES);
    this.derive(bytes.getInt32(at), bytes.getInt32(at + WORD_BYTES));
  }

  writeBytes(bytes: DataView, at: number): void {
    bytes.setInt32(at, this.first);
    bytes.setInt32(at + WORD_BYTES, this.second);
    bytes.setInt32(at + 2 * WORD_BYTES, this.third);
    bytes.setInt32(at + 3 * WORD_BYTES, this.fourth);
  }

  equals(bytes: DataView, at: number): boolean {
    return (
      bytes.getInt32(at) === this.first &&
      bytes.getInt32(at + WORD_BYTES) === this.second &&
      bytes.getInt32(at + 2 * WORD_BYTES) === this.third &&
      bytes.getInt32(at + 3 * WORD_BYTES) === this.fourth
    );
  }

  private get third(): number {
    return this.text === null ? this.thirdWord : wordOf(this.text, 2);
  }

  private get fourth(): number {
    return this.text === null ? this.fourthWord : wordOf(this.text, 3);
  }

  private derive(first: number, second: number): void {
    this.first = first;
    this.second = second;
    const share =
      ((Math.imul(DIRECTORY_FACTOR_1, first) + Math.imul(DIRECTORY_FACTOR_2, second)) >>> 0) /
      WORDS;
    // About 2^share − 1, which maps 0 to 1 onto itself.
    this.directoryHash = (share * (0.6565 + 0.3435 * share) * DIRECTORY_SIZE) | 0;
    const mixed = Math.imul(SLOT_FACTOR_1, first) + Math.imul(SLOT_FACTOR_2, second);
    this.homeSlot = mixed >>> (WORD_BITS - SLOT_BITS);
    this.tag = second & 0xff || 1;
  }
}

/** Eight digits as a signed word: `0` to `9` are 0x30 to 0x39, `a` to `f` are 0x61 to 0x66. */
function wordOf(key: RevocationKey, index: number): number {
  let word = 0;
  for (let at = index * WORD_DIGITS; at < (index + 1) * WORD_DIGITS; at += 1) {
    const code = key.charCodeAt(at);
    word = (word << 4) | ((code & 0xf) + 9 * (code >>> 6));
  }
  return word;
}
