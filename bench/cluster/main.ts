/** `npm run cluster`: how logouts spread over many instances, and what that costs. */
import { BenchEnvironment } from '../bench-environment';
import { BROKER_NAMES, BROKERS } from '../brokers';
import { machine, missingPrograms, versions, watchOtherPrograms } from '../machine';
import { readClusterCommand, type ClusterCommand } from './command';
import type { Plan, Size } from './figures';
import { measureFollowers } from './followers';
import { measureInstances } from './instances';
import { ProgressBar } from './progress-bar';
import { writePlots } from './scale-plots';
import { clusterTable } from './table';

/** Starting, settling without logouts, and each rate. */
const stepsOf = ({ instances, followers, rates }: ClusterCommand): number =>
  (instances.length + followers.length) * (2 + rates.length);

async function main(): Promise<void> {
  const command = readClusterCommand(process.argv.slice(2));
  const brokers = BROKER_NAMES.filter((name) =>
    command.followers.some(({ source }) => source === name),
  );
  const missing = missingPrograms(brokers.map((name) => BROKERS[name].program));
  if (missing.length > 0) {
    console.error(
      `cluster: programs are missing: ${missing.join(', ')}. On Debian, apt-get install them; ` +
        'or ask for --behind postgres.',
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
  const otherCores = watchOtherPrograms();
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
    for (const followers of command.followers)
      sizes.push(await measureFollowers(environment, followers, plan));
    progress.end();
    tell(command, { ...about, otherCores: otherCores() }, sizes);
    if (command.plots !== undefined) writePlots(command.plots, sizes);
    const late = sizes.flatMap(({ spreads }) => spreads).some((each) => each.acceptedLate > 0);
    if (late) process.exitCode = 1;
  } finally {
    await environment.close();
  }
}

interface About {
  readonly otherCores: number;
}

function tell({ isJson }: ClusterCommand, about: About, sizes: readonly Size[]): void {
  if (isJson) {
    console.log(JSON.stringify({ ...about, sizes }));
    return;
  }
  const tables = new Map<string, Size[]>();
  for (const size of sizes) tables.set(titleOf(size), [...(tables.get(titleOf(size)) ?? []), size]);
  for (const [title, alike] of tables) console.log(clusterTable(title, alike));
  console.log(`\nMeanwhile other programs took ${about.otherCores.toFixed(2)} cores.`);
}

function titleOf({ kind, source }: Size): string {
  if (kind === 'instances') return 'Whole applications, a process each:';
  const which = source === 'postgres' ? 'read PostgreSQL' : `are behind ${BROKERS[source].title}`;
  return `Stores that ${which}, in two processes, and one that logs out:`;
}

main().catch((error: unknown) => {
  console.error(`cluster: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
