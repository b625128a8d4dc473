import { PrefixLog, type Bucket } from './prefix-log';
import { DIRECTORY_BITS, SLOTS, TokenPrefix } from './token-prefix';

const FREE = 0;
/** A tag and a position. */
const BYTES_PER_SLOT = 5;
/** Fuller than 80 % (13 tags on the way to a free slot) a segment is tidied or divided. */
const MOST_USED = Math.floor(SLOTS * 0.8);
/** Tidying must free a fifth at least, or the next time would come too soon. */
const MOST_KEPT = Math.floor(MOST_USED * 0.8);
/** Two halves are joined again when there is that little in both. */
const FEW = Math.floor(MOST_USED * 0.4);
/** Each takes 0.1 ms or so. */
const TIDIED_AT_ONCE = 8;

/**
 * Leads from prefixes to their positions: open addressing, linear probing. So small that requests
 * need not wait while one is divided.
 */
class Segment {
  used = 0;
  private readonly tags = new Uint8Array(new ArrayBuffer(BYTES_PER_SLOT * SLOTS), 0, SLOTS);
  private readonly positions = new Uint32Array(this.tags.buffer, SLOTS, SLOTS);

  /**
   * @param depth how many leading bits of `directoryHash` the prefixes here have in common.
   * @param generation of the log when every slot led to something.
   */
  constructor(
    public depth: number,
    public generation: number,
  ) {}

  /** Reads all tags at the very worst: 1024 bytes. */
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

/**
 * Tokens by the first 128 bits of their keys, each until an instant. 26 to 29 bytes a token; to
 * find that one is not there touches one segment, however many there are and whenever they expire.
 *
 * The prefixes are in a log. Segments lead there, each from the prefixes of some neighbouring
 * values of `directoryHash` (extendible hashing: Fagin et al. 1979). They learn late what the log
 * has dropped: a slot may lead nowhere, or to a prefix that came after and that has a slot of its
 * own.
 */
export class TokenPrefixes {
  private readonly log = new PrefixLog();
  private readonly moved = new TokenPrefix();
  private readonly emptied = new Uint32Array(SLOTS);
  /** 2^depth segments by the leading bits of `directoryHash`; neighbours may be the same. */
  private directory = [new Segment(0, 0)];
  private depth = 0;
  private tidied = 0;

  get size(): number {
    return this.log.size;
  }

  /** What is needed until then (ms since the epoch) belongs here. To be used at once. */
  bucketFor(until: number): Bucket {
    return this.log.bucketFor(until);
  }

  /** Whether the prefix is held; for as long as `bucket`, where one is given. */
  has(prefix: TokenPrefix, bucket?: Bucket): boolean {
    return this.segmentOf(prefix).leadsTo(prefix, this.log, bucket);
  }

  /**
   * Holds the prefix, which must not be held for as long as that already.
   * @returns `false` where it cannot: more than 800 prefixes have its `directoryHash`, one of 2^20.
   * Only an attacker who knows this process's secrets can cause that.
   */
  add(prefix: TokenPrefix, bucket: Bucket): boolean {
    let segment = this.segmentOf(prefix);
    while (segment.used >= MOST_USED) {
      if (!this.makeRoom(segment, prefix.directoryHash)) return false;
      segment = this.segmentOf(prefix);
    }
    segment.put(prefix, this.log.append(prefix, bucket));
    return true;
  }

  /** Drops the buckets of which nothing is live at `now` (ms since the epoch); tidies a little. */
  forget(now: number): void {
    this.log.forget(now);
    for (let count = 0; count < TIDIED_AT_ONCE; count += 1) this.tidyNext();
  }

  private segmentOf({ directoryHash }: TokenPrefix): Segment {
    return this.segmentAt(directoryHash >>> (DIRECTORY_BITS - this.depth));
  }

  private segmentAt(index: number): Segment {
    const segment = this.directory[index];
    if (segment === undefined) throw new RangeError('nestjs-logout: there is no such segment.');
    return segment;
  }

  private makeRoom(segment: Segment, directoryHash: number): boolean {
    this.tidy(segment);
    if (segment.used <= MOST_KEPT) return true;
    if (segment.depth === DIRECTORY_BITS) return segment.used < MOST_USED;
    this.divide(segment, directoryHash);
    return true;
  }

  private divide(segment: Segment, directoryHash: number): void {
    const half = new Segment(segment.depth + 1, segment.generation);
    if (segment.depth === this.depth) this.doubleDirectory();
    segment.depth += 1;
    const span = 2 ** (this.depth - segment.depth);
    const start = (directoryHash >>> (DIRECTORY_BITS - segment.depth)) * span;
    this.directory.fill(half, start, start + span);
    this.redistribute(segment);
  }

  private doubleDirectory(): void {
    const doubled: Segment[] = [];
    for (const segment of this.directory) doubled.push(segment, segment);
    this.directory = doubled;
    this.depth += 1;
  }

  /** Rids the segment of slots that lead nowhere. */
  private tidy(segment: Segment): void {
    if (segment.generation === this.log.generation) return;
    segment.generation = this.log.generation;
    this.redistribute(segment);
  }

  private redistribute(from: Segment): void {
    const { log, moved, emptied } = this;
    const count = from.empty(emptied);
    for (let index = 0; index < count; index += 1) {
      const position = emptied[index] ?? 0;
      if (log.read(position, moved)) this.segmentOf(moved).put(moved, position);
    }
  }

  private tidyNext(): void {
    const segment = this.segmentAt(this.tidied);
    this.tidy(segment);
    const span = 2 ** (this.depth - segment.depth);
    const start = this.tidied - (this.tidied % span); // the directory may have doubled meanwhile
    if (segment.depth > 0) this.joinIfFew(segment, start, span);
    this.tidied = start + span < this.directory.length ? start + span : 0;
  }

  private joinIfFew(segment: Segment, start: number, span: number): void {
    const sibling = this.segmentAt(start ^ span);
    if (sibling.depth !== segment.depth || sibling.used + segment.used > FEW) return;
    segment.depth -= 1;
    this.directory.fill(segment, start & ~span, (start & ~span) + 2 * span);
    this.redistribute(sibling);
  }
}
