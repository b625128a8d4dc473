import { about, logout, revocation } from '../../../src/testing/contract/contract';
import { randomBytes } from 'node:crypto';
import { DataSource, type MigrationInterface } from 'typeorm';
import { MIGRATIONS_TABLE, revocationMigrations } from '../../../migrations/revocation-migrations';
import { AuthEvent } from '../../../src/stores/postgres/auth-event.entity';
import { hourOf } from '../../../src/stores/postgres/schema/partition-names';
import { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { RevokedToken } from '../../../src/stores/postgres/revoked-token.entity';
import { createDatabase, type TestDatabase } from '../../support/database';
import { hostOf, openStore } from './open-store';

let database: TestDatabase;

beforeEach(async () => {
  database = await createDatabase();
});

afterEach(async () => {
  await database.drop();
});

const relations = async (schema = 'public'): Promise<unknown[]> => {
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
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname !~ 'migrations' ORDER BY 1, attnum`);

const migrationSource = (): Promise<DataSource> =>
  hostOf(database.url, {
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
      `SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace`,
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
    const source = await migrationSource();

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

    expect(await relations()).toEqual(expect.arrayContaining(['auth_events', 'users']));
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

    expect(await relations()).toEqual(expect.arrayContaining([MIGRATIONS_TABLE]));
  });
});

describe('Opening the store', () => {
  it('migrates once when three instances start on an empty database', async () => {
    const stores = await Promise.all([1, 2, 3].map(() => openStore(database.url)));
    const one = revocation();

    const answers = await Promise.all(stores.map((store) => store.add(one, logout())));
    await Promise.all(stores.map((store) => store.close()));

    expect(answers.filter((isNew) => isNew)).toHaveLength(1);
    expect(await database.query(`SELECT name FROM ${MIGRATIONS_TABLE}`)).toHaveLength(
      revocationMigrations.length,
    );
  });

  it('makes the partitions of the next 26 hours and of three months', async () => {
    const store = await openStore(database.url);
    await store.close();

    const [counts] = await database.query(`
      SELECT count(*) FILTER (WHERE inhparent = 'revoked_tokens'::regclass)::int AS hours,
        count(*) FILTER (WHERE inhparent = 'auth_events'::regclass)::int AS months
      FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid AND relkind = 'r'`);
    expect(counts).toEqual({ hours: 27, months: 3 });
  });

  it('says what to do when the tables are missing and it may not migrate', async () => {
    const store = new PostgresRevocationStore(hostOf(database.url), { migrate: false });

    await expect(store.open()).rejects.toThrow(
      'nestjs-logout: the tables in schema "public" are missing or out of date, and ' +
        '"migrate" is false. Run `revocationMigrations`',
    );
    expect(await relations()).toEqual([]);
  });

  it('says what to do when the last migration is missing and it may not migrate', async () => {
    const source = await migrationSource();
    await source.runMigrations();
    await source.undoLastMigration();
    await source.destroy();
    const store = new PostgresRevocationStore(hostOf(database.url), { migrate: false });

    await expect(store.open()).rejects.toThrow('are missing or out of date');
  });

  it('says what to do when the schema is missing', async () => {
    const store = new PostgresRevocationStore(hostOf(database.url, { schema: 'nowhere' }));

    await expect(store.open()).rejects.toThrow(
      'nestjs-logout: schema "nowhere" of the DataSource does not exist. Create it',
    );
  });

  it('says what to do when the search path leads to no schema', async () => {
    const name = new URL(database.url).pathname.slice(1);
    await database.query(`ALTER DATABASE ${name} SET search_path = nowhere`);
    const store = new PostgresRevocationStore(hostOf(database.url));

    await expect(store.open()).rejects.toThrow('set "schema" on the DataSource');
  });

  it('creates everything in the schema of the data source and nothing elsewhere', async () => {
    await database.query('CREATE SCHEMA "Log out"');
    const store = await openStore(database.url, {}, { schema: 'Log out' });
    const one = revocation();

    await store.add(one, logout({ subject: 'ada' }));

    expect(await store.isRevoked(about([one.key]))).toBe(true);
    expect((await store.audit.find({ subject: 'ada' })).events).toHaveLength(1);
    expect(await relations('Log out')).toEqual(expect.arrayContaining([MIGRATIONS_TABLE]));
    expect(await relations('public')).toEqual([]);
    await store.close();
  });

  it('lets a role without rights to create anything log out, and reports what is missing', async () => {
    await (await openStore(database.url)).close();
    const role = `runtime_${randomBytes(4).toString('hex')}`;
    await database.query(`DROP TABLE ${hourOf(new Date(Date.now() + 20 * 3_600_000)).name}`);
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    await database.query(`GRANT SELECT, INSERT ON revoked_tokens, auth_events TO ${role}`);
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
    expect(errors).toHaveLength(2);
    expect(errors).toContainEqual(expect.objectContaining({ code: '42501' }));
    expect(errors).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining('could not announce') as string }),
    );
  });

  it('may fail and be tried again', async () => {
    const store = new PostgresRevocationStore(hostOf(database.url, { schema: 'late' }));
    await expect(store.open()).rejects.toThrow(TypeError);
    await database.query('CREATE SCHEMA late');

    await store.open();
    await store.close();

    expect(await relations('late')).toEqual(expect.arrayContaining(['revoked_tokens']));
  });
});

describe('The data source of the host', () => {
  it('is read from its primary when it has replicas', async () => {
    const nowhere = 'postgres://nobody@127.0.0.1:1/nothing';
    const host = new DataSource({
      type: 'postgres',
      replication: { master: { url: database.url }, slaves: [{ url: nowhere }] },
    });
    const store = new PostgresRevocationStore(host);
    const one = revocation();

    await store.open();
    await store.add(one, logout());

    expect(await store.isRevoked(about([one.key]))).toBe(true);
    await store.close();
  });

  it('is left open, with its own time limits, when the store is closed', async () => {
    const host = await hostOf(database.url, { extra: { statement_timeout: 12_345 } }).initialize();
    const store = new PostgresRevocationStore(host);
    await store.open();
    await store.close();

    expect(host.isInitialized).toBe(true);
    expect(await host.query('SHOW statement_timeout')).toEqual([{ statement_timeout: '12345ms' }]);
    await host.destroy();
  });

  it('may synchronise its own entities: ours are readable, and left alone', async () => {
    const store = await openStore(database.url);
    const before = await structure();

    const host = await hostOf(database.url, {
      entities: [RevokedToken, AuthEvent],
      synchronize: true,
    }).initialize();
    await store.add(revocation({ subject: 'ada' }), logout({ ip: '203.0.113.7' }));

    expect(await structure()).toEqual(before);
    expect(await host.getRepository(RevokedToken).findOneByOrFail({})).toMatchObject({
      scope: 'token',
      subject: 'ada',
      issuedBefore: Infinity,
    });
    expect(await host.getRepository(AuthEvent).findOneByOrFail({})).toMatchObject({
      event: 'authn_token_revoked',
      ip: '203.0.113.7',
      subject: null,
    });
    await host.destroy();
    await store.close();
  });

  it('must be of PostgreSQL', () => {
    const host = new DataSource({ type: 'cockroachdb', timeTravelQueries: false });

    expect(() => new PostgresRevocationStore(host)).toThrow(
      'nestjs-logout: "dataSource" must be of type postgres, got cockroachdb.',
    );
  });
});
