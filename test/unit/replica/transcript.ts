import { POLL_MS, SimulatedWorld, STALENESS_MS, type Script, type Told } from './simulated-world';

export interface Transcript {
  /** Of its file, without folder and extension. */
  readonly name: string;
  readonly title: string;
  /** What to look at. */
  readonly about: string;
  readonly script: Script;
}

interface Line {
  readonly atMs: number;
  readonly by: string;
  readonly what: string;
}

/** The run as text, the same each time. @throws {Error} where the run breaks the bound. */
export async function transcriptOf({ title, about, script }: Transcript): Promise<string> {
  const told: Told[] = [];
  const world = new SimulatedWorld(script, (one) => told.push(one));
  await world.run();
  if (world.violations.length > 0) throw new Error(world.violations.join('; '));
  const lines = foldRepeats(foldQuietReads(withoutUnfinished(told)));
  const table = [{ atMs: 'ms', by: 'who', what: 'what happens' }, ...lines].map(
    ({ atMs, by, what }) => `${String(atMs).padStart(5)}  ${by.padEnd(8)}  ${what}`,
  );
  return [
    title,
    '='.repeat(title.length),
    '',
    about,
    '',
    `A lease lasts ${STALENESS_MS} ms from when its read was sent; reads begin every ${POLL_MS} ms.`,
    '',
    ...table,
    '',
    world.longestStaleMs > 0
      ? `After its 200, a token was allowed for ${world.longestStaleMs} ms at most.`
      : 'After its 200, no token was allowed.',
    '',
  ].join('\n');
}

/** A catch-up that the end of the run cuts off is left out. */
function withoutUnfinished(told: readonly Told[]): readonly Told[] {
  const last = told.findLastIndex(({ quiet }) => quiet === undefined || quiet === 'leased');
  return told.slice(0, last + 1);
}

const QUIET_STEPS = ['sent', 'served', 'applied', 'leased'] as const;

/** A catch-up that finds nothing, while nothing else happens, becomes one line. */
function foldQuietReads(told: readonly Told[]): (Line & { readonly isFolded?: boolean })[] {
  const lines: (Line & { readonly isFolded?: boolean })[] = [];
  for (let at = 0; at < told.length; at += 1) {
    const steps = told.slice(at, at + QUIET_STEPS.length);
    const isQuiet = QUIET_STEPS.every((step, index) => steps[index]?.quiet === step);
    const last = steps.at(-1)!;
    if (isQuiet) {
      const what = `a catch-up, sent at ${told[at]!.atMs}, finds nothing: ${last.what}`;
      lines.push({ atMs: last.atMs, by: last.by, what, isFolded: true });
      at += QUIET_STEPS.length - 1;
    } else lines.push(told[at]!);
  }
  return lines;
}

/** Of several such lines in a row the first and the last are kept. */
function foldRepeats(lines: readonly (Line & { readonly isFolded?: boolean })[]): Line[] {
  const isInside = (at: number): boolean =>
    [at - 1, at, at + 1].every((one) => lines[one]?.isFolded === true);
  return lines.flatMap((line, at) => {
    if (!isInside(at)) return [line];
    return isInside(at - 1) ? [] : [{ atMs: line.atMs, by: '', what: '... and so on' }];
  });
}
