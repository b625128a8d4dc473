import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { PostgresStoreOptions } from '../../../src/stores/postgres/options';
import { startCluster } from '../../support/cluster';
import { createMigratedDatabase, withClient, type TestDatabase } from '../../support/database';
import { ranFor } from '../../support/own-time';
import { until } from '../../support/until';
import type { OpenFeed } from './open-feed';
import { useFeeds } from './use-feeds';
import { hostOf, openStore } from './open-store';

let database: TestDatabase;
const openFeed = useFeeds();

beforeEach(async () => {
  database = await createMigratedDatabase();
});

afterEach(() => database.drop());

/** An instance that counts how often it is rung at, and reads now and then as all do. */
interface Listener extends OpenFeed {
  readonly heard: () => number;
}

const followers: { stop: () => Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(followers.splice(0).map(({ stop }) => stop()));
});

/** Reads every 100 ms until the end of the test. */
const follow = ({ feed }: OpenFeed): void => {
  const over = new AbortController();
  const following = (async () => {
    while (!over.signal.aborted) {
      await feed.read(null, () => undefined).catch(() => undefined);
      await sleep(100);
    }
  })();
  followers.push({
    stop: () => {
      over.abort();
      return following;
    },
  });
};

const listen = async (
  options: PostgresStoreOptions = {},
  ...rest: Parameters<typeof hostOf> | []
): Promise<Listener> => {
  const [url = database.url, hostOptions] = rest;
  const open = await openFeed(database.url, options, hostOf(url, hostOptions));
  let rings = 0;
  open.feed.listen(() => (rings += 1));
  follow(open);
  return { ...open, heard: () => rings };
};

const isHeard =
  ({ feed }: OpenFeed) =>
  (): boolean =>
    feed.doorbell.state === 'doorbell';

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;
const LISTENING = `SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'nestjs-logout feed'`;

const endListeners = (): Promise<unknown> =>
  database.query(`SELECT pg_terminate_backend(pid) FROM (${LISTENING}) AS listening`);

