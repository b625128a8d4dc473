import { describeRevocationStore } from '../../../src/testing/contract/revocation-store-contract';
import { about, logout, revocation } from '../../../src/testing/contract/contract';
import { randomBytes } from 'node:crypto';
import { hourOf, monthOf } from '../../../src/stores/postgres/schema/partition-names';
import type { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { createDatabase, withClient, type TestDatabase } from '../../support/database';
import { openStore } from './open-store';
import { until } from '../../support/until';

const HOUR_MS = 3_600_000;
const fromNow = (hours: number): Date => new Date(Date.now() + hours * HOUR_MS);

/** All that the role of the service needs, as docs/operations.md says. */
const grants = (role: string): string => `
  GRANT USAGE ON SCHEMA logout TO ${role};
  GRANT SELECT, INSERT ON logout.revoked_tokens, logout.auth_events TO ${role};
  GRANT SELECT, INSERT, UPDATE, DELETE ON logout.replica_instances TO ${role};
  GRANT EXECUTE ON FUNCTION logout.add_revocations, logout.revoked_cutoffs, logout.revoked_since,
    logout.make_logout_partition, logout.purge_revocations TO ${role}`;

const suffix = randomBytes(4).toString('hex');
const owner = `owner_${suffix}`;
const runtime = `runtime_${suffix}`;

let database: TestDatabase;
/** What the stores had to report. */
const errors: Error[] = [];

const urlOf = (role: string): string => {
  const url = new URL(database.url);
  url.username = role;
  url.password = 'secret';
  return url.href;
};

const open = (role: string, migrate: boolean): Promise<PostgresRevocationStore> =>
  openStore(
    urlOf(role),
    { migrate, upkeepIntervalMs: 100, onError: (error) => errors.push(error) },
    { schema: 'logout' },
  );

/** Runs SQL as the role of the service. */
const asRuntime = (sql: string): Promise<unknown> =>
  withClient(urlOf(runtime), (client) => client.query(sql));

const ownerOf = async (partition: string): Promise<unknown> => {
  const rows = await database.query(
    'SELECT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE relname = $1',
    [partition],
  );
  return rows[0]?.['owner'];
};

const OLD = 'revoked_tokens_2001010100';
const THIS_MONTH = monthOf(new Date()).name;

beforeAll(async () => {
  database = await createDatabase();
  const name = new URL(database.url).pathname.slice(1);
  await database.query(`
    CREATE ROLE ${owner} LOGIN PASSWORD 'secret';
    CREATE ROLE ${runtime} LOGIN PASSWORD 'secret';
    CREATE SCHEMA logout AUTHORIZATION ${owner};
    ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
    REVOKE ALL ON DATABASE ${name} FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC;
    GRANT CONNECT ON DATABASE ${name} TO ${owner}, ${runtime}`);
  await (await open(owner, true)).close();
  await database.query(grants(runtime));
});

afterAll(async () => {
  await database.query(`DROP OWNED BY ${owner}, ${runtime}`);
  await database.drop();
});

describeRevocationStore(
  'PostgresRevocationStore under a role that owns nothing',
  async () => ({
    store: await open(runtime, false),
    now: async () => (await database.query('SELECT now()'))[0]!['now'] as Date,
  }),
  { describe, it, beforeAll, afterAll },
  { forgetsAtOnce: false },
);

describe('A role that owns nothing', () => {
  it('looks tokens up', async () => {
    const store = await openStore(
      urlOf(runtime),
      { migrate: false, check: 'direct' },
      { schema: 'logout' },
    );
    const one = revocation();
    await store.add(one, logout());

    expect(await store.isRevoked(about([one.key]))).toBe(true);
    expect(await store.isRevoked(about([revocation().key]))).toBe(false);
    await store.close();
  });

  it('makes the partitions that are lacking, and they are not its own', async () => {
    const store = await open(runtime, false);
    const far = revocation({ expiresAt: fromNow(5000) });

    const isNew = await store.add(far, logout());
    await store.close();

    expect(isNew).toBe(true);
    expect(await ownerOf(hourOf(far.expiresAt).name)).toBe(owner);
  });

  it('purges what has expired', async () => {
    await asRuntime("SELECT logout.make_logout_partition('revoked_tokens', '2001-01-01 00:30Z')");
    const before = await ownerOf(OLD);
    const store = await open(runtime, false);

    await until(async () => (await ownerOf(OLD)) === undefined);
    await store.close();

    expect(before).toBe(owner);
  });

  it.each([
    'DROP TABLE logout.auth_events',
    `DROP TABLE logout.${THIS_MONTH}`,
    `ALTER TABLE logout.${THIS_MONTH} DISABLE TRIGGER ALL`,
    `ALTER TABLE logout.auth_events DETACH PARTITION logout.${THIS_MONTH}`,
    'DELETE FROM logout.auth_events',
    "UPDATE logout.auth_events SET subject = 'eve'",
    'TRUNCATE logout.auth_events',
    'DELETE FROM logout.revoked_tokens',
    'UPDATE logout.revoked_tokens SET expires_at = now()',
    'TRUNCATE logout.revoked_tokens',
    'CREATE TABLE logout.own ()',
  ])('cannot %s', async (sql) => {
    await expect(asRuntime(sql)).rejects.toMatchObject({ code: '42501' });
  });

  it.each([
    ['another table', "'replica_instances', now()"],
    ['more than a table', `'auth_events" (LIKE pg_class); --', now()`],
    ['no table', 'NULL, now()'],
    ['no hour', "'revoked_tokens', 'infinity'"],
    ['never', "'revoked_tokens', NULL"],
  ])('makes no partition of %s', async (_, parameters) => {
    await expect(
      asRuntime(`SELECT logout.make_logout_partition(${parameters})`),
    ).rejects.toMatchObject({ code: '22023' });
  });

  it('cannot purge a month of the audit by tables that look like the catalog', async () => {
    const name = new URL(database.url).pathname.slice(1);
    await database.query(`GRANT TEMP ON DATABASE ${name} TO ${runtime}`);
    await asRuntime(`
      SELECT logout.make_logout_partition('revoked_tokens', '2001-01-01 00:30Z');
      CREATE TEMP TABLE pg_inherits AS
        SELECT 'logout.${THIS_MONTH}'::regclass::oid AS inhrelid,
          'logout.revoked_tokens'::regclass::oid AS inhparent;
      CREATE TEMP TABLE pg_class AS
        SELECT 'logout.${THIS_MONTH}'::regclass::oid AS oid, relpartbound
        FROM pg_catalog.pg_class WHERE relname = '${OLD}';
      SET search_path = pg_temp, pg_catalog;
      SELECT logout.purge_revocations()`);

    expect(await ownerOf(THIS_MONTH)).toBe(owner);
    expect(await ownerOf(OLD)).toBeUndefined();
  });

  it('has nothing to report', () => {
    expect(errors).toEqual([]);
  });
});
