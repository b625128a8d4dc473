import { randomKey } from '../../../src/testing/contract/contract';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FeedCursor } from '../../../src/revocation/revocation-feed';
import { ClusterWait } from '../../../src/stores/postgres/feed/cluster-wait';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { ranFor } from '../../support/own-time';
import { until } from '../../support/until';
import { halfOf, type OpenFeed } from './open-feed';
import { useFeeds } from './use-feeds';

const STALENESS_MS = 1000;

let database: TestDatabase;
let here: OpenFeed;
let wait: ClusterWait;
const openFeed = useFeeds();

beforeEach(async () => {
  database = await createMigratedDatabase();
  here = await instance();
  wait = new ClusterWait(here.feed.instances, STALENESS_MS);
});

afterEach(() => database.drop());

const instance = (): Promise<OpenFeed> => openFeed(database.url);

/** An instance in miniature: what it knows, as far as it has told others. */
class Replica {
  readonly known = new Set<string>();
  private cursor: FeedCursor | null = null;

  constructor(
    readonly open: OpenFeed,
    private readonly maxStalenessMs = STALENESS_MS,
  ) {}

  announce(): Promise<void> {
    const { cursor, maxStalenessMs } = this;
    return this.open.feed.announce({ maxStalenessMs, cursor });
  }

  async catchUp(): Promise<void> {
    const { cursor, tokens } = await this.open.read(this.cursor);
    for (const token of tokens) this.known.add(token);
    this.cursor = cursor;
    await this.announce();
  }
}

const replica = async (maxStalenessMs?: number): Promise<Replica> => {
  const made = new Replica(await instance(), maxStalenessMs);
  await made.announce();
  await made.catchUp();
  return made;
};

/** Commits a logout; its transaction is what is waited for. */
const logOut = async (key = randomKey()): Promise<{ key: string; xid: string }> => {
  const [row] = await database.query(
    `INSERT INTO revoked_tokens (key, scope, issued_before, expires_at)
     VALUES (decode($1, 'hex'), 'token', 'infinity', now() + interval '1 hour')
     RETURNING pg_current_xact_id()::text AS xid`,
    [key],
  );
  return { key: halfOf(key), xid: String(row!['xid']) };
};

/** How long it waits for the transaction: by the clock, and without what this process stood still. */
const timesOf = async (xid: string): Promise<{ tookMs: number; ranMs: number }> => {
  const start = performance.now();
  const ranMs = await ranFor(() => wait.waitForCluster(xid));
  return { tookMs: performance.now() - start, ranMs };
};

const isPending = async (promise: Promise<unknown>): Promise<boolean> =>
  (await Promise.race([promise.then(() => 'settled'), sleep(150, 'pending')])) === 'pending';

