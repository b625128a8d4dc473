import type { Bucket, PrefixLog } from './prefix-log';
import { DIRECTORY_BITS, SLOTS, type TokenPrefix } from './token-prefix';

const FREE = 0;

/** Leads from prefixes to their positions: open addressing, linear probing. */
export class Segment {
  used = 0;
  /** While it is divided. */
  division: Division | null = null;
  private readonly tags = new Uint8Array(SLOTS);
  private readonly positions = new Uint32Array(SLOTS);

  /**
   * @param depth how many leading bits of `directoryHash` the prefixes here have in common.
   * @param generation of the log when every slot led to something.
   */
  constructor(
    public depth: number,
    public generation: number,
  ) {}

  /** Reads all tags at the very worst: 4096 bytes. */
  leadsTo(prefix: TokenPrefix, log: PrefixLog, bucket?: Bucket): boolean {
    const { tags, positions } = this;
    for (let slot = prefix.homeSlot; tags[slot] !== FREE; slot = (slot + 1) % SLOTS) {
      if (tags[slot] === prefix.tag && log.holds(positions[slot] ?? 0, prefix, bucket)) return true;
    }
    return false;
  }

  /** Idempotent. */
  put(prefix: TokenPrefix, position: number): void {
    const { tags, positions } = this;
    let slot = prefix.homeSlot;
    for (; tags[slot] !== FREE; slot = (slot + 1) % SLOTS) {
      if (tags[slot] === prefix.tag && positions[slot] === position) return;
    }
    tags[slot] = prefix.tag;
    positions[slot] = position;
    this.used += 1;
  }

  /** @returns `undefined` where the slot is free. */
  positionAt(slot: number): number | undefined {
    return this.tags[slot] === FREE ? undefined : this.positions[slot];
  }

  /** Leads nowhere, as a new one. */
  reset(depth: number, generation: number): this {
    this.tags.fill(FREE);
    this.used = 0;
    this.division = null;
    this.depth = depth;
    this.generation = generation;
    return this;
  }

  /** @returns how many positions it led to until now: they are written to `positions`. */
  empty(positions: Uint32Array): number {
    let count = 0;
    for (let slot = 0; slot < SLOTS; slot += 1) {
      if (this.tags[slot] !== FREE) positions[count++] = this.positions[slot] ?? 0;
    }
    this.tags.fill(FREE);
    this.used = 0;
    return count;
  }
}

/** What becomes of a segment, which is all that is asked until both halves are complete. */
export interface Division {
  /** By the next leading bit of `directoryHash`. */
  readonly halves: readonly [Segment, Segment];
  /** The slots before this one are in the halves, and whatever has come since the begin. */
  copied: number;
}

/** Where a prefix of the segment belongs. */
export function halfOf(
  segment: Segment,
  { halves }: Division,
  { directoryHash }: TokenPrefix,
): Segment {
  const bit = (directoryHash >>> (DIRECTORY_BITS - segment.depth - 1)) & 1;
  return bit === 0 ? halves[0] : halves[1];
}
