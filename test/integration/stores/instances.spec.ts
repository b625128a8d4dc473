import { randomBytes } from 'node:crypto';
import { StoreUnavailableError } from '../../../src/revocation/errors';
import type { FeedCursor } from '../../../src/revocation/revocation-feed';
import { createMigratedDatabase, withClient, type TestDatabase } from '../../support/database';
import { ranFor } from '../../support/own-time';
import type { OpenFeed } from './open-feed';
import { useFeeds } from './use-feeds';

let database: TestDatabase;
const openFeed = useFeeds();

beforeEach(async () => {
  database = await createMigratedDatabase();
});

afterEach(() => database.drop());

const instance = (): Promise<OpenFeed> => openFeed(database.url, { lookupTimeoutMs: 1000 });

const load = async ({ feed }: OpenFeed): Promise<FeedCursor> =>
  (await feed.read(null, () => undefined))!;

const rows = (): Promise<Record<string, unknown>[]> =>
  database.query(`SELECT max_staleness_ms, snapshot::text, seen_at <= now() AS is_past
    FROM replica_instances ORDER BY max_staleness_ms`);

/** Lets this much time have passed for an instance since it was seen. */
const age = (maxStalenessMs: number, seconds: number): Promise<unknown> =>
  database.query(
    `UPDATE replica_instances SET seen_at = seen_at - $2::float * interval '1 second'
     WHERE max_staleness_ms = $1`,
    [maxStalenessMs, seconds],
  );

