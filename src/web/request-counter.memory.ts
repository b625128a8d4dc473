import { hash, randomBytes } from 'node:crypto';
import type { RequestCounter, ThrottleRules } from './request-counter';

/** Places that one key may take. */
const WAYS = 8;
const SETS = 2 ** 16;
const PLACES = WAYS * SETS;
/** The count of a key that exceeded its limit. Limits are lower than that. */
const FULL = 2 ** 32 - 1;

/**
 * Counts in 24 bytes a key, 12.6 MB in all, whatever comes: two counts and the start of a window
 * for each of 524 288 keys. What a request costs does not depend on the limit or on the number of
 * keys, and nothing is ever swept.
 *
 * When a set has no room, the key whose window began first is forgotten, and starts again at 0; one
 * that exceeds its limit only if all eight of its set do. Which keys share a set is secret, so a
 * client that wants to be forgotten before its window ends has to exceed the limit by hundreds of
 * thousands of keys.
 */
export class MemoryRequestCounter implements RequestCounter {
  private readonly secret = randomBytes(16).toString('hex');
  /** The upper and the lower half of the tag that tells the keys of a set apart. */
  private readonly upper = new Uint32Array(PLACES);
  private readonly lower = new Uint32Array(PLACES);
  private readonly starts = new Float64Array(PLACES);
  private readonly counts = new Uint32Array(PLACES);
  private readonly countsBefore = new Uint32Array(PLACES);

  /** @param clock monotonic, in ms. */
  constructor(private readonly clock: () => number = () => performance.now()) {}

  /**
   * A sliding window: of the window before, as much counts as the last `windowMs` still cover. A
   * key that exceeds the limit stays full for a window from then on, and starts again at 0.
   */
  count(key: string, { limit, windowMs }: ThrottleRules): number | undefined {
    const now = this.clock();
    const place = this.placeOf(key, now, windowMs);
    const elapsedMs = now - this.at(this.starts, place);
    const wasFull = this.at(this.counts, place) === FULL;
    if (wasFull && elapsedMs < windowMs) return windowMs - elapsedMs;
    if (wasFull || elapsedMs >= 2 * windowMs) this.begin(place, now, 0);
    else if (elapsedMs >= windowMs)
      this.begin(place, now - (elapsedMs - windowMs), this.at(this.counts, place));
    const used = this.at(this.counts, place) + 1;
    this.counts[place] = used;
    const covered = 1 - (now - this.at(this.starts, place)) / windowMs;
    // Rounded down, so that a steady client may come as often as the limit says.
    const usedBefore = Math.floor(covered * this.at(this.countsBefore, place));
    if (used + usedBefore <= limit) return undefined;
    this.begin(place, now, 0);
    this.counts[place] = FULL;
    return windowMs;
  }

  private begin(place: number, start: number, countBefore: number): void {
    this.starts[place] = start;
    this.counts[place] = 0;
    this.countsBefore[place] = countBefore;
  }

  /** Where the key is counted: its own place, or that of the key that can be spared first. */
  private placeOf(key: string, now: number, windowMs: number): number {
    const digest = hash('sha256', this.secret + key, 'buffer');
    const [upper, lower] = [digest.readUInt32LE(4), digest.readUInt32LE(8)];
    const first = (digest.readUInt32LE(0) % SETS) * WAYS;
    let spared = first;
    for (let place = first; place < first + WAYS; place += 1) {
      if (this.upper[place] === upper && this.lower[place] === lower) return place;
      if (this.sparedFrom(place, windowMs) < this.sparedFrom(spared, windowMs)) spared = place;
    }
    this.upper[spared] = upper;
    this.lower[spared] = lower;
    this.begin(spared, now, 0);
    return spared;
  }

  /** A full key is needed until its window ends, which is later than any other key's window began. */
  private sparedFrom(place: number, windowMs: number): number {
    const isFull = this.at(this.counts, place) === FULL;
    return this.at(this.starts, place) + (isFull ? windowMs : 0);
  }

  private at(values: Uint32Array | Float64Array, place: number): number {
    return values[place] ?? 0;
  }
}
