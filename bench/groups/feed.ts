import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PostgresRevocationStore } from '../../src/postgres';
import type { FeedCursor } from '../../src/revocation/revocation-feed';
import { StoreClock } from '../../src/revocation/store-clock';
import { PostgresConnections } from '../../src/stores/postgres/connection/connections';
import { PostgresFeed } from '../../src/stores/postgres/feed/feed.postgres';
import { resolveStoreOptions } from '../../src/stores/postgres/options';
import type { Bench, Group } from '../bench';
import { backendCpuMs, cpuTimeMs } from '../cpu-time';
import { FormerFeed } from '../former-feed';
import { query } from '../postgres';
import { Worker } from '../processes';
import { insertRevocations } from '../revocations';
import { measure, percentile, ratio, type Measure } from '../statistics';
import type { Seen, Told } from '../workers/followers';

const ARRIVING = 100_000;
const FOLLOWERS = 100;
const PROCESSES = 2;
const LOGOUTS_A_SECOND = 10;
/** Until connections of the start have been closed for want of use. */
const SETTLE_MS = 15_000;
const HOUR_MS = 3_600_000;

/** What following costs the database: one catch-up of many rows, and many instances. */
export const feed: Group = async (bench) => [
  ...(await catchUps(bench)),
  ...(await manyFollowers(bench)),
];

async function migrated(bench: Bench): Promise<string> {
  const url = await bench.environment.createDatabase();
  const store = new PostgresRevocationStore({ url }, { check: 'direct' });
  await store.open();
  await store.close();
  return url;
}

async function catchUps(bench: Bench): Promise<Measure[]> {
  const [now, former] = [await PresentFeed.open(await migrated(bench)), await formerOf(bench)];
  const [present, before]: [number[], number[]] = [[], []];
  try {
    for (let round = 0; round < bench.rounds; round += 1) {
      before.push(await cpuOf(former.feed, former.url));
      present.push(await cpuOf(now, now.url));
      bench.progress(`  catch-up ${round + 1}: ${present.at(-1)} ms, before ${before.at(-1)} ms`);
    }
  } finally {
    await Promise.all([now.close(), former.feed.close()]);
  }
  const what = `CPU time of PostgreSQL for a catch-up of ${ARRIVING} rows`;
  return [
    measure(what, 'ms', present, { goal: { atMost: 15 } }),
    measure(`${what}, without a log`, 'ms', before),
    ratio('without a log ÷ with it', before, present),
  ];
}

async function formerOf(bench: Bench): Promise<{ url: string; feed: FormerFeed }> {
  const url = await migrated(bench);
  return { url, feed: await FormerFeed.open(url) };
}

interface Follows {
  readonly pid: number;
  catchUp(): Promise<number>;
}

async function cpuOf(follower: Follows, url: string): Promise<number> {
  await follower.catchUp();
  await insertRevocations(url, ARRIVING);
  await sleep(500);
  const from = backendCpuMs(follower.pid);
  assert.equal(await follower.catchUp(), ARRIVING);
  return backendCpuMs(follower.pid) - from;
}

/** The feed of the store, without its memory. */
class PresentFeed implements Follows {
  private cursor: FeedCursor | null = null;

  private constructor(
    readonly url: string,
    private readonly connections: PostgresConnections,
    private readonly feed: PostgresFeed,
    readonly pid: number,
  ) {}

  static async open(url: string): Promise<PresentFeed> {
    const options = resolveStoreOptions({});
    const connections = new PostgresConnections({ url }, options);
    await connections.open();
    const feed = new PostgresFeed(connections, new StoreClock(), options);
    const { rows } = await connections.feed.query<{ pid: number }>(
      'SELECT pg_backend_pid() AS pid',
    );
    return new PresentFeed(url, connections, feed, rows[0]?.pid ?? 0);
  }

  async catchUp(): Promise<number> {
    let found = 0;
    this.cursor = await this.feed.read(this.cursor, ({ absolute }) => {
      for (const { prefixes } of absolute) found += prefixes.length / 16;
    });
    return found;
  }

  async close(): Promise<void> {
    await this.feed.close();
    await this.connections.close();
  }
}

async function manyFollowers({
  environment,
  rounds,
  seconds,
  progress,
}: Bench): Promise<Measure[]> {
  const url = await environment.createDatabase();
  const store = new PostgresRevocationStore({ url }, { check: 'direct' });
  await store.open();
  const env = { DATABASE_URL: url, FOLLOWERS: String(FOLLOWERS / PROCESSES) };
  const workers: Worker<object>[] = [];
  try {
    while (workers.length < PROCESSES) workers.push(await Worker.start('workers/followers', env));
    await sleep(SETTLE_MS);
    const connections = await connectionsTo(url);
    const [idle, busy, delays]: [number[], number[], number[][]] = [[], [], []];
    const pid = environment.postgresPid;
    for (let round = 0; round < rounds; round += 1) {
      idle.push(await coresOf(pid, () => sleep(seconds * 1000)));
      busy.push(await coresOf(pid, () => logOutFor(seconds, store, workers)));
      await sleep(1000);
      const seen = await Promise.all(workers.map((worker) => worker.ask<Seen>('seen')));
      delays.push(seen.flatMap(({ delaysMs }) => delaysMs));
      const fromMemory = seen.reduce((sum, each) => sum + each.fromMemory, 0);
      assert.equal(fromMemory, FOLLOWERS);
      progress(`  followers ${round + 1}: ${busy.at(-1)} cores, idle ${idle.at(-1)}`);
    }
    const load = `${FOLLOWERS} instances, ${LOGOUTS_A_SECOND} logouts/s`;
    const at = (percent: number) => delays.map((ofRound) => percentile(ofRound, percent));
    return [
      measure(`cores of PostgreSQL, ${FOLLOWERS} instances, no logouts`, 'cores', idle),
      measure(`cores of PostgreSQL, ${load}`, 'cores', busy, { goal: { atMost: 0.5 } }),
      measure(`200 here to known there, p50, ${load}`, 'ms', at(50), { goal: { atMost: 60 } }),
      measure(`200 here to known there, p99, ${load}`, 'ms', at(99)),
      measure(`connections for good of ${FOLLOWERS} instances`, '', [connections]),
    ];
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
    await store.close();
  }
}

async function connectionsTo(url: string): Promise<number> {
  const [row] = await query<{ count: string }>(
    url,
    `SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'nestjs-logout feed'`,
  );
  return Number(row?.count) - 1; // one is that of the instance that logs out
}

async function coresOf(pid: number, work: () => Promise<unknown>): Promise<number> {
  const [cpu, from] = [cpuTimeMs(pid), performance.now()];
  await work();
  return (cpuTimeMs(pid) - cpu) / (performance.now() - from);
}

async function logOutFor(
  seconds: number,
  store: PostgresRevocationStore,
  workers: readonly Worker<object>[],
): Promise<void> {
  for (let left = seconds * LOGOUTS_A_SECOND; left > 0; left -= 1) {
    const due = sleep(1000 / LOGOUTS_A_SECOND);
    const key = randomBytes(32).toString('hex');
    await store.add(
      {
        key,
        scope: 'token',
        issuedBefore: 'infinity',
        expiresAt: new Date(Date.now() + HOUR_MS),
        issuer: 'https://login.example',
        subject: `user-${left}`,
      },
      { event: 'authn_token_revoked', outcome: 'success', scope: 'token' },
    );
    const told: Told = { key, answeredAt: Date.now() };
    for (const worker of workers) worker.tell(told);
    await due;
  }
}
