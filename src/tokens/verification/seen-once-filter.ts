/** A quarter of a megabyte, for five times as many texts as are remembered at once. */
const SLOTS = 2 ** 16;
/** Characters at the end, of a signature: these are as good as random. */
const LENGTH = 16;

/**
 * Which tokens have been seen of late, by a hash of each. A hint and nothing more: it may be wrong
 * either way, and nothing but speed may rest on it.
 */
export class SeenOnceFilter {
  private readonly hashes = new Uint32Array(SLOTS);

  /** Whether the text was seen before, as far as the filter knows; it counts as seen from now on. */
  wasSeen(text: string): boolean {
    const hash = hashOf(text);
    const slot = hash % SLOTS;
    const isSeen = this.hashes[slot] === hash;
    this.hashes[slot] = hash;
    return isSeen;
  }
}

/** FNV-1a (Fowler, Noll, Vo) in 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = Math.max(0, text.length - LENGTH); at < text.length; at += 1)
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
