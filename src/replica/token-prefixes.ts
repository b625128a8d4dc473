import { PrefixLog, type Bucket } from './prefix-log';
import { halfOf, Segment, type Division } from './segment';
import { DIRECTORY_BITS, SLOTS, TokenPrefix } from './token-prefix';

/** Fuller than 80 % (13 tags on the way to a free slot) a segment is tidied or divided. */
const MOST_USED = Math.floor(SLOTS * 0.8);
/** A segment that is this full is divided to the end at once: there must always be a free slot. */
const TOO_FULL = Math.floor(SLOTS * 0.9);
/** Slots that are copied with each prefix that comes: some microseconds, and few divisions at a time. */
const COPIED_AT_ONCE = 64;
/** Tidying must free a fifth at least, or the next time would come too soon. */
const MOST_KEPT = Math.floor(MOST_USED * 0.8);
/** Two halves are joined again when there is that little in both. */
const FEW = Math.floor(MOST_USED * 0.4);
/** Each takes half a millisecond or so. */
const TIDIED_AT_ONCE = 2;

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
  /** To be used again until something is forgotten: the garbage collector may take its time. */
  private readonly spare: Segment[] = [];

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
   * @returns `false` where it cannot: more than 3 200 prefixes have its `directoryHash`, one of 2^18.
   * Only an attacker who knows this process's secrets can cause that.
   */
  add(prefix: TokenPrefix, bucket: Bucket): boolean {
    const segment = this.segmentWithRoom(prefix);
    if (segment === null) return false;
    const position = this.log.append(prefix, bucket);
    segment.put(prefix, position);
    if (segment.division === null) return true;
    halfOf(segment, segment.division, prefix).put(prefix, position);
    this.divideOn(segment, this.indexOf(prefix), COPIED_AT_ONCE);
    return true;
  }

  /** Drops the buckets of which nothing is live at `now` (ms since the epoch); tidies a little. */
  forget(now: number): void {
    this.log.forget(now);
    this.spare.length = 0;
    for (let count = 0; count < TIDIED_AT_ONCE; count += 1) this.tidyNext();
  }

  private indexOf({ directoryHash }: TokenPrefix): number {
    return directoryHash >>> (DIRECTORY_BITS - this.depth);
  }

  private segmentOf(prefix: TokenPrefix): Segment {
    return this.segmentAt(this.indexOf(prefix));
  }

  private segmentAt(index: number): Segment {
    const segment = this.directory[index];
    if (segment === undefined) throw new RangeError('nestjs-logout: there is no such segment.');
    return segment;
  }

  private segmentWithRoom(prefix: TokenPrefix): Segment | null {
    let segment = this.segmentOf(prefix);
    while (segment.used >= MOST_USED) {
      if (segment.division === null) {
        if (!this.makeRoom(segment)) return null;
      } else {
        if (segment.used < TOO_FULL) return segment;
        this.divideOn(segment, this.indexOf(prefix), SLOTS);
      }
      segment = this.segmentOf(prefix);
    }
    return segment;
  }

  private makeRoom(segment: Segment): boolean {
    this.tidy(segment);
    if (segment.used <= MOST_KEPT) return true;
    if (segment.depth === DIRECTORY_BITS) return segment.used < MOST_USED;
    const [depth, generation] = [segment.depth + 1, segment.generation];
    const half = () => this.spare.pop()?.reset(depth, generation) ?? new Segment(depth, generation);
    segment.division = { halves: [half(), half()], copied: 0 };
    return true;
  }

  /** Copies some slots to the halves, which take the segment's place after the last. */
  private divideOn(segment: Segment, index: number, slots: number): void {
    const { log, moved } = this;
    const { division } = segment;
    if (division === null) return;
    const end = Math.min(division.copied + slots, SLOTS);
    for (let slot = division.copied; slot < end; slot += 1) {
      const position = segment.positionAt(slot);
      if (position === undefined || !log.read(position, moved)) continue;
      if (this.segmentOf(moved) === segment) halfOf(segment, division, moved).put(moved, position);
    }
    division.copied = end;
    if (end === SLOTS) this.replace(segment, division.halves, index);
  }

  private replace(segment: Segment, [low, high]: Division['halves'], index: number): void {
    let at = index;
    if (segment.depth === this.depth) {
      this.doubleDirectory();
      at = 2 * index;
    }
    const span = 2 ** (this.depth - segment.depth);
    const start = at - (at % span);
    this.directory.fill(low, start, start + span / 2);
    this.directory.fill(high, start + span / 2, start + span);
    this.spare.push(segment);
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
    this.moveAll(segment, segment);
  }

  private moveAll(from: Segment, to: Segment): void {
    const { log, moved, emptied } = this;
    const count = from.empty(emptied);
    for (let index = 0; index < count; index += 1) {
      const position = emptied[index] ?? 0;
      if (log.read(position, moved) && this.segmentOf(moved) === to) to.put(moved, position);
    }
  }

  private tidyNext(): void {
    this.divideOn(this.segmentAt(this.tidied), this.tidied, SLOTS); // nothing may come any more
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
    this.moveAll(sibling, segment);
  }
}
