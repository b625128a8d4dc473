import type { PostgresStoreOptions } from '../../../src/stores/postgres/options';
import { DEFAULT_SCHEMA } from '../../../migrations/schema-names';
import { AUDIT_DAY_INDEXES } from '../../../migrations/audit-day-indexes';
import { checkAuditQuery } from '../../../src/audit/audit-query';
import type { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { Tables } from '../../../src/stores/postgres/connection/tables';
import { pageQuery } from '../../../src/stores/postgres/reads/audit-page';
import {
  auditSpanQuery,
  stepsOf,
  type AuditSpan,
} from '../../../src/stores/postgres/reads/audit-steps';
import { DAY_MS, dayOf } from '../../../src/stores/postgres/schema/partition-names';
import type { Statement } from '../../../src/stores/postgres/writes/insertions';
import { logout, revocation } from '../../../src/testing/contract/contract';
import { createMigratedDatabase, withClient, type TestDatabase } from '../../support/database';
import { farFromEndOf } from '../../support/far-from-end';
import { until } from '../../support/until';
import { documentedQuestions, FOR_OWNERS } from '../audit/documented-questions';
import { openStore } from './open-store';

const INDEXES_OF_AN_OPEN_DAY = ['pkey', 'subject_idx', 'token_fingerprint_idx'];
const INDEXES_OF_A_CLOSED_DAY = [
  ...INDEXES_OF_AN_OPEN_DAY,
  ...Object.keys(AUDIT_DAY_INDEXES),
].toSorted();

let database: TestDatabase;
const opened: PostgresRevocationStore[] = [];
const errors: Error[] = [];

beforeEach(async () => {
  await farFromEndOf(DAY_MS);
  database = await createMigratedDatabase();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
  await database.drop();
  errors.splice(0);
});

const open = async (options: PostgresStoreOptions = {}): Promise<PostgresRevocationStore> => {
  const onError = (error: Error): unknown => errors.push(error);
  const store = await openStore(database.url, { upkeepIntervalMs: 100, onError, ...options });
  opened.push(store);
  return store;
};

const daysAgo = (count: number): Date => new Date(Date.now() - count * DAY_MS);
const dateOf = (instant: Date): string => instant.toISOString().slice(0, 10);

/** A day of the audit, as a store made it then. */
async function makeDay(count: number): Promise<string> {
  const { name } = dayOf(daysAgo(count));
  await database.query(`CREATE TABLE IF NOT EXISTS nestjs_logout.${name} PARTITION OF auth_events
    FOR VALUES FROM ('${dateOf(daysAgo(count))}Z') TO ('${dateOf(daysAgo(count - 1))}Z')`);
  return name;
}

/** The valid indexes of a day, without its name. */
async function indexesOf(day: string): Promise<string[]> {
  const rows = await database.query(
    `SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
     WHERE indrelid = $1::regclass AND indisvalid`,
    [day],
  );
  return rows.map(({ relname }) => String(relname).slice(day.length + 1)).toSorted();
}

const isIndexed = async (day: string): Promise<boolean> =>
  (await indexesOf(day)).length === INDEXES_OF_A_CLOSED_DAY.length;

const insertAt = (instant: string, subject: string): Promise<unknown> =>
  database.query(
    `INSERT INTO auth_events (occurred_at, event, outcome, subject)
     VALUES ($1, 'authn_token_revoked', 'success', $2)`,
    [instant, subject],
  );

describe('A day of the audit', () => {
  it('has three indexes while it is written, and nine once it has closed', async () => {
    const yesterday = await makeDay(1);
    const today = dayOf(new Date()).name;

    await open();
    await until(() => isIndexed(yesterday));

    expect(await indexesOf(yesterday)).toEqual(INDEXES_OF_A_CLOSED_DAY);
    expect(await indexesOf(today)).toEqual(INDEXES_OF_AN_OPEN_DAY);
    expect(errors).toEqual([]);
  });

  it('gets each index once where several instances make them at the same time', async () => {
    const days = await Promise.all([1, 2, 3, 4].map(makeDay));

    await Promise.all([1, 2, 3].map(() => open()));
    await until(async () => (await Promise.all(days.map(isIndexed))).every(Boolean));

    for (const day of days) expect(await indexesOf(day)).toEqual(INDEXES_OF_A_CLOSED_DAY);
    expect(errors).toEqual([]);
  });

  it('gets all of them, although what makes them is killed again and again', async () => {
    const yesterday = await makeDay(1);
    await database.query(
      `INSERT INTO auth_events (occurred_at, event, outcome, ip)
       SELECT '${dateOf(daysAgo(1))}Z'::timestamptz + i * interval '100 ms', 'x', 'failure',
         inet '10.0.0.0' + (i * 7919 % 50021)
       FROM generate_series(1, 100000) AS i`,
    );

    await open();
    let killed = 0;
    await until(async () => {
      const victims = await database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
         AND application_name LIKE '%nestjs-logout indexes' AND query LIKE '%index_audit_day%'`,
      );
      killed += victims.length;
      return killed >= 3;
    });
    await until(() => isIndexed(yesterday));

    expect(await indexesOf(yesterday)).toEqual(INDEXES_OF_A_CLOSED_DAY);
    expect(errors.length).toBeGreaterThan(0); // it said so
  });

  it('is left for later where another session writes it, and logouts go on', async () => {
    const yesterday = await makeDay(1);
    await withClient(database.url, async (writer) => {
      await writer.query(`BEGIN; LOCK TABLE ${yesterday} IN ROW EXCLUSIVE MODE`);
      const store = await open();
      for (let count = 0; count < 20; count += 1)
        expect(await store.add(revocation(), logout())).toBe(true);
      expect(await indexesOf(yesterday)).toEqual(INDEXES_OF_AN_OPEN_DAY);
      await writer.query('COMMIT');
    });
    await until(() => isIndexed(yesterday));
    expect(errors).toEqual([]);
  });

  it('ends at midnight UTC: the page goes over it without a gap', async () => {
    const [today, tomorrow] = [dateOf(new Date()), dateOf(daysAgo(-1))];
    await insertAt(`${tomorrow}T00:00:00Z`, 'ada');
    await insertAt(`${today}T23:59:59.999999Z`, 'ada');
    const rows = await database.query(
      'SELECT tableoid::regclass::text AS day FROM auth_events ORDER BY occurred_at',
    );
    const store = await open();

    const first = await store.audit.find({ subject: 'ada', limit: 1 });
    const second = await store.audit.find({
      subject: 'ada',
      limit: 1,
      cursor: first.nextCursor!,
    });

    expect(rows.map(({ day }) => day)).toEqual(
      [new Date(), daysAgo(-1)].map((at) => dayOf(at).name),
    );
    expect([first, second].map(({ events }) => events[0]?.occurredAt.toISOString())).toEqual([
      `${tomorrow}T00:00:00.000Z`,
      `${today}T23:59:59.999Z`,
    ]);
    expect(second.nextCursor).toBeUndefined();
  });
});

describe('On two years of days', () => {
  const tables = new Tables(DEFAULT_SCHEMA);
  const YEARS_AGO = 730;

  async function makeTwoYears(): Promise<void> {
    await database.query(`DO $$ BEGIN
      FOR ago IN 1..${YEARS_AGO} LOOP
        EXECUTE format('CREATE TABLE nestjs_logout.auth_events_old_%s PARTITION OF auth_events
          FOR VALUES FROM (%L) TO (%L)', ago, timestamptz '${dateOf(new Date())}Z' - ago * interval '24 hours',
          timestamptz '${dateOf(new Date())}Z' - (ago - 1) * interval '24 hours');
        IF ago % 100 = 0 THEN COMMIT; END IF;
      END LOOP;
    END $$`);
  }

  it('AuditLog.find goes back to the first, and locks few of them at a time', async () => {
    await makeTwoYears();
    await insertAt(daysAgo(YEARS_AGO - 1).toISOString(), 'ada');
    await insertAt(daysAgo(300).toISOString(), 'ada');
    const store = await open({ upkeepIntervalMs: 3_600_000 });

    const { events, nextCursor } = await store.audit.find({ subject: 'ada' });
    const one = await store.audit.find({ subject: 'ada', limit: 1 });
    const other = await store.audit.find({ subject: 'ada', limit: 1, cursor: one.nextCursor! });

    expect(events).toHaveLength(2);
    expect(nextCursor).toBeUndefined();
    expect([...one.events, ...other.events]).toEqual(events);
    expect(await mostLocks()).toBeLessThan(6 * 33);
  });

  it('nobody is erased where the locks would take the room that logouts need', async () => {
    await makeTwoYears();

    await expect(database.query("SELECT erase_subject('i', 'ada')")).rejects.toMatchObject({
      code: '53400',
      message: expect.stringMatching(/set max_locks_per_transaction to \d+ and restart/) as string,
    });
  }, 60_000);

  it('each documented question locks the days that it is about', async () => {
    await makeTwoYears();
    const monthAgo = dateOf(daysAgo(30));
    const questions = [...documentedQuestions()].filter(
      ([heading]) => !FOR_OWNERS.includes(heading),
    );
    const locks: [string, number][] = [];
    for (const [heading, sql] of questions)
      locks.push([heading, await locksOf(sql.replaceAll("'2026-10-30'", `'${monthAgo}'`))]);

    expect(locks.filter(([, count]) => count > 500)).toEqual([]);
    expect(await locksOf('SELECT FROM auth_events LIMIT 1')).toBeGreaterThan(YEARS_AGO);
  }, 60_000);

  /** That one step of a question without any bound holds. */
  async function mostLocks(): Promise<number> {
    const query = checkAuditQuery({ subject: 'nobody' });
    const { text, values } = auditSpanQuery(tables);
    const [span] = await database.query(text, values);
    const counts: number[] = [];
    for (const step of stepsOf(query, span as unknown as AuditSpan))
      counts.push(await locksOf(pageQuery(tables, step)));
    return Math.max(...counts);
  }

  function locksOf(sql: string | Statement): Promise<number> {
    return withClient(
      `${database.url}?options=-c%20search_path%3Dnestjs_logout`,
      async (client) => {
        await client.query('BEGIN');
        await client.query(sql);
        const { rows } = await client.query<{ locks: number }>(
          'SELECT count(*)::int AS locks FROM pg_locks WHERE pid = pg_backend_pid()',
        );
        return rows[0]!.locks;
      },
    );
  }
});
