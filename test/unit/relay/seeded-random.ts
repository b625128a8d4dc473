/** Random numbers that are the same for the same seed. */
export interface Chance {
  /** With this probability. */
  is(probability: number): boolean;
  /** A whole number from 0 to `most`, both included. */
  upTo(most: number): number;
  oneOf<T>(list: readonly T[]): T;
}

/** Mulberry32. */
export function seededRandom(seed: number): Chance {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    is: (probability) => next() < probability,
    upTo: (most) => Math.floor(next() * (most + 1)),
    oneOf: (list) => list[Math.floor(next() * list.length)]!,
  };
}
