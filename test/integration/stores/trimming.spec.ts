import { Client } from 'pg';
import type { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import type { FeedCursor } from '../../../src/revocation/revocation-feed';
import { trimLog } from '../../../src/stores/postgres/schema/trim-log';
import { logout, randomKey, revocation } from '../../../src/testing/contract/contract';
import { createMigratedDatabase, withClient, type TestDatabase } from '../../support/database';
import { until } from '../../support/until';
import { halfOf, openFeed, type OpenFeed } from './open-feed';
import { openStore } from './open-store';

let database: TestDatabase;
let store: PostgresRevocationStore;
let open: OpenFeed;

beforeEach(async () => {
  database = await createMigratedDatabase();
  store = await openStore(database.url, { check: 'direct' });
  open = await openFeed(database.url);
  // The copied database, and the upkeep of the store, may have noted some.
  await until(async () => (await noted()) > 0);
  await database.query('DELETE FROM revocation_log_snapshots');
  await upkeep();
});

afterEach(async () => {
  await open.close();
  await store.close();
  await database.drop();
});

const upkeep = (): Promise<void> => trimLog(open.connections, 60_000);

/** As if so many minutes had passed since each snapshot was noted. */
const passMinutes = (minutes: number): Promise<unknown> =>
  database.query(
    `UPDATE revocation_log_snapshots SET noted_at = noted_at - interval '${minutes} minutes'`,
  );

const countOf = async (table: string): Promise<number> =>
  Number((await database.query(`SELECT count(*) FROM ${table}`))[0]!['count']);
const noted = (): Promise<number> => countOf('revocation_log_snapshots');
const frames = (): Promise<number> => countOf('revocation_log');

const load = async (): Promise<FeedCursor> => (await open.read(null)).cursor!;

const insert = async (client: Client): Promise<string> => {
  const key = randomKey();
  await client.query(
    `INSERT INTO revoked_tokens (key, scope, issued_before, expires_at)
     VALUES (decode($1, 'hex'), 'token', 'infinity', now() + interval '1 hour')`,
    [key],
  );
  return halfOf(key);
};

describe('The log', () => {
  it('keeps what was added for ten minutes, and no longer', async () => {
    await store.add(revocation(), logout());
    await passMinutes(1);
    await upkeep(); // notes that it is visible
    await passMinutes(9);
    await upkeep();
    const before = await frames();

    await passMinutes(1);
    await upkeep();

    expect([before, await frames()]).toEqual([1, 0]);
  });

  it('notes what is visible once a minute, and forgets that as well', async () => {
    for (let minute = 0; minute < 30; minute += 1) {
      await passMinutes(1);
      await upkeep();
      await upkeep();
    }

    expect(await noted()).toBe(11);
  });

  it('sends a reader that slept for longer to load everything, and none that did not', async () => {
    const asleep = await load();
    const one = revocation();
    await store.add(one, logout());
    await passMinutes(1);
    await upkeep(); // notes what is visible
    const awake = await load();
    await passMinutes(10);
    await upkeep();

    const late = await open.read(asleep);
    const next = await open.read(awake);

    expect(await frames()).toBe(0);
    expect(late).toMatchObject({ cursor: null, tokens: [] });
    expect(next.cursor).not.toBeNull();
    expect((await open.read(null)).tokens).toEqual([halfOf(one.key)]);
  });

  it('keeps what a transaction added that was open for longer, though upkeep follows at once', async () => {
    await withClient(database.url, async (host) => {
      await host.query('BEGIN');
      const key = await insert(host);
      const before = await load();
      for (let minute = 0; minute < 12; minute += 1) {
        await passMinutes(1);
        await upkeep();
      }
      const { cursor } = await open.read(before);

      await host.query('COMMIT');
      await upkeep();

      expect((await open.read(cursor)).tokens).toEqual([key]);
    });
  });

  it('is emptied in many short transactions where there is much to delete', async () => {
    await withClient(database.url, async (host) => {
      await host.query(`DO $$ BEGIN
        FOR place IN 1..12000 LOOP
          INSERT INTO nestjs_logout.revoked_tokens (key, scope, issued_before, expires_at)
          VALUES (sha256(place::text::bytea), 'token', 'infinity', now() + interval '1 hour');
        END LOOP;
      END $$`);
    });
    await passMinutes(1);
    await upkeep();
    await passMinutes(10);

    await upkeep();

    expect(await frames()).toBe(0);
  });

  it('is trimmed by one instance at a time, and the others go on', async () => {
    await passMinutes(1);

    await Promise.all([upkeep(), upkeep(), trimLog(open.connections, 60_000)]);

    expect(await noted()).toBe(2);
  });
});
