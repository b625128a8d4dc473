import { setTimeout as sleep } from 'node:timers/promises';
import type { Group } from '../bench';
import { query } from '../postgres';
import { Worker } from '../processes';
import { insertRevocations } from '../revocations';
import { withApps, type BenchApp } from '../bench-app';
import type { CaughtUp } from '../apps/ours';
import { measure, percentile, ratio } from '../statistics';
import type { Samples } from '../workers/clients';

const ARRIVING = 100_000;
const RATE = 4000;
const CONNECTIONS = 32;
const IDLE_MS = 1500;
/** Keeps a core of PostgreSQL's machine as busy as a catch-up does, and as long. */
const COUNTING = 'SELECT count(*) FROM generate_series(1, 2500000)';

/** What a guarded request waits while 100 000 revocations arrive in one catch-up. */
export const catchUp: Group = async ({ environment, rounds, progress }) => {
  const env = { DATABASE_URL: await environment.createDatabase() };
  const setups = { ours: { module: 'ours', platform: 'fastify', env } } as const;
  return withApps(environment, setups, async ({ ours }) => {
    const clients = await clientsOf(ours);
    try {
      await sleep(3000); // until both are warm
      const figures: Round[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const figure = await measureRound(ours, clients, env.DATABASE_URL);
        progress(`  round ${round + 1} of ${rounds}: ${figure.busy.toFixed(2)} ms`);
        figures.push(figure);
      }
      const idle = figures.map((figure) => figure.idle);
      const counting = figures.map((figure) => figure.counting);
      const garbage = figures.map((figure) => figure.longestGcMs);
      const busy = figures.map((figure) => figure.busy);
      const windows = figures.map((figure) => figure.windowMs);
      return [
        measure(`guarded request, p99, idle, ${RATE} requests/s`, 'ms', idle),
        measure('the same while PostgreSQL counts, for another client', 'ms', counting),
        measure(`the same while a catch-up applies ${ARRIVING} rows`, 'ms', busy),
        measure('how long that catch-up takes', 'ms', windows),
        measure('the longest garbage collection meanwhile', 'ms', garbage),
        ratio('p99 while catching up ÷ idle', busy, idle, { atMost: 2 }),
        ratio('p99 while catching up ÷ while PostgreSQL counts', busy, counting),
      ];
    } finally {
      await clients.stop();
    }
  });
};

interface Round {
  readonly idle: number;
  readonly counting: number;
  readonly busy: number;
  readonly longestGcMs: number;
  readonly windowMs: number;
}

async function measureRound(ours: BenchApp, clients: Worker<object>, url: string): Promise<Round> {
  await clients.ask({});
  await sleep(IDLE_MS);
  const idle = latencies(await clients.ask<Samples>({}));
  await query(url, COUNTING);
  const counting = latencies(await clients.ask<Samples>({}));
  const [{ from, to, longestGcMs }] = await Promise.all([
    ours.ask<CaughtUp>({ arriving: ARRIVING }),
    insertRevocations(url, ARRIVING),
  ]);
  await sleep(500); // for answers to requests that began before its end
  const busy = latencies(await clients.ask<Samples>({}), from, to);
  await sleep(1000);
  const p99 = (all: number[]): number => percentile(all, 99);
  const p99s = { idle: p99(idle), counting: p99(counting), busy: p99(busy) };
  return { ...p99s, longestGcMs, windowMs: to - from };
}

function clientsOf(app: BenchApp): Promise<Worker<object>> {
  return Worker.start('workers/clients', {
    TARGET_URL: `${app.url}/me`,
    AUTHORIZATION: app.headers.authorization,
    RATE: String(RATE),
    CONNECTIONS: String(CONNECTIONS),
  });
}

/** Of the requests in flight at any time of the window. */
function latencies(samples: Samples, from = 0, to = Infinity): number[] {
  const all: number[] = [];
  for (let index = 0; index < samples.length; index += 2) {
    const [start = 0, ms = 0] = samples.subarray(index, index + 2);
    if (start <= to && start + ms >= from) all.push(ms);
  }
  return all;
}
