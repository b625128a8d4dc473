import { isMet, type Goal, type Measure } from './statistics';

/** What became of a group: its figures, or why there are none. */
export interface GroupResult {
  readonly name: string;
  readonly measures: readonly Measure[];
  readonly error?: string;
}

/** The goals of all groups, each with its figure and whether it was met. */
export function goalsOf(results: readonly GroupResult[]) {
  return results.flatMap(({ name, measures }) =>
    measures.flatMap(({ goal, ...measured }) => {
      if (goal === undefined) return [];
      const { what, unit, value, min, max } = measured;
      return [
        { group: name, what, unit, ...goal, value, min, max, isMet: isMet({ ...measured, goal }) },
      ];
    }),
  );
}

/** One table a group: what, its median, its spread, and its goal where it has one. */
export function table({ name, measures, error }: GroupResult): string {
  const rows = measures.map((measured) => {
    const { what, unit, value, min, max, goal } = measured;
    const spread = `${number(min)} – ${number(max)}`;
    return [what, `${number(value)} ${unit}`, spread, verdict(goal, isMet(measured))];
  });
  const lines = aligned([['', 'median', 'least – most', 'goal'], ...rows]);
  const failure = error === undefined ? [] : [`not measured: ${error.split('\n', 1)[0] ?? ''}`];
  return ['', name, '-'.repeat(name.length), ...lines, ...failure].join('\n');
}

function verdict(goal: Goal | undefined, isGoalMet: boolean | undefined): string {
  if (goal === undefined) return '';
  const bar = 'atLeast' in goal ? `≥ ${goal.atLeast}` : `≤ ${goal.atMost}`;
  return `${bar} ${isGoalMet === true ? 'met' : 'MISSED'}`;
}

function number(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toString();
  return value.toPrecision(3);
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 1 || column === 2
          ? cell.padStart(widths[column] ?? 0)
          : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
