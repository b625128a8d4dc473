import { PREFIX_BYTES } from '../revocation/revocation-feed';
import type { TokenPrefix } from './token-prefix';

const CHUNK_BITS = 10;
/** 16 KB: an expiry of which there is one token takes no more. */
const CHUNK_ENTRIES = 2 ** CHUNK_BITS;

const SHORTEST_BUCKET_MS = 15 * 60_000;
const BUCKETS_PER_TIME_LEFT = 16;

/** So much of what is held may be there besides, to be used again. */
const SPARE_SHARE = 1 / 16;

/** Some of the prefixes of a bucket. */
class Chunk {
  count = 0;
  private readonly bytes = new DataView(new ArrayBuffer(CHUNK_ENTRIES * PREFIX_BYTES));

  constructor(
    readonly id: number,
    public bucket: Bucket,
  ) {}

  append(prefix: TokenPrefix): number {
    const entry = this.count;
    prefix.writeBytes(this.bytes, entry * PREFIX_BYTES);
    this.count += 1;
    return this.id * CHUNK_ENTRIES + entry;
  }

  holds(entry: number, prefix: TokenPrefix): boolean {
    // Beyond the count are zeros, or what was forgotten.
    return prefix.equals(this.bytes, entry * PREFIX_BYTES) && entry < this.count;
  }

  read(entry: number, prefix: TokenPrefix): void {
    prefix.readBytes(this.bytes, entry * PREFIX_BYTES);
  }
}

/** What is forgotten at one instant. */
export class Bucket {
  /** Only the last has room. */
  readonly chunks: Chunk[] = [];

  /** @param keptUntil in ms since the epoch. */
  constructor(readonly keptUntil: number) {}
}

/**
 * Every prefix, in arrays grouped by the time until which they are kept, so that forgetting is
 * dropping arrays. A prefix has a position, which another one may take once it is forgotten.
 */
export class PrefixLog {
  private readonly chunks: (Chunk | undefined)[] = [];
  private readonly vacantIds: number[] = [];
  /** Arrays to be used again: otherwise the garbage collector would take its time over them. */
  private readonly spare: Chunk[] = [];
  private readonly buckets = new Map<number, Bucket>();
  private held = 0;
  private drops = 0;
  /** Only tells how long a bucket may be. What is forgotten is told by `forget`. */
  private now = Date.now();

  /** How many prefixes there are. */
  get size(): number {
    return this.held;
  }

  /** Another one as soon as something was forgotten. */
  get generation(): number {
    return this.drops;
  }

  /**
   * Where to put what is needed until then (ms since the epoch). It is kept longer by a sixteenth
   * of the time left at most, or by 15 minutes: 60 buckets are enough for a day, 140 for a month.
   * They are as long as multiples of each other, so what has come before is not put into a later one.
   */
  bucketFor(until: number): Bucket {
    const shares = (until - this.now) / BUCKETS_PER_TIME_LEFT / SHORTEST_BUCKET_MS;
    const length = SHORTEST_BUCKET_MS * 2 ** Math.floor(Math.log2(Math.max(1, shares)));
    const end = Math.ceil(until / length) * length;
    const bucket = this.buckets.get(end) ?? new Bucket(end);
    this.buckets.set(end, bucket);
    return bucket;
  }

  /** @returns the prefix's position from now on. */
  append(prefix: TokenPrefix, bucket: Bucket): number {
    const last = bucket.chunks.at(-1);
    const chunk = last !== undefined && last.count < CHUNK_ENTRIES ? last : this.addChunk(bucket);
    this.held += 1;
    return chunk.append(prefix);
  }

  /** Whether this prefix is at that position; for as long as `bucket`, where one is given. */
  holds(position: number, prefix: TokenPrefix, bucket?: Bucket): boolean {
    const chunk = this.chunks[position >>> CHUNK_BITS];
    if (chunk === undefined || !chunk.holds(position % CHUNK_ENTRIES, prefix)) return false;
    return bucket === undefined || chunk.bucket.keptUntil >= bucket.keptUntil;
  }

  /** Reads what is at that position into `prefix`. @returns `false` where there is nothing. */
  read(position: number, prefix: TokenPrefix): boolean {
    const chunk = this.chunks[position >>> CHUNK_BITS];
    const entry = position % CHUNK_ENTRIES;
    if (chunk === undefined || entry >= chunk.count) return false;
    chunk.read(entry, prefix);
    return true;
  }

  /** Drops the buckets of which nothing is live at `now`, in ms since the epoch. */
  forget(now: number): void {
    this.now = now;
    for (const bucket of this.buckets.values()) {
      if (bucket.keptUntil < now) this.drop(bucket);
    }
    this.release(this.spare.splice((this.held * SPARE_SHARE) / CHUNK_ENTRIES));
  }

  private drop({ keptUntil, chunks }: Bucket): void {
    this.buckets.delete(keptUntil);
    for (const chunk of chunks) {
      this.held -= chunk.count;
      chunk.count = 0;
      this.spare.push(chunk);
    }
    this.drops += 1;
  }

  private release(chunks: readonly Chunk[]): void {
    for (const { id } of chunks) {
      this.chunks[id] = undefined;
      this.vacantIds.push(id);
    }
  }

  private addChunk(bucket: Bucket): Chunk {
    const chunk = this.spare.pop() ?? this.newChunk(bucket);
    chunk.bucket = bucket;
    bucket.chunks.push(chunk);
    return chunk;
  }

  private newChunk(bucket: Bucket): Chunk {
    const chunk = new Chunk(this.vacantIds.pop() ?? this.chunks.length, bucket);
    this.chunks[chunk.id] = chunk;
    return chunk;
  }
}
