import { about, logout, revocation } from '../../../src/testing/contract/contract';
import { randomBytes } from 'node:crypto';
import { DataSource, type MigrationInterface } from 'typeorm';
import { MIGRATIONS_TABLE, revocationMigrations } from '../../../migrations/revocation-migrations';
import { hourOf } from '../../../src/stores/postgres/schema/partition-names';
import { StoreUnavailableError } from '../../../src/revocation/errors';
import { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { createDatabase, withClient, type TestDatabase } from '../../support/database';
import { hostOf, openStore } from './open-store';
import { PATIENCE } from '../../support/patience';

let database: TestDatabase;

beforeEach(async () => {
  database = await createDatabase();
});

afterEach(async () => {
  await database.drop();
});

const relations = async (schema = 'nestjs_logout'): Promise<unknown[]> => {
  const rows = await database.query(
    `SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
     WHERE nspname = $1 ORDER BY relname`,
    [schema],
  );
  return rows.map(({ relname }) => relname);
};

/** Everything about the columns, keys, checks and triggers of a database. */
const structure = (): Promise<unknown> =>
  database.query(`
    SELECT c.relname, a.attname, a.atttypid::regtype::text, a.attnotnull,
      (SELECT string_agg(pg_get_constraintdef(oid), ';' ORDER BY conname)
         FROM pg_constraint WHERE conrelid = c.oid) AS constraints,
      (SELECT string_agg(pg_get_triggerdef(oid), ';' ORDER BY tgname)
         FROM pg_trigger WHERE tgrelid = c.oid) AS triggers
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE relnamespace = to_regnamespace('nestjs_logout') AND relkind IN ('r', 'p') AND relname !~ 'migrations' ORDER BY 1, attnum`);

const migrationSource = (options: Parameters<typeof hostOf>[1] = {}): Promise<DataSource> =>
  hostOf(database.url, {
    ...options,
    migrations: [...revocationMigrations],
    migrationsTableName: MIGRATIONS_TABLE,
  }).initialize();

const undoAll = async (source: DataSource): Promise<void> => {
  for (let left = revocationMigrations.length; left > 0; left -= 1) {
    await source.undoLastMigration();
  }
};

describe('The migrations', () => {
  it('can be undone, leaving nothing, and done again, giving the same', async () => {
    const source = await migrationSource();
    await source.runMigrations();
    const before = await structure();

    await undoAll(source);
    const between = await structure();
    const functions = await database.query(
      `SELECT proname FROM pg_proc WHERE pronamespace = to_regnamespace('nestjs_logout')`,
    );
    await source.runMigrations();
    await source.destroy();

    expect(between).toEqual([]);
    expect(functions).toEqual([]);
    expect(before).not.toEqual([]);
    expect(await structure()).toEqual(before);
  });

  it('can be undone while the tables have partitions and rows', async () => {
    const store = await openStore(database.url);
    await store.add(revocation(), logout());
    await store.close();
    const source = await migrationSource({ schema: 'nestjs_logout' });

    await undoAll(source);
    await source.destroy();

    expect(await structure()).toEqual([]);
  });

  it('run beside newer ones of the host, in one transaction with them', async () => {
    class CreateUsers1999999999999 implements MigrationInterface {
      up = async (runner: { query(sql: string): Promise<unknown> }): Promise<void> => {
        await runner.query('CREATE TABLE users (id int)');
      };
      down = (): Promise<void> => Promise.resolve();
    }
    const source = await hostOf(database.url, {
      migrations: [CreateUsers1999999999999, ...revocationMigrations],
    }).initialize();

    await source.runMigrations({ transaction: 'all' });
    await source.destroy();

    expect(await relations()).toEqual(expect.arrayContaining(['auth_events']));
    expect(await relations('public')).toEqual(expect.arrayContaining(['migrations', 'users']));
    expect(await relations('public')).toHaveLength(4); // a sequence and a key of the list
  });

  it('are run by TypeORM’s command line through ormconfig', async () => {
    process.env.DATABASE_URL = database.url;
    const { default: source } = jest.requireActual<{ default: DataSource }>('../../../ormconfig');
    delete process.env.DATABASE_URL;

    await source.initialize();
    await source.runMigrations();
    await source.destroy();
    const store = await openStore(database.url, { migrate: false });
    await store.close();

    expect(await relations('public')).toEqual(expect.arrayContaining([MIGRATIONS_TABLE]));
  });

  it('may run again from another list of what has run, and change nothing', async () => {
    const source = await migrationSource();
    await source.runMigrations();
    await source.destroy();
    const before = await structure();

    const store = await openStore(database.url);
    await store.add(revocation(), logout());
    await store.close();

    expect(await structure()).toEqual(expect.arrayContaining(before as unknown[]));
  });
});

describe('Opening the store', () => {
  it('migrates once when three instances start on an empty database', async () => {
    const stores = await Promise.all([1, 2, 3].map(() => openStore(database.url)));
    const one = revocation();

    const answers = await Promise.all(stores.map((store) => store.add(one, logout())));
    await Promise.all(stores.map((store) => store.close()));

    expect(answers.filter((isNew) => isNew)).toHaveLength(1);
    expect(await database.query(`SELECT name FROM nestjs_logout.${MIGRATIONS_TABLE}`)).toHaveLength(
      revocationMigrations.length,
    );
  });

  it('makes the partitions of the next 26 hours and of four days of the audit, and no wider one', async () => {
    const store = await openStore(database.url);
    await store.close();

    const [counts] = await database.query(`
      SELECT count(*) FILTER (WHERE inhparent = 'revoked_tokens_by_hour'::regclass)::int AS hours,
        count(*) FILTER (WHERE inhparent = 'revoked_tokens_by_day'::regclass)::int AS days,
        count(*) FILTER (WHERE inhparent = 'auth_events'::regclass)::int AS audited
      FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid AND relkind = 'r'`);
    expect(counts).toEqual({ hours: 27, days: 0, audited: 4 });
  });

  it('says what to do when the tables are missing and it may not migrate', async () => {
    const store = new PostgresRevocationStore(hostOf(database.url), {
      ...PATIENCE,
      migrate: false,
    });

    await expect(store.open()).rejects.toThrow(
      /the tables in schema "nestjs_logout" are missing or out of date, and "migrate" is false\. Missing: .*revoked_tokens/,
    );
    expect(await relations()).toEqual([]);
  });

  it('says what to do when the last migration is missing and it may not migrate', async () => {
    const source = await migrationSource();
    await source.runMigrations();
    await source.undoLastMigration();
    await source.destroy();
    const store = new PostgresRevocationStore(hostOf(database.url), {
      ...PATIENCE,
      migrate: false,
    });

    await expect(store.open()).rejects.toThrow('are missing or out of date');
  });

  it.each([
    ['was dropped', 'DROP TRIGGER revoked_tokens_log ON revoked_tokens'],
    ['is off', 'ALTER TABLE ONLY revoked_tokens DISABLE TRIGGER revoked_tokens_log'],
    [
      'is passed over by some sessions',
      'ALTER TABLE ONLY revoked_tokens ENABLE TRIGGER revoked_tokens_log',
    ],
  ])('notices that the trigger of the log %s, and makes it anew', async (_, harm) => {
    await (await openStore(database.url)).close();
    await database.query(harm);
    const poor = new PostgresRevocationStore(hostOf(database.url), { ...PATIENCE, migrate: false });
    await expect(poor.open()).rejects.toThrow('Missing: revoked_tokens_log.');

    const mended = await openStore(database.url);
    await mended.add(revocation(), logout());
    await mended.close();

    expect(await database.query('SELECT FROM revocation_log')).toHaveLength(1);
  });

  it('creates everything in the schema that is named and nothing elsewhere', async () => {
    await database.query('CREATE SCHEMA tenant');
    const store = await openStore(database.url, { schema: 'Log out' }, { schema: 'tenant' });
    const one = revocation();

    await store.add(one, logout({ subject: 'ada' }));

    expect(await store.isRevoked(about([one.key]))).toBe(true);
    expect((await store.audit.find({ subject: 'ada' })).events).toHaveLength(1);
    expect(await relations('Log out')).toEqual(expect.arrayContaining([MIGRATIONS_TABLE]));
    expect([await relations('public'), await relations('tenant')]).toEqual([[], []]);
    await store.close();
  });

  it('lets a role without rights to create anything log out, and reports what is missing', async () => {
    await (await openStore(database.url)).close();
    const role = `runtime_${randomBytes(4).toString('hex')}`;
    await database.query(`DROP TABLE ${hourOf(new Date(Date.now() + 20 * 3_600_000)).name}`);
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    await database.query(`GRANT USAGE ON SCHEMA nestjs_logout TO ${role};
      GRANT SELECT, INSERT ON revoked_tokens, auth_events TO ${role};
      GRANT SELECT ON revoked_tokens_by_hour, revoked_tokens_by_day, revoked_tokens_by_month,
        revocation_log, revocation_log_snapshots, replica_instances
        TO ${role};
      GRANT EXECUTE ON FUNCTION add_revocations, live_revocations, read_revocation_log,
        revoked_cutoffs, missing_logout_partitions TO ${role}`);
    const url = new URL(database.url);
    url.username = role;
    url.password = 'secret';
    const errors: Error[] = [];

    const store = await openStore(url.href, {
      migrate: false,
      onError: (error) => errors.push(error),
    });
    const one = revocation();
    const isNew = await store.add(one, logout());
    const isRevoked = await store.isRevoked(about([one.key]));
    await store.close();
    await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);

    expect([isNew, isRevoked]).toEqual([true, true]);
    expect(errors).toHaveLength(3);
    for (const name of ['make_logout_partition', 'trim_revocation_log'])
      expect(errors).toContainEqual(
        expect.objectContaining({
          code: '42501',
          message: `permission denied for function ${name}`,
        }),
      );
    expect(errors).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining('could not announce') as string }),
    );
  });

  it('may fail and be tried again', async () => {
    const name = new URL(database.url).pathname.slice(1);
    await database.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    const store = new PostgresRevocationStore(hostOf(database.url), PATIENCE);
    await expect(store.open()).rejects.toThrow(StoreUnavailableError);
    await withClient(database.url, (client) =>
      client.query(`SET transaction_read_only = off;
        ALTER DATABASE ${name} RESET default_transaction_read_only`),
    );

    await store.open();
    await store.close();

    expect(await relations()).toEqual(expect.arrayContaining(['revoked_tokens']));
  });
});

