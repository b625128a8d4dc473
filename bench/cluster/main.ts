/** `npm run cluster`: how logouts spread over 1 to 200 instances, and what that costs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BenchEnvironment } from '../bench-environment';
import { machine, versions } from '../machine';
import { readClusterCommand, type ClusterCommand } from './command';
import type { Plan, Size } from './figures';
import { measureFollowers } from './followers';
import { measureInstances } from './instances';
import { svgOf, type Series } from './plot';
import { ProgressBar } from './progress-bar';
import { clusterTable } from './table';

/** Starting, settling without logouts, and each rate. */
const stepsOf = ({ instances, followers, rates }: ClusterCommand): number =>
  (instances.length + followers.length) * (2 + rates.length);

async function main(): Promise<void> {
  const command = readClusterCommand(process.argv.slice(2));
  const about = { machine: machine(), versions: versions(), startedAt: new Date().toISOString() };
  const environment = new BenchEnvironment({ needsRedis: false, maxConnections: 1200 });
  for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }))
    process.once(signal, () => {
      void environment.close().finally(() => process.exit(code));
    });
  const progress = new ProgressBar(stepsOf(command));
  try {
    await environment.open();
    const plan: Plan = {
      ...command,
      step: (what) => {
        progress.step(what);
      },
    };
    const sizes: Size[] = [];
    for (const count of command.instances)
      sizes.push(await measureInstances(environment, count, plan));
    for (const count of command.followers)
      sizes.push(await measureFollowers(environment, count, plan));
    progress.end();
    tell(command, about, sizes);
    if (command.plots !== undefined) writePlots(command.plots, sizes);
    const late = sizes.flatMap(({ spreads }) => spreads).some((each) => each.acceptedLate > 0);
    if (late) process.exitCode = 1;
  } finally {
    await environment.close();
  }
}

function tell({ isJson }: ClusterCommand, about: object, sizes: readonly Size[]): void {
  if (isJson) {
    console.log(JSON.stringify({ ...about, sizes }));
    return;
  }
  for (const [kind, title] of [
    ['instances', 'Whole applications, a process each'],
    ['followers', 'Stores that follow, in two processes, and one that logs out'],
  ] as const) {
    const ofKind = sizes.filter((size) => size.kind === kind);
    if (ofKind.length > 0) console.log(clusterTable(title, ofKind));
  }
}

/** Of the followers: two files. */
function writePlots(folder: string, sizes: readonly Size[]): void {
  const followers = sizes.filter(({ kind }) => kind === 'followers');
  if (followers.length === 0) return;
  const rates = followers[0]?.spreads.map(({ logoutsPerSecond }) => logoutsPerSecond) ?? [];
  const seriesOf = (name: string, value: (size: Size) => number | undefined): Series => ({
    name,
    points: followers.map((size) => [size.count, value(size) ?? 0] as const),
  });
  const at = (size: Size, rate: number) =>
    size.spreads.find(({ logoutsPerSecond }) => logoutsPerSecond === rate);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'scale-propagation.svg'),
    svgOf({
      title: 'From the 200 of a logout to its refusal elsewhere',
      x: 'instances',
      y: 'ms',
      series: rates.flatMap((rate) => [
        seriesOf(`${rate} logouts/s, p50`, (size) => at(size, rate)?.p50Ms),
        seriesOf(`${rate} logouts/s, p99`, (size) => at(size, rate)?.p99Ms),
      ]),
    }),
  );
  writeFileSync(
    join(folder, 'scale-server.svg'),
    svgOf({
      title: 'CPU time of PostgreSQL',
      x: 'instances',
      y: 'cores',
      series: [
        seriesOf('no logouts', ({ idleCores }) => idleCores),
        ...rates.map((rate) => seriesOf(`${rate} logouts/s`, (size) => at(size, rate)?.cores)),
      ],
    }),
  );
}

main().catch((error: unknown) => {
  console.error(`cluster: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
