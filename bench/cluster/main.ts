/** `npm run cluster`: how logouts spread over many instances, and what that costs. */
import { BenchEnvironment } from '../bench-environment';
import { BROKER_NAMES, BROKERS } from '../brokers';
import { machine, missingPrograms, versions } from '../machine';
import { readClusterCommand, type ClusterCommand } from './command';
import type { Plan, Size } from './figures';
import { measureFollowers } from './followers';
import { measureInstances } from './instances';
import { ProgressBar } from './progress-bar';
import { writePlots } from './scale-plots';
import { clusterTable } from './table';

/** Starting, settling without logouts, and each rate. */
const stepsOf = ({ instances, followers, sources, rates }: ClusterCommand): number =>
  (instances.length + followers.length * sources.length) * (2 + rates.length);

async function main(): Promise<void> {
  const command = readClusterCommand(process.argv.slice(2));
  const brokers = BROKER_NAMES.filter((name) => command.sources.includes(name));
  const missing = missingPrograms(brokers.map((name) => BROKERS[name].program));
  if (missing.length > 0) {
    console.error(
      `cluster: missing: ${missing.join(', ')}. Debian has them; or leave out --behind.`,
    );
    process.exitCode = 2;
    return;
  }
  const about = { machine: machine(), versions: versions(), startedAt: new Date().toISOString() };
  const environment = new BenchEnvironment({ brokers, maxConnections: 1200 });
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
    for (const source of command.sources)
      for (const count of command.followers)
        sizes.push(await measureFollowers(environment, { source, count }, plan));
    progress.end();
    tell(command, about, sizes);
    if (command.plots !== undefined) writePlots(command.plots, sizes);
    const late = sizes.flatMap(({ spreads }) => spreads).some((each) => each.acceptedLate > 0);
    if (late) process.exitCode = 1;
  } finally {
    await environment.close();
  }
}

function tell({ isJson, sources }: ClusterCommand, about: object, sizes: readonly Size[]): void {
  if (isJson) {
    console.log(JSON.stringify({ ...about, sizes }));
    return;
  }
  const show = (title: string, shown: readonly Size[]): void => {
    if (shown.length > 0) console.log(clusterTable(title, shown));
  };
  const of = (kind: Size['kind']) => sizes.filter((size) => size.kind === kind);
  show('Whole applications, a process each', of('instances'));
  for (const source of sources) {
    const where = source === 'postgres' ? 'read PostgreSQL' : `are behind a relay in ${source}`;
    show(
      `Stores that ${where}, in two processes, and one that logs out`,
      of('followers').filter((size) => size.source === source),
    );
  }
}

main().catch((error: unknown) => {
  console.error(`cluster: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
