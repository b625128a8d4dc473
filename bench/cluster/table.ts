import type { Size, Spread } from './figures';
import type { Connections } from './servers';

/** A line of the table: a size without logouts, or at one rate. */
type Line = readonly [size: Size, spread: Spread | undefined];
type Column = readonly [title: string, cell: (...line: Line) => string];

const COLUMNS: readonly Column[] = [
  ['instances', ({ count }, spread) => (spread ? '' : String(count))],
  ['logouts/s', (_, spread) => String(spread?.logoutsPerSecond ?? 0)],
  ['seen elsewhere, p50', (_, spread) => (spread ? ms(spread.p50Ms) : '')],
  ['p99', (_, spread) => (spread ? ms(spread.p99Ms) : '')],
  ['accepted late', (_, spread) => (spread ? String(spread.acceptedLate) : '')],
  ['cores: PostgreSQL', (...line) => coresOf(...line).postgres.toFixed(2)],
];

const OF_A_BROKER: readonly Column[] = [
  ['the broker', (...line) => coresOf(...line).broker.toFixed(2)],
  ['both relays', (...line) => coresOf(...line).relays.toFixed(2)],
];

const OF_A_SIZE: readonly Column[] = [
  [
    'connections to PostgreSQL',
    ({ postgresConnections }, spread) => (spread ? '' : connections(postgresConnections)),
  ],
  [
    'to the broker',
    ({ brokerConnections }, spread) =>
      spread || !brokerConnections ? '' : connections(brokerConnections),
  ],
  [
    'bytes a read',
    ({ bytesPerRead }, spread) =>
      spread || bytesPerRead === undefined ? '' : String(Math.round(bytesPerRead)),
  ],
];

/** Sizes that are measured alike, a line a rate. Columns of which nothing is known are left out. */
export function clusterTable(title: string, sizes: readonly Size[]): string {
  const hasBroker = sizes.some(({ brokerConnections }) => brokerConnections !== undefined);
  const columns = [...COLUMNS, ...(hasBroker ? OF_A_BROKER : []), ...OF_A_SIZE];
  const lines = sizes.flatMap((size): Line[] => [
    [size, undefined],
    ...size.spreads.map((spread) => [size, spread] as const),
  ]);
  const cells = columns
    .map(([head, cell]) => ({ head, column: lines.map((line) => cell(...line)) }))
    .filter(({ column }) => column.some((each) => each !== ''))
    .map(({ head, column }) => {
      const width = Math.max(head.length, ...column.map(({ length }) => length));
      return [head, ...column].map((cell) => cell.padStart(width));
    });
  const printed = ['', ...lines].map((_, row) => cells.map((column) => column[row]).join('  '));
  return ['', title, '-'.repeat(title.length), ...printed.map((line) => line.trimEnd())].join('\n');
}

const coresOf = (size: Size, spread: Spread | undefined) => spread?.cores ?? size.idleCores;
const ms = (value: number): string => (Number.isFinite(value) ? `${value.toFixed(1)} ms` : 'never');
const connections = ({ forGood, atMost }: Connections): string => `${forGood}, at most ${atMost}`;
