import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { PostgresRevocationStore } from '../../src/postgres';
import type { FeedCursor } from '../../src/revocation/revocation-feed';
import { StoreClock } from '../../src/revocation/store-clock';
import { PostgresConnections } from '../../src/stores/postgres/connection/connections';
import { PostgresFeed } from '../../src/stores/postgres/feed/feed.postgres';
import { resolveStoreOptions } from '../../src/stores/postgres/options';
import type { Bench, Group } from '../bench';
import type { Spread } from '../cluster/figures';
import { measureFollowers } from '../cluster/followers';
import { backendCpuMs } from '../cpu-time';
import { FormerFeed } from '../former-feed';
import { insertRevocations } from '../revocations';
import { measure, ratio, type Measure } from '../statistics';

const ARRIVING = 100_000;
const FOLLOWERS = 100;
const LOGOUTS_A_SECOND = 10;

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

async function manyFollowers(bench: Bench): Promise<Measure[]> {
  const { environment, rounds, seconds, progress } = bench;
  const { idle, spreads, postgresConnections } = await measureFollowers(
    environment,
    { source: 'postgres', count: FOLLOWERS },
    {
      rates: Array<number>(rounds).fill(LOGOUTS_A_SECOND),
      seconds,
      step: (what) => {
        progress(`  ${what}`);
      },
    },
  );
  assert.ok(spreads.every(({ acceptedLate }) => acceptedLate === 0));
  const load = `${FOLLOWERS} instances, ${LOGOUTS_A_SECOND} logouts/s`;
  const each = (value: (spread: Spread) => number) => spreads.map(value);
  return [
    measure(`cores of PostgreSQL, ${FOLLOWERS} instances, no logouts`, 'cores', [
      idle.cores.postgres,
    ]),
    measure(
      `cores of PostgreSQL, ${load}`,
      'cores',
      each(({ cores }) => cores.postgres),
      { goal: { atMost: 0.5 } },
    ),
    measure(
      `200 here to known there, p50, ${load}`,
      'ms',
      each(({ p50Ms }) => p50Ms),
      { goal: { atMost: 60 } },
    ),
    measure(
      `200 here to known there, p99, ${load}`,
      'ms',
      each(({ p99Ms }) => p99Ms),
    ),
    measure(`connections for good of ${FOLLOWERS} instances, and one that logs out`, '', [
      postgresConnections.forGood,
    ]),
  ];
}
