/** `npm run bench`: all figures of docs/benchmarks.md, ours and our peers', in one run. */
import type { Bench, Group } from './bench';
import { BROKER_NAMES } from './brokers';
import { readCommand, type Command } from './command-line';
import { backchannel } from './groups/backchannel';
import { catchUp } from './groups/catch-up';
import { enforcement } from './groups/enforcement';
import { feed } from './groups/feed';
import { firstSeen } from './groups/first-seen';
import { guarded } from './groups/guarded';
import { inMemory } from './groups/in-memory';
import { knownRevocations } from './groups/known-revocations';
import { issuers } from './groups/issuers';
import { layers } from './groups/layers';
import { logoutSql } from './groups/logout-sql';
import { live } from './groups/live';
import { loadAtBoot } from './groups/load-at-boot';
import { logouts } from './groups/logouts';
import { propagation, relay, relayNats } from './groups/propagation';
import { purge } from './groups/purge';
import { refreshes } from './groups/refreshes';
import { machine, missingPrograms, versions, watchOtherPrograms } from './machine';
import { goalsOf, table, type GroupResult } from './report';
import { BenchEnvironment } from './bench-environment';

const GROUPS: Readonly<Record<string, Group>> = {
  express: guarded('express'),
  fastify: guarded('fastify'),
  enforcement,
  layers,
  issuers,
  'first-seen': firstSeen,
  logouts,
  'logout-sql': logoutSql,
  propagation,
  relay,
  'relay-nats': relayNats,
  backchannel,
  live,
  'load-at-boot': loadAtBoot,
  'catch-up': catchUp,
  feed,
  refreshes,
  purge,
  'in-memory': inMemory,
  'known-revocations': knownRevocations,
};

/** What only runs when it is asked for. */
const LONG = ['known-revocations'];

const tell = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

async function main(): Promise<void> {
  const command = readCommand(process.argv.slice(2), Object.keys(GROUPS), LONG);
  const missing = missingPrograms(['wrk', 'redis-server', 'nats-server']);
  if (missing.length > 0) {
    tell(`bench: programs are missing. On Debian: apt-get install ${missing.join(' ')}`);
    process.exitCode = 2;
    return;
  }
  const about = { machine: machine(), versions: versions(), startedAt: new Date().toISOString() };
  const environment = new BenchEnvironment({ brokers: BROKER_NAMES });
  closeOnSignals(environment);
  const otherCores = watchOtherPrograms();
  try {
    await environment.open();
    const results = await runAll(command, environment);
    const { rounds, seconds, isJson } = command;
    const loaded = { ...about, otherCores: otherCores(), rounds, seconds };
    if (isJson) console.log(JSON.stringify(summary(loaded, results)));
    else console.log(`\nMeanwhile other programs took ${loaded.otherCores.toFixed(2)} cores.`);
    if (results.some(({ error }) => error !== undefined)) process.exitCode = 1;
  } finally {
    await environment.close();
  }
}

async function runAll(command: Command, environment: BenchEnvironment): Promise<GroupResult[]> {
  const results: GroupResult[] = [];
  for (const name of command.only) {
    tell(`bench: ${name}`);
    const result = await runGroup(name, { ...command, environment, progress: tell });
    if (environment.isClosing) break; // interrupted: what became of the group says nothing
    if (!command.isJson) console.log(table(result));
    results.push(result);
  }
  return results;
}

async function runGroup(name: string, bench: Bench): Promise<GroupResult> {
  try {
    return { name, measures: (await GROUPS[name]?.(bench)) ?? [] };
  } catch (error) {
    tell(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return { name, measures: [], error: error instanceof Error ? error.message : String(error) };
  }
}

function summary(about: object, results: readonly GroupResult[]): object {
  const groups = Object.fromEntries(results.map(({ name, ...result }) => [name, result]));
  return { ...about, goals: goalsOf(results), groups };
}

/** Nothing of the bench is left behind, however it ends. */
function closeOnSignals(environment: BenchEnvironment): void {
  process.once('uncaughtException', (error) => {
    tell(error.stack ?? error.message);
    void environment.close().finally(() => process.exit(1));
  });
  for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }))
    process.once(signal, () => {
      void environment.close().finally(() => process.exit(code));
    });
}

main().catch((error: unknown) => {
  tell(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
