import type { PostgresStoreOptions } from '../../../src/stores/postgres/options';
import { DAY_MS, dayOf } from '../../../src/stores/postgres/schema/partition-names';
import type { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { logout, revocation } from '../../../src/testing/contract/contract';
import { createMigratedDatabase, withClient, type TestDatabase } from '../../support/database';
import { farFromEndOf } from '../../support/far-from-end';
import { until } from '../../support/until';
import { openStore } from './open-store';

let database: TestDatabase;
let now: Date;
const opened: PostgresRevocationStore[] = [];
const errors: Error[] = [];

beforeEach(async () => {
  await farFromEndOf(DAY_MS);
  now = new Date();
  database = await createMigratedDatabase();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
  await database.drop();
  expect(errors.splice(0)).toEqual([]);
});

const open = async (options: PostgresStoreOptions = {}): Promise<PostgresRevocationStore> => {
  const onError = (error: Error): unknown => errors.push(error);
  const store = await openStore(database.url, { upkeepIntervalMs: 100, onError, ...options });
  opened.push(store);
  return store;
};

const daysLater = (count: number): Date => new Date(now.getTime() + count * DAY_MS);
const daysAgo = (count: number): string => dayOf(daysLater(-count)).name;
const monthsBefore = (count: number): Date =>
  new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - count, 1));
/** The first day of the month that is so many months before this one. */
const monthsAgo = (count: number): string => dayOf(monthsBefore(count)).name;

/** A day of the audit, as a store made it then. */
const makeDay = async (at: Date): Promise<void> => {
  const [first, next] = [at, new Date(at.getTime() + DAY_MS)].map((each) =>
    each.toISOString().slice(0, 10),
  );
  await database.query(`CREATE TABLE nestjs_logout.${dayOf(at).name} PARTITION OF auth_events
    FOR VALUES FROM ('${first}Z') TO ('${next}Z')`);
};
const makeMonth = (count: number): Promise<void> => makeDay(monthsBefore(count));

const days = async (): Promise<unknown[]> => {
  const rows = await database.query(`SELECT relname FROM pg_inherits
    JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = 'auth_events'::regclass ORDER BY 1`);
  return rows.map(({ relname }) => relname);
};

const current = (): string[] => [0, -1, -2, -3].map(daysAgo).toSorted();

/** Waits until upkeep, of which dropping months is the last part, has ended twice. */
const upkeepRuns = async (store: PostgresRevocationStore): Promise<void> => {
  for (let run = 0; run < 2; run += 1) {
    const name = 'nestjs_logout.revoked_tokens_2001010100';
    await database.query(`CREATE TABLE ${name} PARTITION OF revoked_tokens_by_hour
      FOR VALUES FROM ('2001-01-01 00:00Z') TO ('2001-01-01 01:00Z')`);
    await until(async () => {
      const [row] = await database.query('SELECT to_regclass($1) IS NULL AS is_gone', [name]);
      return row!['is_gone'] === true;
    });
  }
  expect(await store.add(revocation(), logout())).toBe(true);
};

describe('A day of the audit', () => {
  it('goes once it ended more than auditMonths ago, and no other does', async () => {
    for (const count of [1, 3, 4, 30]) await makeMonth(count);
    await makeDay(daysLater(-2));

    const store = await open({ auditMonths: 2 });
    await until(async () => (await days()).length <= current().length + 2);
    await upkeepRuns(store);

    expect(await days()).toEqual([monthsAgo(1), daysAgo(2), ...current()].toSorted());
  });

  it('stays for ever without the option', async () => {
    await makeMonth(1000);

    await upkeepRuns(await open());

    expect(await days()).toContain(monthsAgo(1000));
  });

  it('goes later where another session reads it', async () => {
    await makeMonth(30);
    await withClient(database.url, async (reader) => {
      await reader.query('BEGIN; SELECT FROM auth_events');

      await upkeepRuns(await open({ auditMonths: 12 }));

      expect(await days()).toContain(monthsAgo(30));
      await reader.query('COMMIT');
    });
    await until(async () => (await days()).length === current().length);
  });

  it('goes once where several instances drop it at the same time', async () => {
    for (let count = 20; count < 90; count += 1) await makeMonth(count);

    await Promise.all([1, 2, 3, 4].map(() => open({ auditMonths: 12 })));
    await until(async () => (await days()).length === current().length);
  });

  it.each(['0', '-1', '1201', 'NULL'])('stays where %s months are to be kept', async (count) => {
    await makeMonth(30);

    await expect(database.query(`SELECT drop_audit_months(${count})`)).rejects.toMatchObject({
      code: '22023',
    });
  });

  it('is one of several that the owner drops by hand', async () => {
    for (const count of [1, 15, 16]) await makeMonth(count);

    expect(await database.query('SELECT drop_audit_months(12)')).toEqual([
      { drop_audit_months: 2 },
    ]);
    await open(); // makes the months to come
    expect(await days()).toEqual([monthsAgo(1), ...current()].toSorted());
  });
});
