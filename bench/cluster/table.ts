import type { Size } from './figures';

const TITLES = [
  'instances',
  'logouts/s',
  'seen elsewhere, p50',
  'p99',
  'accepted late',
  'PostgreSQL, cores',
  'connections each',
  'bytes a read',
];

/** All sizes of one kind, a line a rate. */
export function clusterTable(title: string, sizes: readonly Size[]): string {
  const rows = sizes.flatMap((size) => [
    [String(size.count), '0', '', '', '', cores(size.idleCores), connections(size), bytes(size)],
    ...size.spreads.map((spread) => [
      '',
      String(spread.logoutsPerSecond),
      ms(spread.p50Ms),
      ms(spread.p99Ms),
      String(spread.acceptedLate),
      cores(spread.cores),
      '',
      '',
    ]),
  ]);
  const lines = [TITLES, ...rows];
  const widths = TITLES.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? '').length)),
  );
  const printed = lines.map((line) =>
    line
      .map((cell, column) => cell.padStart(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return ['', title, '-'.repeat(title.length), ...printed].join('\n');
}

const ms = (value: number): string => (Number.isFinite(value) ? `${value.toFixed(1)} ms` : 'never');
const cores = (value: number): string => value.toFixed(2);
const connections = ({ connectionsForGood, connectionsAtMost }: Size): string =>
  `${connectionsForGood.toFixed(1)}, at most ${connectionsAtMost.toFixed(1)}`;
const bytes = ({ bytesPerRead }: Size): string =>
  bytesPerRead === undefined ? '' : String(Math.round(bytesPerRead));
