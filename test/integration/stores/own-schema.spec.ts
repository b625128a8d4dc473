import { ADDITION_PARAMETERS } from '../../../migrations/addition-columns';
import { DataSource, EntitySchema } from 'typeorm';
import { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { createDatabase, withClient, type TestDatabase } from '../../support/database';
import { about, logout, revocation } from '../../../src/testing/contract/contract';
import { until } from '../../support/until';
import { openStore } from './open-store';

let database: TestDatabase;
const opened: PostgresRevocationStore[] = [];

beforeEach(async () => {
  database = await createDatabase();
  const name = new URL(database.url).pathname.slice(1);
  await database.query(`ALTER DATABASE ${name} RESET search_path`);
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
  await database.drop();
});

const open = async (
  url: string,
  options: Parameters<typeof openStore>[1] = {},
  hostOptions: Parameters<typeof openStore>[2] = {},
): Promise<PostgresRevocationStore> => {
  const store = await openStore(url, options, hostOptions);
  opened.push(store);
  return store;
};

/** Logs out and asks; whether the token is refused, and the audit tells of it. */
const logsOut = async (store: PostgresRevocationStore): Promise<boolean> => {
  const one = revocation({ tokenId: 'one' });
  await store.add(one, logout({ tokenId: one.key.slice(0, 20) }));
  const { events } = await store.audit.find({ tokenId: one.key.slice(0, 20) });
  return events.length === 1 && (await store.isRevoked(about([one.key])));
};

/** Schemas that hold something of ours. */
const homes = async (): Promise<unknown[]> => {
  const rows = await database.query(`
    SELECT DISTINCT relnamespace::regnamespace::text AS name FROM pg_class
    WHERE relname ~ '^(revoked_tokens|auth_events|replica_instances|nestjs_logout)' ORDER BY 1`);
  return rows.map(({ name }) => name);
};

const Note = new EntitySchema<{ id: number }>({
  name: 'note',
  columns: { id: { type: 'int', primary: true } },
});

describe('A host that', () => {
  it('drops its schema and synchronises at each start meets nothing of ours', async () => {
    const errors: Error[] = [];
    const one = revocation();
    const answers: boolean[] = [];
    for (let start = 0; start < 3; start += 1) {
      const host = await new DataSource({
        type: 'postgres',
        url: database.url,
        entities: [Note],
        dropSchema: true,
        synchronize: true,
      }).initialize();
      const store = await open(database.url, {
        check: 'direct',
        onError: (error) => errors.push(error),
      });
      if (start === 0) await store.add(one, logout());
      answers.push(await store.isRevoked(about([one.key])), await logsOut(store));
      await host.destroy();
    }

    expect(answers).toEqual([true, true, true, true, true, true]);
    expect(await homes()).toEqual(['nestjs_logout']);
    expect(errors).toEqual([]);
  });

  it('empties every table of its schema meets nothing of ours', async () => {
    await database.query('CREATE TABLE note (id int); INSERT INTO note VALUES (1)');
    const store = await open(database.url, { check: 'direct' });
    const one = revocation();
    await store.add(one, logout());

    const tables = await database.query(
      "SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'",
    );
    await database.query(`TRUNCATE ${tables.map(({ name }) => name).join(', ')} CASCADE`);

    expect(tables).toEqual([{ name: 'note' }]);
    expect(await store.isRevoked(about([one.key]))).toBe(true);
  });

  it('has another search_path, as a start-up option or by its role, has ours in our schema', async () => {
    await database.query('CREATE SCHEMA tenant');
    const encoded = `${database.url}?options=-c%20search_path%3Dtenant%20-c%20work_mem%3D5MB`;
    const byUrl = await open(encoded);
    const byExtra = await open(database.url, {}, { extra: { options: '-c search_path=tenant' } });

    expect([await logsOut(byUrl), await logsOut(byExtra)]).toEqual([true, true]);
    expect(await homes()).toEqual(['nestjs_logout']);
  });

  it('names another schema has them there, beside those of other hosts', async () => {
    const one = revocation();
    const ours = await open(database.url, { schema: 'Log out', check: 'direct' });
    const theirs = await open(database.url, { check: 'direct' });

    await ours.add(one, logout());

    expect(await logsOut(ours)).toBe(true);
    expect(await theirs.isRevoked(about([one.key]))).toBe(false);
    expect(await homes()).toEqual(['nestjs_logout', '"Log out"'].sort());
  });

  it('has functions in public that fit our calls better is not asked by us', async () => {
    await database.query(`
      CREATE TABLE called (what text);
      CREATE FUNCTION concat_ws(text, bigint, text, numeric, numeric) RETURNS text LANGUAGE sql
        AS $$ INSERT INTO public.called VALUES ('concat_ws'); SELECT 'evil' $$;
      CREATE FUNCTION round(double precision) RETURNS text LANGUAGE sql
        AS $$ INSERT INTO public.called VALUES ('round'); SELECT '1' $$;
      CREATE FUNCTION sees(xid8, xid8) RETURNS boolean LANGUAGE sql
        AS $$ INSERT INTO public.called VALUES ('>='); SELECT false $$;
      CREATE OPERATOR >= (FUNCTION = sees, LEFTARG = xid8, RIGHTARG = xid8)`);
    const name = new URL(database.url).pathname.slice(1);
    await database.query(`ALTER DATABASE ${name} SET search_path = public, pg_catalog`);
    const store = await open(database.url, { upkeepIntervalMs: 100 });

    await until(() => store.status().replica?.answersFrom === 'memory');

    expect(await logsOut(store)).toBe(true);
    expect(await database.query('SELECT * FROM public.called')).toEqual([]);
  });
});

describe('A platform that grants rights on all that is new', () => {
  const anon = `anon_${process.pid}`;
  beforeEach(async () => {
    await database.query(`
      CREATE ROLE ${anon} NOLOGIN;
      ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO ${anon};
      ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO ${anon};
      ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO ${anon};
      ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO ${anon}`);
    const store = await open(database.url);
    // An hour, a day and a month that are made later than the tables.
    const inDays = (days: number): Date => new Date(Date.now() + days * 86_400_000);
    await store.add(revocation({ expiresAt: inDays(-1) }), logout());
    await store.add(revocation({ expiresAt: inDays(9) }), logout());
    await database.query(
      "SELECT nestjs_logout.make_logout_partition('auth_events', now() + '99 d')",
    );
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
    await database.query(`DROP OWNED BY ${anon}; DROP ROLE ${anon}`);
  });

  it('grants none on ours: the owner alone has any', async () => {
    const strangers = await database.query(`
      WITH object AS (
        SELECT relname AS name, relowner AS owner, relacl AS acl FROM pg_class
        WHERE relnamespace = 'nestjs_logout'::regnamespace AND relkind IN ('r', 'p', 'S', 'v')
        UNION ALL SELECT proname, proowner, coalesce(proacl, acldefault('f', proowner)) FROM pg_proc
        WHERE pronamespace = 'nestjs_logout'::regnamespace
        UNION ALL SELECT nspname, nspowner, nspacl FROM pg_namespace WHERE nspname = 'nestjs_logout'
      )
      SELECT name, grantee::regrole::text, privilege_type
      FROM object, aclexplode(acl) WHERE grantee <> owner ORDER BY 1`);

    expect(strangers).toEqual([]);
  });

  it.each([
    'SELECT * FROM nestjs_logout.auth_events',
    'DELETE FROM nestjs_logout.revoked_tokens',
    'DELETE FROM nestjs_logout.replica_instances',
    `SELECT * FROM nestjs_logout.add_revocations(${ADDITION_PARAMETERS.map(() => 'NULL').join()})`,
    'SELECT nestjs_logout.purge_revocations()',
    "SELECT nestjs_logout.make_logout_partition('revoked_tokens', now())",
    'SELECT * FROM nestjs_logout.revocation_log',
    'SELECT nestjs_logout.trim_revocation_log(1)',
  ])('lets its role do nothing there: %s', async (sql) => {
    // Even where somebody lets it into the schema.
    await database.query(`GRANT USAGE ON SCHEMA nestjs_logout TO ${anon}`);
    await withClient(database.url, async (client) => {
      await client.query(`SET ROLE ${anon}`);

      await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
    });
  });
});

describe('Tables that somebody drops under a running instance', () => {
  it('are reported, and made again at the next start, whole', async () => {
    const errors: Error[] = [];
    await open(database.url, { upkeepIntervalMs: 100, onError: (error) => errors.push(error) });
    await database.query('DROP SCHEMA nestjs_logout CASCADE');
    await until(() => errors.some(({ message }) => message.includes('were dropped')));

    const again = await open(database.url, { check: 'direct' });

    expect(await logsOut(again)).toBe(true);
  });

  it('are made again where functions and the list of migrations were left, which is said', async () => {
    const store = await open(database.url);
    await store.close();
    await database.query('DROP TABLE nestjs_logout.revoked_tokens, nestjs_logout.auth_events');
    const errors: Error[] = [];

    const again = await open(database.url, {
      check: 'direct',
      onError: (error) => errors.push(error),
    });

    expect(await logsOut(again)).toBe(true);
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /these were gone, and are made again: .*auth_events.*What was in them is lost/,
      ),
    ]);
  });

  it('are made again as often as it takes, and what was left keeps its rows and grants', async () => {
    const store = await open(database.url, { check: 'direct' });
    const one = revocation();
    await store.add(one, logout());
    await database.query('GRANT SELECT ON nestjs_logout.revoked_tokens TO PUBLIC');
    const before = await database.query(
      "SELECT relacl::text FROM pg_class WHERE relname = 'revoked_tokens'",
    );

    for (let time = 0; time < 2; time += 1) {
      await database.query('DROP TABLE nestjs_logout.replica_instances');
      await open(database.url, { onError: () => undefined });
    }

    expect(await store.isRevoked(about([one.key]))).toBe(true);
    expect(
      await database.query("SELECT relacl::text FROM pg_class WHERE relname = 'revoked_tokens'"),
    ).toEqual(before);
  });
});

