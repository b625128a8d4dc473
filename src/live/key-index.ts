import { randomBytes } from 'node:crypto';
import type { RevocationKey } from '../tokens/identity';
import type { RevocationQuery } from '../tokens/scopes';

const WORD_DIGITS = 8;
const WORD_BYTES = 4;

/**
 * Odd, secret and different in each process: who can choose a `jti` cannot make many keys meet in
 * one place.
 */
const FIRST_FACTOR = randomBytes(WORD_BYTES).readInt32LE() | 1;
const SECOND_FACTOR = randomBytes(WORD_BYTES).readInt32LE() | 1;

/** Nearly every revocation is of a token that no connection has. */
const NONE: readonly never[] = [];

/** What has revocation keys, as a token does. */
export interface Keyed {
  readonly keys: RevocationQuery;
}

/**
 * Finds what has a key, by 32 bits that are mixed from its first 64. So it may find something else
 * as well, about once in 4 billion: what is found is to be asked about.
 */
export class KeyIndex<Entry extends Keyed> {
  /** Most keys have one entry alone; a set for each would double the memory. */
  private readonly byPlace = new Map<number, Entry | Set<Entry>>();

  get isEmpty(): boolean {
    return this.byPlace.size === 0;
  }

  add(entry: Entry): void {
    for (const place of placesOf(entry)) {
      const there = this.byPlace.get(place);
      if (there instanceof Set) there.add(entry);
      else if (there === undefined) this.byPlace.set(place, entry);
      else this.byPlace.set(place, new Set([there, entry]));
    }
  }

  remove(entry: Entry): void {
    for (const place of placesOf(entry)) {
      const there = this.byPlace.get(place);
      if (there instanceof Set) {
        there.delete(entry);
        if (there.size === 0) this.byPlace.delete(place);
      } else if (there === entry) this.byPlace.delete(place);
    }
  }

  withKey(key: RevocationKey): readonly Entry[] {
    return this.at(place(wordOf(key, 0), wordOf(key, 1)));
  }

  /** @param offset where the first bytes of a key begin, eight at least. */
  withPrefix(bytes: Buffer, offset: number): readonly Entry[] {
    return this.at(place(bytes.readInt32BE(offset), bytes.readInt32BE(offset + WORD_BYTES)));
  }

  /** A copy: what is found may be removed meanwhile. */
  private at(place: number): readonly Entry[] {
    const there = this.byPlace.get(place);
    if (there === undefined) return NONE;
    return there instanceof Set ? [...there] : [there];
  }
}

function placesOf({ keys: { absolute, cutoffs } }: Keyed): readonly number[] {
  return [...absolute, ...cutoffs.map(({ key }) => key)].map((key) =>
    place(wordOf(key, 0), wordOf(key, 1)),
  );
}

function place(first: number, second: number): number {
  return (Math.imul(FIRST_FACTOR, first) + Math.imul(SECOND_FACTOR, second)) | 0;
}

function wordOf(key: RevocationKey, index: number): number {
  return Number.parseInt(key.slice(index * WORD_DIGITS, (index + 1) * WORD_DIGITS), 16) | 0;
}