describe('The data source of the host', () => {
  it('is read from its primary when it has replicas', async () => {
    const nowhere = 'postgres://nobody@127.0.0.1:1/nothing';
    const host = new DataSource({
      type: 'postgres',
      replication: { master: { url: database.url }, slaves: [{ url: nowhere }] },
    });
    const store = new PostgresRevocationStore(host, PATIENCE);
    const one = revocation();

    await store.open();
    await store.add(one, logout());

    expect(await store.isRevoked(about([one.key]))).toBe(true);
    await store.close();
  });

  it('is left open, with its own time limits, when the store is closed', async () => {
    const host = await hostOf(database.url, { extra: { statement_timeout: 12_345 } }).initialize();
    const store = new PostgresRevocationStore(host, PATIENCE);
    await store.open();
    await store.close();

    expect(host.isInitialized).toBe(true);
    expect(await host.query('SHOW statement_timeout')).toEqual([{ statement_timeout: '12345ms' }]);
    await host.destroy();
  });

  it('must be of PostgreSQL', () => {
    const host = new DataSource({ type: 'cockroachdb', timeTravelQueries: false });

    expect(() => new PostgresRevocationStore(host)).toThrow(
      'nestjs-logout: "dataSource" must be of type postgres, got cockroachdb.',
    );
  });
});
