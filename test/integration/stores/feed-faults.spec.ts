import { logout, revocation } from '../../../src/testing/contract/contract';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { withClient } from '../../support/database';
import { StoreUnavailableError } from '../../../src/revocation/errors';
import type { FeedCursor } from '../../../src/revocation/revocation-feed';
import type { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { xmaxOf } from '../../../src/stores/postgres/feed/snapshot';
import { startCluster, type TestCluster } from '../../support/cluster';
import { halfOf, openFeed, type OpenFeed, type Reading } from './open-feed';
import { openStore } from './open-store';

let cluster: TestCluster;
let store: PostgresRevocationStore;
let open: OpenFeed;

beforeAll(async () => {
  // A writer of the log that sleeps for long loses, in a crash, commits that were not waited for.
  cluster = await startCluster({ wal_writer_delay: '10s', restart_after_crash: 'on' });
  store = await openStore(cluster.url, { check: 'direct', onError: () => undefined });
});

beforeEach(async () => {
  open = await openFeed(cluster.url, { lookupTimeoutMs: 2000 });
});

afterEach(async () => {
  await open.close();
});

afterAll(async () => {
  await store.close();
  await cluster.remove();
});

const run = (...statements: string[]): Promise<void> =>
  withClient(cluster.url, async (client) => {
    for (const statement of statements) await client.query(statement);
  });

/** What `attempt` comes to once the server, which may be away, answers. */
const inTheEnd = async <T>(attempt: () => Promise<T>): Promise<T> => {
  for (let tries = 0; tries < 400; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      await sleep(25);
    }
  }
  return attempt();
};

const load = async (): Promise<FeedCursor> => (await inTheEnd(() => open.read(null))).cursor!;
const readOn = (since: FeedCursor): Promise<Reading> => inTheEnd(() => open.read(since));

/** Kills one backend without mercy; the server ends all others and recovers by itself. */
const crashBackend = async (): Promise<void> => {
  const victim = new Client({ connectionString: cluster.url });
  victim.on('error', () => undefined);
  await victim.connect();
  const { rows } = await victim.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const ended = new Promise((resolve) => victim.once('end', resolve));
  process.kill(rows[0]!.pid, 'SIGKILL');
  await ended;
};

describe('With its server in danger, the feed', () => {
  it('fails while the server is stopped, and asks for everything after its start', async () => {
    const one = revocation();
    await store.add(one, logout());
    const since = await load();

    await cluster.stop('immediate');
    const whileStopped = await open.read(since).catch((error: unknown) => error);
    await cluster.start();

    expect(whileStopped).toBeInstanceOf(StoreUnavailableError);
    expect((await readOn(since)).cursor).toBeNull();
    expect((await open.read(null)).tokens).toContain(halfOf(one.key));
  });

  it('loses nothing where a crash gives out transaction numbers a second time', async () => {
    await run('CHECKPOINT');
    const burn = ['BEGIN', 'SELECT pg_current_xact_id()', 'ROLLBACK'];
    await run(...burn, ...burn, ...burn);
    const since = await load();

    await crashBackend();
    const all = Array.from({ length: 10 }, () => revocation());
    for (const one of all) await inTheEnd(() => store.add(one, logout()));
    const next = await readOn(since);
    const { cursor, tokens } = await open.read(next.cursor);

    expect(xmaxOf(cursor!.snapshot)).toBeGreaterThan(xmaxOf(since.snapshot));
    expect([...next.tokens, ...tokens]).toEqual(
      expect.arrayContaining(all.map(({ key }) => halfOf(key))),
    );
  });

  it('reads no standby, and nothing on from before a promotion', async () => {
    const since = await load();
    await cluster.stop();
    writeFileSync(join(cluster.dataDir, 'standby.signal'), '');
    const starting = cluster.start();

    let cause: unknown;
    for (let tries = 0; tries < 400 && !isStandbyRefusal(cause); tries += 1) {
      await sleep(25);
      cause = await open.read(null).catch((error: unknown) => (error as Error).cause);
    }
    await run('SELECT pg_promote()');
    await starting;

    expect(cause).toMatchObject({ code: '25006' });
    expect((await readOn(since)).cursor).toBeNull();
  });
});

const isStandbyRefusal = (cause: unknown): boolean =>
  cause instanceof Error && cause.message === 'the feed is read from the primary only';
