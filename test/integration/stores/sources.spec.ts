import { DataSource } from 'typeorm';
import { PostgresRevocationStore, type PostgresSource } from '../../../src/postgres';
import { checkServer } from '../../../src/stores/postgres/schema/server-check';
import type { PostgresStoreOptions } from '../../../src/stores/postgres/options';
import { createMigratedDatabase, withClient, type TestDatabase } from '../../support/database';
import { about, logout, revocation } from '../../../src/testing/contract/contract';
import { until } from '../../support/until';

let database: TestDatabase;
const opened: PostgresRevocationStore[] = [];

beforeAll(async () => {
  database = await createMigratedDatabase();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
});

afterAll(async () => {
  await database.drop();
});

const open = async (
  source: PostgresSource,
  options?: PostgresStoreOptions,
): Promise<PostgresRevocationStore> => {
  const store = new PostgresRevocationStore(source, options);
  opened.push(store);
  await store.open();
  return store;
};

const partsOf = (url: string) => {
  const { hostname: host, port, username: user, password, pathname } = new URL(url);
  return { host, port: Number(port), user, password, database: pathname.slice(1) };
};

/** The names of the connections to the database but the test's own. */
const names = async (): Promise<unknown[]> => {
  const rows = await database.query(`
    SELECT application_name AS name FROM pg_stat_activity
    WHERE datname = current_database() AND application_name <> '' ORDER BY application_name`);
  return [...new Set(rows.map(({ name }) => name))];
};

describe('The store is reached', () => {
  it.each<[string, (url: string) => PostgresSource]>([
    ['a URL', (url) => ({ url })],
    ['the parts that pg takes', partsOf],
    [
      'a password that is asked for',
      (url) => ({ ...partsOf(url), password: () => Promise.resolve(partsOf(url).password) }),
    ],
    ['a data source that was never opened', (url) => new DataSource({ type: 'postgres', url })],
  ])('by %s', async (_, sourceOf) => {
    const store = await open(sourceOf(database.url), { check: 'direct' });
    const one = revocation();

    expect(await store.add(one, logout())).toBe(true);
    expect(await store.isRevoked(about([one.key]))).toBe(true);
  });

  it('and leaves no connection behind when it is closed', async () => {
    const store = await open({ url: database.url });
    await store.add(revocation(), logout());
    const during = await names();

    await store.close();

    expect(during).not.toEqual([]);
    await until(async () => (await names()).length === 0);
  });

  it.each<[string, object, string]>([
    ['nothing', {}, '"url" must be given, or "host" or "database", got none of them.'],
    ['a misspelt name', { uri: 'postgres://x/y' }, '"uri" must be left out'],
    ['another kind of URL', { url: 'mysql://x/y' }, '"url" must be a URL such as postgres://'],
    ['two addresses', { url: 'postgres://x/y', host: 'z' }, '"host" must be left out where "url"'],
    ['no port', { host: 'x', port: 0 }, '"port" must be a whole number from 1 to 65535'],
  ])('but not by %s, which is said at once', (_, source, sentence) => {
    expect(() => new PostgresRevocationStore(source)).toThrow(sentence);
  });

  it('but not by no source at all, which is said at once', () => {
    const source = undefined as unknown as PostgresSource;

    expect(() => new PostgresRevocationStore(source)).toThrow(
      '"options" must be an object, got undefined.',
    );
  });
});

describe('Each connection says what it is for', () => {
  const ROLES = ['feed', 'look-ups', 'reads', 'writes'];
  const named = (prefix: string): string[] => ROLES.map((role) => `${prefix}nestjs-logout ${role}`);

  it.each<[string, (url: string) => PostgresSource, string]>([
    ['after nothing', (url) => ({ url }), ''],
    ['after the name in the URL', (url) => ({ url: `${url}?application_name=shop` }), 'shop '],
    ['after its own option', (url) => ({ url, application_name: 'shop' }), 'shop '],
    [
      'after that of the data source',
      (url) => new DataSource({ type: 'postgres', url, applicationName: 'shop' }),
      'shop ',
    ],
    [
      'after a long one, which is cut',
      (url) => ({ url, application_name: 'x'.repeat(60) }),
      `${'x'.repeat(38)} `,
    ],
  ])('%s', async (_, sourceOf, prefix) => {
    await open(sourceOf(database.url));

    await until(async () => (await names()).length === ROLES.length);
    expect(await names()).toEqual(named(prefix));
  });
});

describe('Start-up options of the host', () => {
  it.each<[string, (url: string) => PostgresSource]>([
    ['in the URL', (url) => ({ url: `${url}?options=-c%20role%3Dpg_monitor` })],
    ['as an option', (url) => ({ url, options: '-c role=pg_monitor' })],
    [
      'in "extra"',
      (url) => new DataSource({ type: 'postgres', url, extra: { options: '-c role=pg_monitor' } }),
    ],
  ])('hold for our connections: %s', async (_, sourceOf) => {
    // A role without rights on our tables: had they been dropped, the superuser could go on.
    const opening = open(sourceOf(database.url), { migrate: false });

    await expect(opening).rejects.toMatchObject({ cause: { code: '42501' } });
  });

  it('that set another encoding for the client do not reach the driver, which knows UTF-8 alone', async () => {
    const store = await open({ url: `${database.url}?client_encoding=LATIN1` });
    const one = revocation({ subject: 'Łukasz 田中' });

    await store.add(one, logout({ subject: 'Łukasz 田中' }));

    const { events } = await store.audit.find({ subject: 'Łukasz 田中' });
    expect(events).toHaveLength(1);
  });
});

describe('A server that our tables cannot stand in stops the boot:', () => {
  it.each(['LATIN1', 'SQL_ASCII', 'EUC_JP'])('a database in %s', async (encoding) => {
    const name = `not_utf8_${encoding.toLowerCase()}_${process.pid}`;
    const url = Object.assign(new URL(database.url), { pathname: name }).href;
    await database.query(
      `CREATE DATABASE ${name} ENCODING '${encoding}' LOCALE 'C' TEMPLATE template0`,
    );

    const opening = new PostgresRevocationStore({ url }).open();

    await expect(opening).rejects.toThrow(
      `nestjs-logout: database "${name}" is encoded in ${encoding}, and only UTF8 takes every user`,
    );
    await expect(opening).rejects.toThrow(TypeError);
    await withClient(url, async (client) => {
      const { rows } = await client.query("SELECT FROM pg_namespace WHERE nspname ~ 'logout'");
      expect(rows).toEqual([]);
    });
    await database.query(`DROP DATABASE ${name} WITH (FORCE)`);
  });

  it('PostgreSQL 12', async () => {
    const writes = {
      query: () =>
        Promise.resolve({ rows: [{ version: '120022', encoding: 'UTF8', name: 'shop' }] }),
    };

    await expect(checkServer({ writes } as never)).rejects.toThrow(
      'nestjs-logout: the server is PostgreSQL 12, and 13 is the oldest that works.',
    );
  });
});
