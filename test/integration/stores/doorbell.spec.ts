import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { PostgresStoreOptions } from '../../../src/stores/postgres/options';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { until } from '../../support/until';
import type { OpenFeed } from './open-feed';
import { useFeeds } from './use-feeds';
import { hostOf } from './open-store';

let database: TestDatabase;
const openFeed = useFeeds();

beforeEach(async () => {
  database = await createMigratedDatabase();
});

afterEach(() => database.drop());

/** An instance that counts how often it is rung at. */
interface Listener extends OpenFeed {
  readonly heard: () => number;
}

const listen = async (
  options: PostgresStoreOptions = {},
  ...rest: Parameters<typeof hostOf> | []
): Promise<Listener> => {
  const [url = database.url, hostOptions] = rest;
  const open = await openFeed(database.url, options, hostOf(url, hostOptions));
  let rings = 0;
  open.feed.listen(() => (rings += 1));
  return { ...open, heard: () => rings };
};

const isHeard =
  ({ feed }: OpenFeed) =>
  (): boolean =>
    feed.doorbell.state === 'doorbell';

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;
const LISTENING = `SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND query ~ '^(LISTEN|SELECT 1$)'`;

const endListeners = (): Promise<unknown> =>
  database.query(`SELECT pg_terminate_backend(pid) FROM (${LISTENING}) AS listening`);

describe('The doorbell', () => {
  it('is heard by every instance but the ringing one, which knows already', async () => {
    const all = [await listen(), await listen(), await listen()];
    for (const each of all) await until(isHeard(each));
    const before = all.map(({ heard }) => heard());

    all[0]!.feed.doorbell.ring();
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
    const before = one.heard();

    for (let count = 0; count < 1000; count += 1) other.feed.doorbell.ring();
    await sleep(500);

    expect(one.heard() - before).toBe(2);
  });

  it('is not heard by those of another schema', async () => {
    const [one, other] = [await listen(), await listen()];
    const elsewhere = await listen({ schema: 'other' });
    await until(isHeard(one));
    await until(isHeard(elsewhere));
    const before = elsewhere.heard();

    other.feed.doorbell.ring();
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

    const start = performance.now();
    await endListeners();
    await until(() => one.feed.doorbell.state === 'polling');
    const noticedMs = performance.now() - start;
    await until(isHeard(one));
    const after = one.heard();
    other.feed.doorbell.ring();
    await until(() => one.heard() > after);

    expect(noticedMs).toBeLessThan(4000); // sooner than by a heartbeat
    expect(after).toBeGreaterThan(before);
    expect(errors).toEqual([]);
  });

  it('says once that it cannot be heard, and goes on trying', async () => {
    const errors: Error[] = [];
    const nowhere = 'postgres://nobody@127.0.0.1:1/nothing';
    const one = await listen({ feedConnection: nowhere, onError: (error) => errors.push(error) });

    await until(() => errors.length > 0);
    await sleep(1500);

    expect(one.feed.doorbell.state).toBe('polling');
    expect(errors).toHaveLength(1);
    expect(errors).toMatchObject([{ code: 'ECONNREFUSED' }]);
  });

  it('fails no caller where it cannot ring, and rings again as soon as it can', async () => {
    const [one, other] = [await listen(), await listen()];
    await until(isHeard(one));
    await until(isHeard(other));
    const before = one.heard();

    await database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE '%pg_notify%' AND pid <> pg_backend_pid()`);
    await until(() => {
      other.feed.doorbell.ring();
      return one.heard() > before;
    });

    expect(one.feed.doorbell.state).toBe('doorbell');
  });

  it('holds one connection, and none after it is closed', async () => {
    const one = await listen();
    await until(isHeard(one));
    const listening = await database.query(LISTENING);

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
    expect(one.heard()).toBe(1);
  });

  it('closes at once while it cannot connect', async () => {
    const one = await listen({ feedConnection: 'postgres://nobody@127.0.0.1:1/nothing' });
    await sleep(100);

    const start = performance.now();
    await one.feed.close();

    expect(performance.now() - start).toBeLessThan(2500);
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

    one.feed.doorbell.ring();
    await until(() => payloads.length > 0);
    await stranger.end();

    expect(payloads).toEqual([expect.stringMatching(UUID)]);
  });
});