describe('The doorbell', () => {
  it('is heard by every instance but the ringing one, which knows already', async () => {
    const all = [await listen(), await listen(), await listen()];
    for (const each of all) await until(isHeard(each));
    const before = all.map(({ heard }) => heard());

    all[0]!.feed.ring(false);
    await until(() => all[1]!.heard() > before[1]! && all[2]!.heard() > before[2]!);
    await sleep(100);

    expect(all.map(({ heard }, index) => heard() - before[index]!)).toEqual([0, 1, 1]);
  });

  it('rings once when it is made, since rings were lost before', async () => {
    const one = await listen();
    await until(isHeard(one));

    expect(one.heard()).toBe(1);
  });

  it('does not ring because another instance tries whether it hears', async () => {
    const one = await listen();
    await until(isHeard(one));

    await until(isHeard(await listen()));
    await sleep(100);

    expect(one.heard()).toBe(1);
  });

  it('rings once for many that ring in the same moment, and once more for those after', async () => {
    const [one, other] = [await listen(), await listen()];
    await until(isHeard(one));
    await until(isHeard(other));
    const before = one.heard();

    for (let count = 0; count < 1000; count += 1) other.feed.ring(false);
    await sleep(500);

    expect(one.heard() - before).toBe(2);
  });

  it('is not heard by those of another schema', async () => {
    const [one, other] = [await listen(), await listen()];
    await (await openStore(database.url, { schema: 'other', check: 'direct' })).close();
    const elsewhere = await listen({ schema: 'other' });
    await until(isHeard(one));
    await until(isHeard(elsewhere));
    const before = elsewhere.heard();

    other.feed.ring(false);
    await until(() => one.heard() > 1);
    await sleep(100);

    expect(elsewhere.heard()).toBe(before);
  });

  it('is made again when its connection is lost, and rings then for what was missed', async () => {
    const errors: Error[] = [];
    const one = await listen({ onError: (error) => errors.push(error) });
    const other = await listen();
    await until(isHeard(one));
    const before = one.heard();

    const noticedMs = await ranFor(async () => {
      await endListeners();
      await until(() => one.feed.doorbell.state === 'polling');
    });
    await until(isHeard(one));
    const after = one.heard();
    other.feed.ring(false);
    await until(() => one.heard() > after);

    expect(noticedMs).toBeLessThan(4000); // sooner than by a heartbeat
    expect(after).toBeGreaterThan(before);
    // Only where it was idle just then; a read that fails says so to its caller.
    expect(errors.filter((error) => !('code' in error) || error.code !== '57P01')).toEqual([]);
  });

  it('fails no caller where it cannot ring, and rings again as soon as it can', async () => {
    const [one, other] = [await listen(), await listen()];
    await until(isHeard(one));
    await until(isHeard(other));
    const before = one.heard();

    await database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE '%pg_notify%' AND pid <> pg_backend_pid()`);
    await until(() => {
      other.feed.ring(false);
      return one.heard() > before;
    });

    expect(one.feed.doorbell.state).toBe('doorbell');
  });

  it('holds one connection, and none after it is closed', async () => {
    const one = await listen();
    await until(isHeard(one));
    const listening = await database.query(LISTENING);

    await Promise.all(followers.splice(0).map(({ stop }) => stop()));
    await one.feed.close();
    await until(async () => (await database.query(LISTENING)).length === 0);

    expect(listening).toHaveLength(1);
    expect(one.feed.doorbell.state).toBe('polling');
  });

  it('hears again when it is listened to again', async () => {
    const one = await listen();
    await until(isHeard(one));
    await one.feed.close();

    let rings = 0;
    one.feed.listen(() => (rings += 1));
    await until(isHeard(one));

    expect(rings).toBe(1);
  });

  it('rings once it stands again, for all that was committed meanwhile', async () => {
    const [one, other] = [await listen(), await openFeed(database.url)];
    other.feed.listen(() => undefined);
    await until(isHeard(one));
    const before = one.heard();

    other.feed.ring(false);
    await sleep(200);
    expect(one.heard()).toBe(before);

    await other.feed.read(null, () => undefined);
    await until(() => one.heard() > before);
  });

  it('rings also for an instance that reads nothing', async () => {
    const [one, other] = [await listen(), await openFeed(database.url)];
    await until(isHeard(one));
    const before = one.heard();

    other.feed.ring(false);
    await until(() => one.heard() > before);
  });

  it('is found to be heard, however fast it rings itself', async () => {
    const one = await listen();
    const isFound = isHeard(one);

    await until(() => {
      one.feed.ring(false);
      return isFound();
    });
  });

  it('says whether somebody waits, also where others ring in the same moment', async () => {
    const one = await openFeed(database.url);
    const rings: boolean[] = [];
    one.feed.listen((isAwaited) => rings.push(isAwaited));
    follow(one);
    const other = await listen();
    await until(isHeard(one));
    await until(isHeard(other));
    rings.length = 0;

    other.feed.ring(false); // is sent at once, alone
    other.feed.ring(true);
    other.feed.ring(false);
    await until(() => rings.length === 2);

    expect(rings).toEqual([false, true]);
  });

  it('rests the longer the more instances there are', async () => {
    const [one, other] = [await listen(), await listen({ pollIntervalMs: 500 })];
    await until(isHeard(one));
    await database.query(`INSERT INTO replica_instances (instance_id, max_staleness_ms, snapshot, server)
      SELECT gen_random_uuid(), 60000, '1:1:', 'x' FROM generate_series(1, 299)`);
    const announcement = { maxStalenessMs: 60_000, cursor: null };
    await other.feed.announce(announcement);
    await other.feed.announce(announcement);
    const before = one.heard();

    const start = performance.now();
    while (one.heard() - before < 6) {
      other.feed.ring(false);
      await sleep(1);
    }

    expect(other.feed.restMs).toBe(225);
    expect(performance.now() - start).toBeGreaterThan(5 * 225 - 25); // timers of Node are early by up to 1 ms
  });

  it('no rest is longer than a poll, or shorter than 5 ms', async () => {
    const [lazy, hasty] = [await listen(), await listen({ pollIntervalMs: 50 })];
    await database.query(`INSERT INTO replica_instances (instance_id, max_staleness_ms, snapshot, server)
      SELECT gen_random_uuid(), 60000, '1:1:', 'x' FROM generate_series(1, 99)`);
    const announcement = { maxStalenessMs: 60_000, cursor: null };
    for (const { feed } of [hasty, hasty]) await feed.announce(announcement);

    expect([lazy.feed.restMs, hasty.feed.restMs]).toEqual([5, 50]);
  });

  it('goes on on the same connection where an announcement is refused, and does not ring', async () => {
    const one = await listen();
    await until(isHeard(one));
    const [before] = await database.query(LISTENING);
    await database.query('ALTER TABLE replica_instances RENAME TO elsewhere');

    for (let tries = 0; tries < 20; tries += 1)
      await one.feed.announce({ maxStalenessMs: 1000, cursor: null }).catch(() => undefined);

    expect(await database.query(LISTENING)).toEqual([before]);
    expect(one.heard()).toBe(1);
  });

  it('carries nothing but who rings: a stranger sees that something happened, not what', async () => {
    const one = await listen();
    await until(isHeard(one));
    const stranger = new Client({ connectionString: database.url });
    await stranger.connect();
    const payloads: unknown[] = [];
    stranger.on('notification', ({ payload }) => payloads.push(payload));
    const [row] = await database.query(
      `SELECT substring(query FROM 'nestjs_logout_[0-9a-f]+') AS channel FROM pg_stat_activity
       WHERE query LIKE '%pg_notify%' AND pid <> pg_backend_pid() AND datname = current_database()`,
    );
    await stranger.query(`LISTEN ${String(row!['channel'])}`);

    one.feed.ring(false);
    await until(() => payloads.length > 0);
    await stranger.end();

    expect(payloads).toEqual([expect.stringMatching(UUID)]);
  });
});

describe('Where a standby that commits wait for is away', () => {
  it('the doorbell rings all the same, and holds up no read where notifications of others wait', async () => {
    const cluster = await startCluster();
    await (await openStore(cluster.url)).close();
    const [one, other] = [await openFeed(cluster.url), await openFeed(cluster.url)];
    let rings = 0;
    one.feed.listen(() => (rings += 1));
    follow(one);
    await until(isHeard(one));
    await withClient(cluster.url, async (client) => {
      await client.query(`ALTER SYSTEM SET synchronous_standby_names = 'away'`);
      await client.query('SELECT pg_reload_conf()');
    });
    const before = rings;

    await until(() => {
      other.feed.ring(false);
      return rings > before;
    });
    const waiting = new Client({ connectionString: cluster.url });
    await waiting.connect();
    // Waits with a lock on all other notifications.
    waiting.query(`CREATE TABLE x (); SELECT pg_notify('x', '')`).catch(() => undefined);
    await withClient(cluster.url, (client) =>
      until(async () => {
        const text = `SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'`;
        return (await client.query(text)).rowCount === 1;
      }),
    );
    const held = rings;
    other.feed.ring(false);
    const tookMs = await ranFor(() => other.read(null));

    expect(rings).toBe(held);
    expect(tookMs).toBeLessThan(5000); // the time limit of a connection that hangs
    await waiting.end();
    await cluster.stop('immediate');
    await cluster.remove();
  });
});