describe('A cluster-wide logout', () => {
  it('does not wait where no other instance answers from memory', async () => {
    const hourMs = 3_600_000;
    await here.feed.announce({ maxStalenessMs: hourMs, cursor: null });
    const { xid } = await logOut();

    await new ClusterWait(here.feed.instances, hourMs).waitForCluster(xid);
  });

  it('waits until every other instance has it in its memory', async () => {
    const [one, other] = [await replica(60_000), await replica(60_000)];
    const { key, xid } = await logOut();

    const waiting = wait.waitForCluster(xid);
    const beforeAny = await isPending(waiting);
    await one.catchUp();
    const afterOne = await isPending(waiting);
    await other.catchUp();
    await waiting;

    expect([beforeAny, afterOne]).toEqual([true, true]);
    expect([one.known.has(key), other.known.has(key)]).toEqual([true, true]);
  });

  it('waits for one that has announced itself, but not loaded anything yet', async () => {
    const { key, xid } = await logOut();
    const newcomer = new Replica(await instance(), 60_000);
    await newcomer.announce();

    const waiting = wait.waitForCluster(xid);
    const before = await isPending(waiting);
    await newcomer.catchUp();
    await waiting;

    expect(before).toBe(true);
    expect(newcomer.known.has(key)).toBe(true);
  });

  it('waits for an instance whose snapshot is of before, though numbered after', async () => {
    const rolledBack = await here.connections.writes.connect();
    await rolledBack.query('BEGIN; SELECT pg_current_xact_id()');
    const one = await replica(60_000);
    const { xid } = await logOut();
    await rolledBack.query(`INSERT INTO revoked_tokens (key, scope, issued_before, expires_at)
      VALUES (sha256('late'), 'token', 'infinity', now() + interval '1 hour')`);
    await one.catchUp();
    const { rows } = await rolledBack.query<{ xid: string }>(
      'SELECT pg_current_xact_id()::text AS xid',
    );
    await rolledBack.query('COMMIT');
    rolledBack.release();

    const early = wait.waitForCluster(rows[0]!.xid);
    const isEarlyPending = await isPending(early);
    await wait.waitForCluster(xid);
    await one.catchUp();
    await early;

    expect(isEarlyPending).toBe(true);
  });

  it('waits no longer than the staleness of an instance that does not catch up', async () => {
    await replica(STALENESS_MS);
    const { xid } = await logOut();

    const { tookMs, ranMs } = await timesOf(xid);

    expect(tookMs).toBeGreaterThanOrEqual(STALENESS_MS * 1.05);
    expect(ranMs).toBeLessThan(STALENESS_MS * 5);
  });

  it('waits as long as the laziest of those that are behind may be', async () => {
    await replica(300);
    const lazy = await replica(1500);
    const upToDate = await replica(60_000);
    const { key, xid } = await logOut();
    await upToDate.catchUp();

    const { tookMs, ranMs } = await timesOf(xid);

    expect(lazy.known.has(key)).toBe(false);
    expect(tookMs).toBeGreaterThanOrEqual(1500 * 1.05);
    expect(ranMs).toBeLessThan(10_000);
  });

  it('is right by time alone where the instances cannot be asked', async () => {
    await replica();
    await database.query('ALTER TABLE replica_instances RENAME TO elsewhere');
    const { xid } = await logOut();

    const { tookMs, ranMs } = await timesOf(xid);
    await database.query('ALTER TABLE elsewhere RENAME TO replica_instances');

    expect(tookMs).toBeGreaterThanOrEqual(STALENESS_MS * 1.05);
    expect(ranMs).toBeLessThan(STALENESS_MS * 5);
  });

  it('remembers how lazy others may be for when they cannot be asked', async () => {
    const one = await replica(2500);
    const first = await logOut();
    await one.catchUp();
    await wait.waitForCluster(first.xid);
    await database.query('ALTER TABLE replica_instances RENAME TO elsewhere');
    const second = await logOut();

    const { tookMs } = await timesOf(second.xid);
    await database.query('ALTER TABLE elsewhere RENAME TO replica_instances');

    expect(tookMs).toBeGreaterThanOrEqual(2500 * 1.05);
  });

  it('shares its questions with those that wait at the same time', async () => {
    const one = await replica(60_000);
    const logouts = await Promise.all(Array.from({ length: 100 }, () => logOut()));
    let asked = 0;
    const counted = new ClusterWait(
      { others: () => ((asked += 1), here.feed.instances.others()) },
      STALENESS_MS,
    );

    const waiting = Promise.all(logouts.map(({ xid }) => counted.waitForCluster(xid)));
    await one.catchUp();
    await waiting;

    expect(asked).toBeLessThan(20);
  });

  it('is not answered by a question that was sent before it', async () => {
    const questions: (() => void)[] = [];
    let isEmpty = true;
    const slow = new ClusterWait(
      {
        others: async () => {
          await new Promise<void>((resolve) => questions.push(resolve));
          return isEmpty ? [] : [{ maxStalenessMs: 60_000, snapshot: '1:1:' }];
        },
      },
      STALENESS_MS,
    );
    const early = slow.waitForCluster('100');
    const late = slow.waitForCluster('101');

    questions[0]!();
    await early;
    isEmpty = false;
    await until(() => questions.length === 2);
    questions[1]!();

    expect(await isPending(late)).toBe(true);
  });
});
