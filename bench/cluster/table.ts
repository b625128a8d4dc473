import { BROKERS } from '../brokers';
import type { Costs, Size, Source, Spread } from './figures';
import type { Connections } from './servers';

/** A line of the table: a size without logouts, or at one rate. */
interface Line {
  readonly size: Size;
  readonly spread?: Spread;
}
type Column = readonly [title: string, cell: (line: Line) => string];

/** Sizes of one kind and source in Markdown, a line a rate; a person can read it as it is. */
export function clusterTable(title: string, sizes: readonly Size[]): string {
  const lines = sizes.flatMap((size): Line[] => [
    { size },
    ...size.spreads.map((spread) => ({ size, spread })),
  ]);
  const columns = columnsFor(sizes[0]?.source ?? 'postgres')
    .map(([head, cell]) => ({ head, cells: lines.map(cell) }))
    .filter(({ cells }) => cells.some((each) => each !== ''))
    .map(({ head, cells }) => {
      const width = Math.max(...[head, ...cells].map(({ length }) => length));
      const rule = `${'-'.repeat(width - 1)}:`;
      return [head.padStart(width), rule, ...cells.map((each) => each.padStart(width))];
    });
  const rows = (columns[0] ?? []).map((_, row) => columns.map((column) => column[row]).join(' | '));
  return ['', title, '', ...rows.map((row) => `| ${row} |`)].join('\n');
}

function columnsFor(source: Source): readonly Column[] {
  const broker = source === 'postgres' ? '' : BROKERS[source].title;
  return [
    ['instances', ofSize(({ count }) => String(count))],
    ['logouts a second', ({ spread }) => String(spread?.logoutsPerSecond ?? 'none')],
    ['seen elsewhere, p50', ofSpread(({ p50Ms }) => ms(p50Ms))],
    ['p99', ofSpread(({ p99Ms }) => ms(p99Ms))],
    ['accepted later than Δ', ofSpread(({ acceptedLate }) => String(acceptedLate))],
    ['cores of PostgreSQL', (line) => costsOf(line).cores.postgres.toFixed(2)],
    [`of ${broker}`, (line) => (broker === '' ? '' : costsOf(line).cores.broker.toFixed(2))],
    ['of the two relays', (line) => (broker === '' ? '' : costsOf(line).cores.relays.toFixed(2))],
    ['connections to PostgreSQL', ofSize((size) => connections(size.postgresConnections))],
    [`to ${broker}`, ofSize((size) => connections(size.brokerConnections))],
    ['reads a second, each', (line) => costsOf(line).reads?.perSecond.toFixed(1) ?? ''],
    ['bytes a read', (line) => costsOf(line).reads?.bytes.toFixed(0) ?? ''],
  ];
}

/** What does not depend on the rate stands in the first line of its size. */
const ofSize =
  (cell: (size: Size) => string): Column[1] =>
  ({ size, spread }) =>
    spread === undefined ? cell(size) : '';
const ofSpread =
  (cell: (spread: Spread) => string): Column[1] =>
  ({ spread }) =>
    spread === undefined ? '' : cell(spread);
const costsOf = ({ size, spread }: Line): Costs => spread ?? size.idle;
const ms = (value: number): string => (Number.isFinite(value) ? `${value.toFixed(0)} ms` : 'never');
const connections = (counted: Connections | undefined): string =>
  counted === undefined ? '' : `${counted.forGood}, at most ${counted.atMost}`;
