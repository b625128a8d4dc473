import { logout, randomKey, revocation } from '../../../src/testing/contract/contract';
import timers from 'node:timers/promises';
import { Client } from 'pg';
import { DEFAULT_SCHEMA } from '../../../migrations/schema-names';
import { StoreUnavailableError } from '../../../src/revocation/errors';
import { APPLIED_PER_TURN } from '../../../src/revocation/feed-slice';
import type { FeedCursor } from '../../../src/revocation/revocation-feed';
import { fewQuery, liveQuery, newQuery } from '../../../src/stores/postgres/feed/feed-queries';
import { hourOf } from '../../../src/stores/postgres/schema/partition-names';
import type { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { Tables } from '../../../src/stores/postgres/connection/tables';
import { createDatabase, createMigratedDatabase, type TestDatabase } from '../../support/database';
import { ranFor } from '../../support/own-time';
import { appliedPerTurn } from '../../support/turns';
import { halfOf, openFeed, type OpenFeed, type Reading } from './open-feed';
import { openStore } from './open-store';

const HOUR_MS = 3_600_000;
const ahead = (hours: number): Date => new Date(Date.now() + hours * HOUR_MS);

let database: TestDatabase;
let store: PostgresRevocationStore;
let open: OpenFeed;
const writers: Client[] = [];

beforeEach(async () => {
  database = await createMigratedDatabase();
  store = await openStore(database.url, { check: 'direct' });
  open = await openFeed(database.url);
});

afterEach(async () => {
  await Promise.all(writers.splice(0).map((writer) => writer.end()));
  await open.close();
  await store.close();
  await database.drop();
});

/** A session of another client, in a transaction. */
const begin = async (url = database.url): Promise<Client> => {
  const writer = new Client({ connectionString: url });
  writer.on('error', () => undefined); // of the one whose database is dropped
  await writer.connect();
  writers.push(writer);
  await writer.query('BEGIN');
  return writer;
};

/** Writes as the store does, but leaves the end of the transaction to the test. */
const insert = async (writer: Client, key = randomKey()): Promise<string> => {
  await writer.query(
    `INSERT INTO revoked_tokens (key, scope, issued_before, expires_at)
     VALUES (decode($1, 'hex'), 'token', 'infinity', now() + interval '1 hour')`,
    [key],
  );
  return key;
};

/** Adds a revocation by COPY. */
const copyIn = (writer: Client, key: string): Promise<unknown> =>
  writer.query(
    `COPY revoked_tokens (key, scope, issued_before, expires_at)
     FROM PROGRAM $$printf '%s,token,infinity,%s' '\\x${key}' '${ahead(1).toISOString()}'$$ CSV`,
  );

/** Adds that many revocations of a scope in one statement, over the coming day. */
const insertMany = (count: number, scope: 'token' | 'subject'): Promise<unknown> =>
  database.query(
    `INSERT INTO revoked_tokens (key, scope, issued_before, expires_at)
     SELECT sha256(($1 || place)::bytea), $2::text,
       CASE WHEN $2::text = 'token' THEN 'infinity' ELSE now() END,
       now() + interval '1 minute' + (place % 24) * interval '1 hour'
     FROM generate_series(1, $3::int) AS place`,
    [randomKey(), scope, count],
  );

/** Adds that many revocations in one statement, by turns to so many hours. */
const insertOver = (count: number, hours: number): Promise<unknown> =>
  database.query(
    `INSERT INTO revoked_tokens (key, scope, issued_before, expires_at)
     SELECT sha256(($1 || place)::bytea), 'token', 'infinity',
       date_trunc('hour', now(), 'UTC') + (1.5 + place % $3::int) * interval '1 hour'
     FROM generate_series(1, $2::int) AS place`,
    [randomKey(), count, hours],
  );

/** Adds as many frames of one revocation each in one transaction. */
const insertFrames = async (count: number): Promise<Set<string>> => {
  const writer = await begin();
  const inserted = new Set<string>();
  for (let at = 0; at < count; at += 1) inserted.add(halfOf(await insert(writer)));
  await writer.query('COMMIT');
  return inserted;
};

const load = async (): Promise<FeedCursor> => (await open.read(null)).cursor!;

/** One catch-up after the other, each from where the one before came to. */
const follow = async (since: FeedCursor, steps: readonly (() => Promise<unknown>)[]) => {
  const readings: Reading[] = [];
  for (const step of steps) {
    await step();
    readings.push(await open.read(readings.at(-1)?.cursor ?? since));
  }
  return readings;
};

describe('The feed', () => {
  it('tells of what others write: by plain SQL, by COPY, in a transaction of their own', async () => {
    const since = await load();
    const writer = await begin();
    const inserted = [await insert(writer)];
    const copied = randomKey();
    await copyIn(writer, copied);
    const during = await open.read(since);

    await writer.query('COMMIT');
    const after = await open.read(during.cursor);

    expect(during.tokens).toEqual([]);
    expect(after.tokens.toSorted()).toEqual([...inserted, copied].map(halfOf).toSorted());
  });

  it('tells of what a role writes whose session runs no ordinary triggers', async () => {
    const since = await load();
    const writer = await begin();
    await writer.query('SET LOCAL session_replication_role = replica');
    const key = await insert(writer);
    await writer.query('COMMIT');

    expect((await open.read(since)).tokens).toEqual([halfOf(key)]);
  });

  it('does not tell of what was put straight into a partition, for which no role has the right', async () => {
    const since = await load();
    const key = randomKey();

    await database.query(
      `INSERT INTO revoked_tokens_by_hour (key, scope, issued_before, expires_at)
       VALUES (decode($1, 'hex'), 'token', 'infinity', now() + interval '1 hour')`,
      [key],
    );

    expect((await open.read(since)).tokens).toEqual([]);
    expect((await open.read(null)).tokens).toEqual([halfOf(key)]);
    // That no role but the owner has it: runtime-role.spec.ts.
  });

  it('loads all that is live, and nothing that has expired', async () => {
    const token = revocation();
    const session = revocation({ scope: 'session', expiresAt: ahead(30 * 24) });
    const subject = revocation({ scope: 'subject', issuedBefore: new Date() });
    const banned = revocation({ scope: 'subject' });
    for (const one of [token, session, subject, banned]) await store.add(one, logout());
    await store.add(revocation({ expiresAt: ahead(-1) }), logout());

    const { tokens, others } = await open.read(null);

    expect(tokens.toSorted()).toEqual([token, session].map(({ key }) => halfOf(key)).toSorted());
    expect(others.toSorted()).toEqual([subject.key, banned.key].toSorted());
  });

  it('tells until when what is absolute is needed, and of a cutoff all that a check asks', async () => {
    const since = await load();
    const token = revocation({
      expiresAt: new Date(Math.ceil(Date.now() / HOUR_MS + 1) * HOUR_MS + 1),
    });
    const subject = revocation({
      scope: 'subject',
      issuedBefore: new Date(Date.now() - 1234),
      expiresAt: ahead(7),
    });
    for (const one of [token, subject]) await store.add(one, logout());

    const { slices } = await open.read(since);

    expect(
      slices.flatMap(({ absolute }) => absolute.map(({ expiresBefore }) => expiresBefore)),
    ).toEqual([new Date(token.expiresAt.getTime() - 1 + HOUR_MS)]);
    const { key, issuedBefore, expiresAt } = subject;
    expect(slices.flatMap(({ cutoffs }) => cutoffs)).toEqual([{ key, issuedBefore, expiresAt }]);
  });

  it('tells each catch-up what is new since the read before, and nothing else', async () => {
    await store.add(revocation(), logout());
    const [first, second] = [revocation(), revocation()];

    const readings = await follow(await load(), [
      () => store.add(first, logout()),
      () => store.add(second, logout()),
      () => Promise.resolve(),
    ]);

    const halves = readings.map(({ tokens }) => tokens);
    expect(halves).toEqual([[halfOf(first.key)], [halfOf(second.key)], []]);
  });

  it('loses neither of two transactions that commit in the other order than they began', async () => {
    const early = await begin();
    const earlyKey = await insert(early);
    const late = await begin();
    const lateKey = await insert(late);

    const readings = await follow(await load(), [
      () => late.query('COMMIT'),
      () => early.query('COMMIT'),
    ]);

    expect(readings.map(({ tokens }) => tokens)).toEqual([[halfOf(lateKey)], [halfOf(earlyKey)]]);
  });

  it('never tells of what was rolled back', async () => {
    const writer = await begin();
    await insert(writer);

    const readings = await follow(await load(), [
      () => Promise.resolve(),
      () => writer.query('ROLLBACK'),
      () => store.add(revocation(), logout()),
    ]);

    expect(readings.map(({ tokens }) => tokens.length)).toEqual([0, 0, 1]);
  });

  it('tells of what followed a savepoint, and not of what was rolled back to it', async () => {
    const writer = await begin();
    const kept = await insert(writer);
    await writer.query('SAVEPOINT first');
    await insert(writer);
    await writer.query('ROLLBACK TO first; SAVEPOINT second');
    const inner = await insert(writer);

    const [reading] = await follow(await load(), [() => writer.query('COMMIT')]);

    expect(reading?.tokens.toSorted()).toEqual([kept, inner].map(halfOf).toSorted());
  });

  it('is not held up, nor led astray, by a writer that is idle in another database', async () => {
    const elsewhere = await createDatabase();
    const idle = await begin(elsewhere.url);
    await idle.query('CREATE TABLE notes ()');
    await store.add(revocation(), logout());
    const since = await load();
    const keys = Array.from({ length: 50 }, () => revocation());
    for (const one of keys) await store.add(one, logout());

    const readings = await follow(since, [
      () => Promise.resolve(),
      () => idle.query('COMMIT').then(() => elsewhere.drop()),
    ]);

    expect(since.snapshot.split(':')[2]).not.toBe('');
    expect(readings.map(({ tokens }) => tokens.length)).toEqual([50, 0]);
  });

  it('hands over a hundred thousand at once, and lets requests be answered all the while', async () => {
    const since = await load();
    await insertMany(100_000, 'token');
    await insertMany(5000, 'subject');

    const caughtUp = await open.read(since);
    const loaded = await open.read(null);
    const perTurn = [
      ...(await appliedPerTurn((apply) => open.feed.read(since, apply))),
      ...(await appliedPerTurn((apply) => open.feed.read(null, apply))),
    ];

    expect(new Set(caughtUp.tokens).size).toBe(100_000);
    expect(new Set(caughtUp.others).size).toBe(5000);
    expect(new Set(loaded.tokens)).toEqual(new Set(caughtUp.tokens));
    expect(new Set(loaded.others)).toEqual(new Set(caughtUp.others));
    expect(Math.max(...perTurn)).toBeLessThan(2 * APPLIED_PER_TURN);
  });

  it('rests between the parts of a catch-up, and of no load', async () => {
    const steady = await openFeed(database.url, { maxStalenessMs: 60_000 });
    const since = await load();
    await insertMany(5000, 'token');
    const sleep = jest.spyOn(timers, 'setTimeout');
    const restsIn = async (cursor: FeedCursor | null): Promise<number> => {
      sleep.mockClear();
      await steady.feed.read(cursor, () => undefined);
      return sleep.mock.calls.length;
    };

    expect(await restsIn(since)).toBeGreaterThan(9);
    expect(await restsIn(null)).toBe(0);
    sleep.mockRestore();
    await steady.close();
  });

  it.each([31, 32, 33])('loses none where %i frames are new', async (count) => {
    const since = await load();
    const inserted = await insertFrames(count);

    const { tokens, slices, cursor } = await open.read(since);

    expect(slices).toHaveLength(count);
    expect(new Set(tokens)).toEqual(inserted);
    expect((await open.read(cursor)).tokens).toEqual([]);
  });

  it.each([
    ['512 of one hour', 512, 1, 1],
    ['513 of one hour', 513, 1, 2],
    ['240 of 24 hours, ten of each', 240, 24, 24],
  ])('has as few frames as can be: %s', async (_, count, hours, frames) => {
    const since = await load();
    await insertOver(count, hours);

    const { tokens } = await open.read(since);

    expect(new Set(tokens).size).toBe(count);
    expect((await database.query('SELECT FROM revocation_log')).length).toBe(frames);
  });

  it('sees one instant, though it reads in many pages', async () => {
    await insertMany(20_000, 'token');
    const during: Promise<boolean>[] = [];

    const slices: number[] = [];
    const cursor = await open.feed.read(null, ({ absolute }) => {
      slices.push(absolute.reduce((sum, { prefixes }) => sum + prefixes.length / 16, 0));
      during.push(store.add(revocation({ expiresAt: ahead(23) }), logout()));
    });
    await Promise.all(during);
    const next = await open.read(cursor);

    expect(slices.reduce((sum, size) => sum + size)).toBe(20_000);
    expect(next.tokens).toHaveLength(during.length);
  });

  it('shows the clock what time the database has', async () => {
    const before = open.clock.skewMs;

    await load();

    expect(before).toBeNull();
    expect(open.clock.skewMs).toEqual(expect.any(Number));
    expect(Math.abs(open.clock.skewMs!)).toBeLessThan(5000);
  });

  it('finds what is new by its transaction, and reads nothing but the log for it', async () => {
    await insertMany(20_000, 'token');
    const since = await load();
    await insertMany(10, 'token');
    const reader = await begin();
    for (const query of [fewQuery, newQuery])
      await reader.query(query(new Tables(DEFAULT_SCHEMA), since));

    const { rows } = await reader.query(
      `SELECT relname FROM pg_class, pg_stat_get_xact_numscans(oid) AS scans
       WHERE relnamespace = 'nestjs_logout'::regnamespace AND scans > 0 ORDER BY 1`,
    );

    expect(rows).toEqual([
      { relname: 'revocation_log_snapshots' },
      { relname: 'revocation_log_xid' },
    ]);
  });

  it('loads without a look at the partitions of the past', async () => {
    await store.add(revocation({ expiresAt: ahead(-2) }), logout());
    const past = hourOf(ahead(-2)).name;
    const reader = await begin();
    await reader.query(liveQuery(new Tables(DEFAULT_SCHEMA)));

    const { rows } = await reader.query(
      `SELECT count(*) FILTER (WHERE relname ^@ $1)::int AS past, max(scans)::int AS most
       FROM pg_class, pg_stat_get_xact_numscans(oid) AS scans
       WHERE relname ^@ 'revoked_tokens_2' AND scans > 0`,
      [past],
    );

    expect(rows).toEqual([{ past: 0, most: 1 }]);
  });

  it('does not read on from a cursor of another server, or of later than now', async () => {
    const { snapshot, server } = await load();
    await store.add(revocation(), logout());

    const readings = [
      await open.read({ snapshot, server: `${server}0` }),
      await open.read({ snapshot: '900000000:900000000:', server }),
    ];

    expect(readings).toMatchObject([
      { cursor: null, tokens: [] },
      { cursor: null, tokens: [] },
    ]);
  });

  it('gives up in time on a database that does not answer, and goes on when it does', async () => {
    const since = await load();
    const hurried = await openFeed(database.url, { lookupTimeoutMs: 1000 });
    const locker = await begin();
    await locker.query('LOCK TABLE revocation_log IN ACCESS EXCLUSIVE MODE');

    const error = await hurried.read(since).catch((reason: unknown) => reason);
    await locker.query('COMMIT');
    const after = await hurried.read(since);
    await hurried.close();

    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect((error as Error).cause).toHaveProperty(
      'message',
      expect.stringMatching(/timeout|within/),
    );
    expect(after.cursor).not.toBeNull();
  });

  it('ends a read that is under way when it is closed, and may be used again', async () => {
    const locker = await begin();
    await locker.query('LOCK TABLE revoked_tokens IN ACCESS EXCLUSIVE MODE');
    let error: unknown;
    const reading = open.read(null).catch((reason: unknown) => (error = reason));

    setTimeout(() => void open.feed.close(), 100);
    const tookMs = await ranFor(() => reading);
    await locker.query('COMMIT');

    expect(error).toHaveProperty('cause.message', 'the feed was closed');
    expect(tookMs).toBeLessThan(5000);
    expect((await open.read(null)).cursor).not.toBeNull();
  });
});
