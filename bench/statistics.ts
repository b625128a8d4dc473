/** A bar to clear. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number };

/** One figure of the bench, over all rounds. */
export interface Measure {
  readonly what: string;
  readonly unit: string;
  /** The median of the rounds, unless `what` says otherwise. */
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: readonly number[];
  readonly goal?: Goal;
}

/** @param value where it is not the median of the rounds. */
export function measure(
  what: string,
  unit: string,
  rounds: readonly number[],
  { goal, value = median(rounds) }: { goal?: Goal | undefined; value?: number } = {},
): Measure {
  const [min, max] = [Math.min(...rounds), Math.max(...rounds)];
  return { what, unit, value, min, max, rounds, ...(goal !== undefined && { goal }) };
}

/** How often the one fits into the other, round by round: what slows a whole round cancels out. */
export function ratio(
  what: string,
  of: readonly number[],
  to: readonly number[],
  goal?: Goal,
): Measure {
  const rounds = of.map((figure, round) => figure / (to[round] ?? Number.NaN));
  return measure(what, '×', rounds, { goal });
}

/** @returns undefined where there is no bar. */
export function isMet({ value, goal }: Measure): boolean | undefined {
  if (goal === undefined) return undefined;
  return 'atLeast' in goal ? value >= goal.atLeast : value <= goal.atMost;
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** The value below which `percent` of the values lie; between two, in proportion. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = ((sorted.length - 1) * percent) / 100;
  const [below = Number.NaN, above = below] = sorted.slice(Math.floor(position));
  // Not by the difference of two that are infinite.
  return below === above ? below : below + (above - below) * (position % 1);
}
