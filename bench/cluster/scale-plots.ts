import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BROKERS } from '../brokers';
import type { Size, Spread } from './figures';
import { svgOf, type Plot, type Series } from './plot';

/**
 * Writes what the followers have shown at the first rate, as two SVG files. What was never seen has
 * no point there. Without followers it writes nothing.
 */
export function writePlots(folder: string, sizes: readonly Size[]): void {
  const followers = sizes.filter(({ kind }) => kind === 'followers');
  const rate = followers[0]?.spreads[0]?.logoutsPerSecond;
  if (rate === undefined) return;
  mkdirSync(folder, { recursive: true });
  const write = (file: string, plot: Pick<Plot, 'title' | 'y' | 'series'>): void => {
    writeFileSync(join(folder, file), svgOf({ x: 'instances', ...plot }));
  };
  write('scale-propagation.svg', {
    title: `From the 200 of a logout to its refusal elsewhere, ${rate} logouts a second`,
    y: 'ms',
    series: propagationIn(followers, rate),
  });
  write('scale-server.svg', {
    title: `CPU time of the servers, ${rate} logouts a second`,
    y: 'cores',
    series: serversIn(followers, rate),
  });
}

function propagationIn(sizes: readonly Size[], rate: number): Series[] {
  return sourcesIn(sizes).flatMap((source) => {
    const of = (value: (spread: Spread) => number) => pointsAt(sizes, source, rate, value);
    const name = source === 'postgres' ? 'PostgreSQL alone' : `behind ${BROKERS[source].title}`;
    return [
      { name: `${name}, p50`, points: of(({ p50Ms }) => p50Ms) },
      { name: `${name}, p99`, points: of(({ p99Ms }) => p99Ms) },
    ];
  });
}

function serversIn(sizes: readonly Size[], rate: number): Series[] {
  return sourcesIn(sizes).flatMap((source) => {
    const of = (value: (spread: Spread) => number) => pointsAt(sizes, source, rate, value);
    const postgres = of(({ cores }) => cores.postgres);
    if (source === 'postgres') return [{ name: 'PostgreSQL alone', points: postgres }];
    const { title } = BROKERS[source];
    return [
      { name: `PostgreSQL, with ${title}`, points: postgres },
      { name: title, points: of(({ cores }) => cores.broker) },
      { name: `two relays, with ${title}`, points: of(({ cores }) => cores.relays) },
    ];
  });
}

const sourcesIn = (sizes: readonly Size[]) => [...new Set(sizes.map(({ source }) => source))];

function pointsAt(
  sizes: readonly Size[],
  source: Size['source'],
  rate: number,
  value: (spread: Spread) => number,
): Series['points'] {
  return sizes
    .filter((size) => size.source === source)
    .flatMap(({ count, spreads }) =>
      spreads
        .filter(({ logoutsPerSecond }) => logoutsPerSecond === rate)
        .map((spread) => [count, value(spread)] as const)
        .filter(([, y]) => Number.isFinite(y)),
    );
}