describe('A schema that another role has made', () => {
  it('is not used: its owner could drop our tables', async () => {
    const role = `stranger_${process.pid}`;
    const [ours, theirs] = ['ours', role];
    await database.query(`CREATE ROLE ${theirs}`);
    await database.query(`CREATE ROLE ${ours}_${role} LOGIN PASSWORD 'secret'`);
    await database.query(`CREATE SCHEMA nestjs_logout AUTHORIZATION ${theirs}`);
    await database.query(`GRANT ALL ON SCHEMA nestjs_logout TO ${ours}_${role}`);
    const credentials = { username: `${ours}_${role}`, password: 'secret' };
    const store = new PostgresRevocationStore({
      url: Object.assign(new URL(database.url), credentials).href,
    });

    await expect(store.open()).rejects.toThrow(
      `schema "nestjs_logout" belongs to the role "${role}", which could drop our tables. ` +
        'Let it run: ALTER SCHEMA "nestjs_logout" OWNER TO the_role; or set "schema"',
    );

    await database.query(`DROP OWNED BY ${theirs}, ${ours}_${role} CASCADE`);
    await database.query(`DROP ROLE ${theirs}, ${ours}_${role}`);
  });
});

describe('A role that may not create a schema', () => {
  it('is told what its owner must run', async () => {
    const role = `poor_${process.pid}`;
    const name = new URL(database.url).pathname.slice(1);
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    const url = Object.assign(new URL(database.url), { username: role, password: 'secret' }).href;
    const store = new PostgresRevocationStore({ url });

    await expect(store.open()).rejects.toMatchObject({
      message: expect.stringContaining(
        'schema "nestjs_logout" does not exist, and the role may not create it. Let the owner of ' +
          'the database run: CREATE SCHEMA "nestjs_logout" AUTHORIZATION',
      ) as string,
      // Without the statement and what else the driver tells, which would hide the sentence.
      cause: { name: 'PostgresError', code: '42501' },
    });
    await database.query(`GRANT CREATE ON DATABASE ${name} TO ${role}`);
    await store.open();
    await store.close();
    await database.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);

    expect(await homes()).toEqual([]);
  });
});