describe('The instances that answer from memory', () => {
  it('are known to all once they are announced, also before they know anything', async () => {
    const [one, other] = [await instance(), await instance()];

    await one.feed.announce({ maxStalenessMs: 1000, cursor: null });

    expect(await other.feed.instances.others()).toEqual([{ maxStalenessMs: 1000, snapshot: null }]);
    expect(await one.feed.instances.others()).toEqual([]);
    expect(await rows()).toEqual([{ max_staleness_ms: 1000, snapshot: '1:1:', is_past: true }]);
  });

  it('tell how far their memory reaches, one row for each', async () => {
    const [one, other] = [await instance(), await instance()];
    const cursor = await load(one);

    await one.feed.announce({ maxStalenessMs: 1000, cursor: null });
    await one.feed.announce({ maxStalenessMs: 1000, cursor });
    await one.feed.announce({ maxStalenessMs: 1000, cursor });

    expect(await other.feed.instances.others()).toEqual([
      { maxStalenessMs: 1000, snapshot: cursor.snapshot },
    ]);
    expect(await rows()).toHaveLength(1);
  });

  it('tell nothing by a snapshot of another server, whose numbers mean something else', async () => {
    const [one, other] = [await instance(), await instance()];
    const { snapshot, server } = await load(one);

    await one.feed.announce({ maxStalenessMs: 1000, cursor: { snapshot, server: `${server}0` } });

    expect(await other.feed.instances.others()).toEqual([{ maxStalenessMs: 1000, snapshot: null }]);
  });

  it('count as long as ten times their staleness after they were last seen', async () => {
    const [one, other] = [await instance(), await instance()];
    await one.feed.announce({ maxStalenessMs: 60_000, cursor: await load(one) });

    await age(60_000, 540);
    const before = await other.feed.instances.others();
    await age(60_000, 61);
    const after = await other.feed.instances.others();

    expect([before.length, after.length]).toEqual([1, 0]);
  });

  it('count however old they look where another server wrote that, and are kept for an hour', async () => {
    const [one, other] = [await instance(), await instance()];
    const { snapshot, server } = await load(one);
    const cursor = { snapshot, server: `${server}0` }; // replication had stalled, then a promotion
    await one.feed.announce({ maxStalenessMs: 2000, cursor });

    await age(2000, 3000);
    const before = await other.feed.instances.others();
    await other.feed.announce({ maxStalenessMs: 3000, cursor: null });
    const kept = await rows();
    await age(2000, 700);
    await (await instance()).feed.announce({ maxStalenessMs: 4000, cursor: null });

    expect(before).toEqual([{ maxStalenessMs: 2000, snapshot: null }]);
    expect(kept).toMatchObject([{ max_staleness_ms: 2000 }, { max_staleness_ms: 3000 }]);
    expect(await rows()).toMatchObject([{ max_staleness_ms: 3000 }, { max_staleness_ms: 4000 }]);
  });

  it('are seen anew with each announcement, also when they were taken for dead', async () => {
    const [one, other] = [await instance(), await instance()];
    const announcement = { maxStalenessMs: 2000, cursor: await load(one) };
    await one.feed.announce(announcement);
    await age(2000, 60);

    await other.feed.announce({ maxStalenessMs: 3000, cursor: null });
    const afterOther = await rows();
    await one.feed.announce(announcement);

    expect(afterOther).toMatchObject([{ max_staleness_ms: 3000 }]);
    expect(await rows()).toMatchObject([{ max_staleness_ms: 2000 }, { max_staleness_ms: 3000 }]);
  });

  it('are gone when they are closed', async () => {
    const one = await instance();
    await one.feed.announce({ maxStalenessMs: 1000, cursor: null });

    await one.feed.close();

    expect(await rows()).toEqual([]);
  });

  it('are gone when they are closed, also if an announcement waits for its turn just then', async () => {
    const one = await instance();
    await one.feed.announce({ maxStalenessMs: 1000, cursor: null });
    const busy = one.connections.feed.query('SELECT pg_sleep(0.2)');

    const announcing = one.feed.announce({ maxStalenessMs: 1000, cursor: null });
    await Promise.all([busy, announcing, one.feed.close()]);

    expect(await rows()).toEqual([]);
  });

  it('fail to announce themselves in time where they cannot, and close nevertheless', async () => {
    const one = await instance();
    await one.feed.announce({ maxStalenessMs: 1000, cursor: null });
    await withClient(database.url, async (locker) => {
      await locker.query('BEGIN; LOCK TABLE replica_instances IN ACCESS EXCLUSIVE MODE');

      const tookMs = await ranFor(async () => {
        const announcing = one.feed.announce({ maxStalenessMs: 1000, cursor: await load(one) });
        await expect(announcing).rejects.toThrow(StoreUnavailableError);
        await one.feed.close();
      });
      expect(tookMs).toBeLessThan(5000);
    });
  });

  it('need no right but to read revocations, and to write what they say of themselves', async () => {
    const role = `replica_${randomBytes(4).toString('hex')}`;
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    await database.query(`GRANT USAGE ON SCHEMA nestjs_logout TO ${role};
      GRANT SELECT ON revoked_tokens_by_hour, revoked_tokens_by_day, revoked_tokens_by_month TO ${role};
      GRANT SELECT ON revocation_log, revocation_log_snapshots TO ${role};
      GRANT EXECUTE ON FUNCTION live_revocations, read_revocation_log TO ${role};
      GRANT SELECT, INSERT, UPDATE, DELETE ON replica_instances TO ${role}`);
    const url = new URL(database.url);
    url.username = role;
    url.password = 'secret';
    const one = await openFeed(url.href);

    const cursor = await load(one);
    await one.feed.announce({ maxStalenessMs: 1000, cursor });
    const others = await (await instance()).feed.instances.others();
    const next = await one.read(cursor);
    await one.close();
    const left = await rows();
    await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);

    expect(others).toEqual([{ maxStalenessMs: 1000, snapshot: cursor.snapshot }]);
    expect(next.cursor?.server).toBe(cursor.server);
    expect(left).toEqual([]);
  });

  it('leave no growing table behind, however often they announce themselves', async () => {
    const one = await instance();
    const cursor = await load(one);

    for (let count = 0; count < 500; count += 1) {
      await one.feed.announce({ maxStalenessMs: 1000, cursor });
    }
    // How much of the table is garbage in between is a matter of who has held which snapshot.
    await one.connections.feed.query('SELECT pg_stat_force_next_flush()');
    const [writes] = await database.query(
      `SELECT n_tup_ins::int AS rows, n_tup_upd::int AS updates, n_tup_hot_upd::int AS in_place
       FROM pg_stat_user_tables WHERE relname = 'replica_instances'`,
    );

    // Where a new version fits onto its page, the page is cleared of old ones, and no index grows.
    expect(writes).toMatchObject({ rows: 1, updates: 499 });
    expect(writes!['in_place']).toBeGreaterThan(0.9 * 499);
  });
});
