import { about, logout, revocation } from '../../../src/testing/contract/contract';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { DEFAULT_SCHEMA } from '../../../migrations/schema-names';
import { lockKeyOf } from '../../../src/stores/postgres/schema/advisory-lock';
import { cutoffQuery } from '../../../src/stores/postgres/reads/look-ups';
import { dayOf } from '../../../src/stores/postgres/schema/partition-names';
import type { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { createDatabase, type TestDatabase } from '../../support/database';
import { farFromEndOf } from '../../support/far-from-end';
import { ranFor } from '../../support/own-time';
import { openStore } from './open-store';
import { until } from '../../support/until';

const HOUR_MS = 3_600_000;
const ago = (hours: number): Date => new Date(Date.now() - hours * HOUR_MS);

let database: TestDatabase;
let other: Client;
const opened: PostgresRevocationStore[] = [];

beforeEach(async () => {
  await farFromEndOf(HOUR_MS);
  database = await createDatabase();
  other = new Client({ connectionString: database.url });
  await other.connect();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
  await other.end();
  await database.drop();
});

const open = async (...options: Parameters<typeof openStore>): Promise<PostgresRevocationStore> => {
  const store = await openStore(...options);
  opened.push(store);
  return store;
};

/** The partitions of revocations that are over by the database's clock, by name. */
const expiredPartitions = async (): Promise<unknown[]> => {
  const rows = await database.query(`
    SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = 'revoked_tokens_by_hour'::regclass
      AND relname < 'revoked_tokens_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDDHH24')
    ORDER BY 1`);
  return rows.map(({ relname }) => relname);
};

/** The partitions of revocations that are not over by the database's clock, by name. */
const livePartitions = async (): Promise<unknown[]> => {
  const rows = await database.query(`
    SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = 'revoked_tokens_by_hour'::regclass
      AND relname >= 'revoked_tokens_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDDHH24')
    ORDER BY relname COLLATE "C"`);
  return rows.map(({ relname }) => relname);
};

type Step = Readonly<Record<string, unknown>>;

const flatten = (step: Step): Step[] => [
  step,
  ...((step['Plans'] ?? []) as Step[]).flatMap(flatten),
];

/** EXPLAIN (ANALYZE) of a statement and of those that its functions run: every step of the plans. */
const stepsOf = async (sql: string): Promise<Step[]> => {
  const plans: string[] = [];
  other.on('notice', ({ message = '' }) => plans.push(message.slice(message.indexOf('{'))));
  await other.query(`
    LOAD 'auto_explain';
    SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on;
    SET auto_explain.log_analyze = on; SET auto_explain.log_format = json;
    SET auto_explain.log_level = notice`);
  plans.length = 0;
  await other.query(sql);
  return plans.flatMap((plan) => flatten((JSON.parse(plan) as { Plan: Step }).Plan));
};

/** A step that reads a partition by its primary key. */
const readByKey = (partition: unknown): unknown =>
  expect.objectContaining({
    'Relation Name': partition,
    'Node Type': expect.stringMatching(/^Index (Only )?Scan$/) as string,
    'Index Name': `${String(partition)}_pkey`,
    'Index Cond': expect.stringMatching(/^\(\(key = ANY .* AND \(issued_before >= /) as string,
  });

const noneExpired = async (): Promise<boolean> => (await expiredPartitions()).length === 0;

/** Logs out again and again. @returns how long each took, in ms, but for what we stood still. */
const logOutFor = async (store: PostgresRevocationStore, ms: number): Promise<number[]> => {
  const durations: number[] = [];
  const end = performance.now() + ms;
  while (performance.now() < end) {
    durations.push(await ranFor(() => store.add(revocation(), logout())));
  }
  return durations;
};

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * share)]!;

describe('Partitions', () => {
  it('are made by the revocation that finds none', async () => {
    const store = await open(database.url);
    const one = revocation({ expiresAt: new Date(Date.now() + 90 * 24 * HOUR_MS) });

    expect(await store.add(one, logout())).toBe(true);
    expect(await store.isRevoked(about([one.key]))).toBe(true);
  });

  it('of a day take what is kept for longer than 27 hours, so that 31 days need 60 at most', async () => {
    const store = await open(database.url, { check: 'direct' });
    const kept = Array.from({ length: 31 }, (_, days) =>
      revocation({ expiresAt: new Date(Date.now() + (days + 1) * 24 * HOUR_MS + 60_000) }),
    );
    const short = Array.from({ length: 26 }, (_, hours) =>
      revocation({ expiresAt: new Date(Date.now() + hours * HOUR_MS + 60_000) }),
    );

    await Promise.all([...kept, ...short].map((one) => store.add(one, logout())));

    const [counts] = await database.query(`
      SELECT count(*) FILTER (WHERE inhparent = 'revoked_tokens_by_hour'::regclass)::int AS hours,
        count(*) FILTER (WHERE inhparent = 'revoked_tokens_by_day'::regclass)::int AS days
      FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid AND relkind = 'r'`);
    expect(counts).toEqual({ hours: 27, days: expect.any(Number) as number });
    expect(counts!['days']).toBeLessThanOrEqual(33);
    expect(counts!['days']).toBeGreaterThanOrEqual(30);
    const answers = kept.map(async ({ key }) => store.isRevoked(about([key])));
    expect(await Promise.all(answers)).toEqual(kept.map(() => true));
  });

  it('of a month take what is kept for 400 days, and are purged like those of an hour', async () => {
    const store = await open(database.url, { check: 'direct', upkeepIntervalMs: 100 });
    const far = revocation({ expiresAt: new Date(Date.now() + 400 * 24 * HOUR_MS) });
    const name = `revoked_tokens_${ago(72 - 1)
      .toISOString()
      .slice(0, 10)
      .replaceAll('-', '')}`;
    const day = `'${ago(72 - 1)
      .toISOString()
      .slice(0, 10)}Z'::timestamptz`;

    await store.add(far, logout());
    await database.query(`DO $$ BEGIN EXECUTE format(
      'CREATE TABLE nestjs_logout.${name} PARTITION OF revoked_tokens_by_day
       FOR VALUES FROM (%L) TO (%L)', ${day}, ${day} + interval '24 hours'); END $$`);
    await until(async () => {
      const [found] = await database.query('SELECT to_regclass($1) IS NULL AS is_gone', [name]);
      return found!['is_gone'] === true;
    });

    expect(await store.isRevoked(about([far.key]))).toBe(true);
  });

  it('may change from a day to an hour: a token is not revoked twice for that', async () => {
    const store = await open(database.url, { check: 'direct' });
    const one = revocation({ expiresAt: new Date(Date.now() + 20 * HOUR_MS) });
    // As it was added two days ago, when it was kept for longer than a day from then on.
    const day = one.expiresAt.toISOString().slice(0, 10);
    await database.query(`DO $$ BEGIN EXECUTE format(
      'CREATE TABLE nestjs_logout.revoked_tokens_of_a_day PARTITION OF revoked_tokens_by_day
       FOR VALUES FROM (%L) TO (%L)', '${day}Z', '${day}Z'::timestamptz + interval '24 hours'); END $$`);
    await database.query(
      `INSERT INTO revoked_tokens (key, scope, issued_before, expires_at, span)
       VALUES (decode($1, 'hex'), 'token', 'infinity', $2, 'day')`,
      [one.key, one.expiresAt.toISOString()],
    );

    expect(await store.add(one, logout({ subject: 'ada' }))).toBe(false);
    expect((await store.audit.find({ subject: 'ada' })).events).toEqual([]);
    expect(await store.add(revocation({ expiresAt: one.expiresAt }), logout())).toBe(true);
  });

  it('of both kinds are followed by a replica, from its load on', async () => {
    const [one, other] = [await open(database.url), await open(database.url)];
    const before = revocation({ expiresAt: new Date(Date.now() + 300 * 24 * HOUR_MS) });
    await one.add(before, logout());
    const third = await open(database.url);
    const after = [30, 40 * 24].map((hours) =>
      revocation({ expiresAt: new Date(Date.now() + hours * HOUR_MS) }),
    );
    await Promise.all(after.map((each) => one.add(each, logout())));

    for (const { key } of [before, ...after])
      await until(() => [other, third].every((store) => store.known(about([key])) === true));
  });

  it('are made once when many instances find none at the same time', async () => {
    const stores = await Promise.all([1, 2, 3].map(() => open(database.url)));
    const far = Array.from({ length: 12 }, (_, index) =>
      revocation({ expiresAt: new Date(Date.now() + (100 + (index % 4)) * HOUR_MS) }),
    );

    const answers = await Promise.all(
      far.map((one, index) => stores[index % 3]!.add(one, logout())),
    );

    expect(answers).toEqual(far.map(() => true));
  });

  it('are made again when they were removed', async () => {
    const store = await open(database.url);
    const day = dayOf(new Date()).name;
    await database.query(`DROP TABLE ${day}`);

    expect(await store.add(revocation(), logout({ subject: 'ada' }))).toBe(true);
    expect((await store.audit.find({ subject: 'ada' })).events).toHaveLength(1);
  });

  it('go away by themselves when all that is in them has expired', async () => {
    const store = await open(database.url, { upkeepIntervalMs: 100 });
    await Promise.all(
      [2, 3, 50].map((hours) => store.add(revocation({ expiresAt: ago(hours) }), logout())),
    );
    const live = revocation();
    await store.add(live, logout());

    await until(noneExpired);

    expect(await store.isRevoked(about([live.key]))).toBe(true);
  });

  it('stay while another instance is at work on them', async () => {
    const store = await open(database.url, { upkeepIntervalMs: 100 });
    await other.query('BEGIN');
    await other.query(`SELECT pg_advisory_xact_lock(${lockKeyOf('partitions', DEFAULT_SCHEMA)})`);
    await database.query(`
      CREATE TABLE nestjs_logout.revoked_tokens_2001010100 PARTITION OF revoked_tokens_by_hour
      FOR VALUES FROM ('2001-01-01 00:00Z') TO ('2001-01-01 01:00Z')`);

    await sleep(500);
    const meanwhile = await expiredPartitions();
    await other.query('COMMIT');
    await until(noneExpired);

    expect(meanwhile).toEqual(['revoked_tokens_2001010100']);
    expect(await store.add(revocation(), logout())).toBe(true);
  });

  it('of the past are left out of a look-up, and the others are read by key', async () => {
    const store = await open(database.url);
    await Promise.all(
      [2, 3, 4].map((hours) => store.add(revocation({ expiresAt: ago(hours) }), logout())),
    );
    const question = about(['ab'.repeat(32)]);

    const steps = await stepsOf(cutoffQuery('revoked_cutoffs', [question]));

    const scans = steps.filter((step) => step['Relation Name'] !== undefined);
    const live = await livePartitions();
    expect(live.length).toBeGreaterThan(25);
    expect(scans).toHaveLength(live.length);
    expect(scans).toEqual(expect.arrayContaining(live.map(readByKey)));
    expect(steps.map((step) => step['Subplans Removed'] ?? 0)).toContain(3);
  });

  it('go with a million rows in them, and leave none to clean up', async () => {
    const store = await open(database.url, { upkeepIntervalMs: 3_600_000 });
    await store.add(revocation({ expiresAt: ago(2) }), logout());
    await store.add(revocation(), logout());
    await database.query(
      `INSERT INTO revoked_tokens (key, scope, issued_before, expires_at)
       SELECT sha256(place::text::bytea), 'token', 'infinity', $1
       FROM generate_series(1, 1000000) AS place`,
      [ago(2)],
    );

    const upkeep = await open(database.url, { upkeepIntervalMs: 100 });
    await until(noneExpired);
    await Promise.all([store.close(), upkeep.close()]); // sessions count what they did as they end

    const [rows] = await database.query(`
      SELECT sum(n_tup_ins)::int AS live, sum(n_dead_tup)::int AS dead
      FROM pg_stat_user_tables WHERE relname ^@ 'revoked_tokens_2'`);
    expect(rows).toEqual({ live: 1, dead: 0 });
  }, 120_000);
});

describe('Upkeep', () => {
  it('reports what goes wrong and goes on', async () => {
    const errors: Error[] = [];
    await open(database.url, { upkeepIntervalMs: 100, onError: (error) => errors.push(error) });
    await database.query('ALTER TABLE revoked_tokens_by_hour RENAME TO elsewhere');
    await until(() => errors.length > 1);
    await database.query('ALTER TABLE elsewhere RENAME TO revoked_tokens_by_hour');

    await database.query(`
      CREATE TABLE nestjs_logout.revoked_tokens_2001010100 PARTITION OF revoked_tokens_by_hour
      FOR VALUES FROM ('2001-01-01 00:00Z') TO ('2001-01-01 01:00Z')`);
    await until(noneExpired);

    expect(errors[0]).toMatchObject({ name: 'PostgresError', code: '42P01' });
  });

  it('delays no logout while a reader keeps an expired partition open for 10 s', async () => {
    const idle = await open(database.url);
    await other.query('BEGIN');
    await idle.add(revocation({ expiresAt: ago(2) }), logout());
    await other.query('SELECT count(*) FROM revoked_tokens');
    const store = await open(database.url, { upkeepIntervalMs: 100 });

    const durations = await logOutFor(store, 10_000);
    const whileRead = await expiredPartitions();
    await other.query('COMMIT');
    await until(noneExpired);

    expect(whileRead).toHaveLength(1);
    expect(durations.length).toBeGreaterThan(100);
    expect(percentile(durations, 0.99)).toBeLessThan(300);
  });
});
