import { describeRevocationStore } from '../../../src/testing/contract/revocation-store-contract';
import { about, logout, revocation } from '../../../src/testing/contract/contract';
import { login, refreshOf } from '../../../src/testing/contract/session-orders';
import type { SessionOrder } from '../../../src/revocation/session-store';
import request from 'supertest';
import { readEnvironment } from '../../../src/service/environment';
import { startService } from '../../../src/service/service';
import { hourOf, dayOf } from '../../../src/stores/postgres/schema/partition-names';
import type { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { createDatabase, withClient, type TestDatabase } from '../../support/database';
import { documentedRoles } from './documented-roles';
import { openStore } from './open-store';
import { DOCUMENTED, LOGOUT } from '../../support/app';
import { AUDIENCE, ISSUER, TestIssuer } from '../../support/tokens';
import { until } from '../../support/until';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const fromNow = (ms: number): Date => new Date(Date.now() + ms);

const { roles, grants } = documentedRoles();

let database: TestDatabase;
/** What the stores had to report. */
const errors: Error[] = [];

const urlOf = (role: string, password: string): string => {
  const url = new URL(database.url);
  url.username = role;
  url.password = password;
  return url.href;
};
const ownerUrl = (): string => urlOf('logout_owner', 'change me');
const appUrl = (): string => urlOf('logout_app', 'change me too');

const open = (url: string, migrate: boolean): Promise<PostgresRevocationStore> =>
  openStore(url, { migrate, upkeepIntervalMs: 100, onError: (error) => errors.push(error) });

/** Runs SQL as the role of the service. */
const asApp = (sql: string): Promise<unknown> =>
  withClient(appUrl(), (client) => client.query(sql));

const ownerOf = async (partition: string): Promise<unknown> => {
  const rows = await database.query(
    'SELECT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE relname = $1',
    [partition],
  );
  return rows[0]?.['owner'];
};

const OLD = hourOf(fromNow(-2 * DAY_MS));
const TODAY = dayOf(new Date()).name;
const makeOldDay = `
  CREATE TABLE IF NOT EXISTS nestjs_logout.auth_events_20200101
  PARTITION OF nestjs_logout.auth_events FOR VALUES FROM ('2020-01-01Z') TO ('2020-01-02Z')`;
const makeOld = `SELECT make_logout_partition('revoked_tokens', '${OLD.at.toISOString()}')`;

beforeAll(async () => {
  database = await createDatabase();
  const name = new URL(database.url).pathname.slice(1);
  await database.query(roles);
  await database.query(`
    ALTER DEFAULT PRIVILEGES FOR ROLE logout_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
    REVOKE ALL ON DATABASE ${name} FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC;
    GRANT CONNECT ON DATABASE ${name} TO logout_owner, logout_app`);
  await (await open(ownerUrl(), true)).close();
  await withClient(ownerUrl(), (client) => client.query(grants));
});

afterAll(async () => {
  await database.query('DROP OWNED BY logout_owner, logout_app');
  await database.query('DROP ROLE logout_owner, logout_app');
  await database.drop();
});

describeRevocationStore(
  'PostgresRevocationStore under the documented role',
  async () => ({
    store: await open(appUrl(), false),
    now: async () => (await database.query('SELECT now()'))[0]!['now'] as Date,
  }),
  { describe, it, beforeAll, afterAll },
  { forgetsAtOnce: false },
);

describe('The documented role of the application', () => {
  it('looks tokens up', async () => {
    const store = await openStore(appUrl(), { migrate: false, check: 'direct' });
    const one = revocation();
    await store.add(one, logout());

    expect(await store.isRevoked(about([one.key]))).toBe(true);
    expect(await store.isRevoked(about([revocation().key]))).toBe(false);
    await store.close();
  });

  it('makes the partitions that are lacking, and they are not its own', async () => {
    const store = await open(appUrl(), false);
    const far = revocation({ expiresAt: fromNow(50 * DAY_MS) });

    const isNew = await store.add(far, logout());
    await store.close();

    expect(isNew).toBe(true);
    const day = far.expiresAt.toISOString().slice(0, 10).replaceAll('-', '');
    expect(await ownerOf(`revoked_tokens_${day}`)).toBe('logout_owner');
  });

  it('purges what has expired', async () => {
    await asApp(makeOld);
    const before = await ownerOf(OLD.name);
    const store = await open(appUrl(), false);

    await until(async () => (await ownerOf(OLD.name)) === undefined);
    await store.close();

    expect(before).toBe('logout_owner');
  });

  it('purges sessions a day after their end, and no others', async () => {
    const [old, over] = [login(), login()];
    const store = await open(appUrl(), false);
    for (const one of [old, over]) await store.sessions.open(one);
    await database.query(
      `UPDATE auth_sessions SET expires_at = now() - interval '23 hours' WHERE subject = $1`,
      [over.subject],
    );
    await database.query(
      `UPDATE auth_sessions SET expires_at = now() - interval '25 hours' WHERE subject = $1`,
      [old.subject],
    );

    const outcomeOf = async (order: SessionOrder) =>
      (await store.sessions.refresh(refreshOf(order, 0))).outcome;
    await until(async () => (await outcomeOf(old)) === 'unknown');

    expect(await outcomeOf(over)).toBe('expired');
    await store.close();
  });

  it.each([
    'DROP TABLE auth_events',
    `DROP TABLE ${TODAY}`,
    `ALTER TABLE ${TODAY} DISABLE TRIGGER ALL`,
    `ALTER TABLE auth_events DETACH PARTITION ${TODAY}`,
    'DELETE FROM auth_events',
    "UPDATE auth_events SET subject = 'eve'",
    'TRUNCATE auth_events',
    "INSERT INTO auth_events (event, outcome, occurred_at) VALUES ('x', 'failure', '2026-01-01')",
    'DELETE FROM revoked_tokens',
    'UPDATE revoked_tokens SET expires_at = now()',
    'TRUNCATE revoked_tokens',
    'DELETE FROM auth_sessions',
    "UPDATE auth_sessions SET subject = 'eve'",
    'UPDATE auth_sessions SET expires_at = now()',
    'TRUNCATE auth_sessions',
    'INSERT INTO revoked_tokens (revoked_at) VALUES (now())',
    'INSERT INTO revocation_log (expires_before) VALUES (1)',
    'DELETE FROM revocation_log',
    'UPDATE revocation_log_snapshots SET is_trimmed = false',
    ...['revoked_tokens_by_hour', hourOf(fromNow(HOUR_MS)).name].map(
      (partition) => `INSERT INTO ${partition} (key) VALUES (NULL)`,
    ),
    'SELECT FROM nestjs_logout_migrations',
    'CREATE TABLE nestjs_logout.own ()',
    'DROP FUNCTION add_revocations',
    'SELECT drop_audit_months(1)',
    "SELECT erase_subject('https://login.example', 'ada')",
  ])('cannot %s', async (sql) => {
    await expect(asApp(sql)).rejects.toMatchObject({ code: '42501' });
  });

  it('drops no day of the audit and erases nobody, also where it may call what does', async () => {
    await withClient(ownerUrl(), (client) =>
      client.query(`
        ${makeOldDay};
        GRANT EXECUTE ON FUNCTION nestjs_logout.drop_audit_months, nestjs_logout.erase_subject
        TO logout_app`),
    );

    for (const call of ['drop_audit_months(1)', "erase_subject('i', 'ada')"])
      await expect(asApp(`SELECT ${call}`)).rejects.toMatchObject({ code: '42501' });
    await withClient(ownerUrl(), (client) =>
      client.query(`
        REVOKE EXECUTE ON FUNCTION nestjs_logout.drop_audit_months, nestjs_logout.erase_subject
        FROM logout_app`),
    );
  });

  it('says once what the owner should run where days are to be dropped, and goes on', async () => {
    const told: Error[] = [];
    await withClient(ownerUrl(), (client) => client.query(makeOldDay));
    const store = await openStore(appUrl(), {
      migrate: false,
      upkeepIntervalMs: 100,
      auditMonths: 12,
      onError: (error) => told.push(error),
    });
    await until(() => told.length > 0);
    await asApp(makeOld);
    await until(async () => (await ownerOf(OLD.name)) === undefined);
    await asApp(makeOld);
    await until(async () => (await ownerOf(OLD.name)) === undefined);
    await store.close();

    expect(told.map(({ message }) => message)).toEqual([
      '"auditMonths" is 12, and the role of this instance may not drop days of the audit: it ' +
        'does not own the tables. Let their owner run, such as once a day: ' +
        'SELECT "nestjs_logout".drop_audit_months(12)',
    ]);
    expect(await ownerOf('auth_events_20200101')).toBe('logout_owner');
    const [command] = /SELECT .*/.exec(told[0]!.message)!;
    await withClient(ownerUrl(), (client) => client.query(command));
    expect(await ownerOf('auth_events_20200101')).toBeUndefined();
    expect(await ownerOf(TODAY)).toBe('logout_owner');
  });

  it.each([
    ['another table', "'replica_instances', now()"],
    ['more than a table', `'auth_events" (LIKE pg_class); --', now()`],
    ['no table', 'NULL, now()'],
    ['no hour', "'revoked_tokens', 'infinity'"],
    ['never', "'revoked_tokens', NULL"],
    ['a day after every token', "'revoked_tokens', now() + interval '403 days'"],
    ['the year 9999', "'auth_events', '9999-01-01'"],
    ['the past', "'revoked_tokens', now() - interval '4 days'"],
  ])('makes no partition of %s', async (_, parameters) => {
    await expect(asApp(`SELECT make_logout_partition(${parameters})`)).rejects.toMatchObject({
      code: '22023',
    });
  });

  it('cannot purge a day of the audit by tables that look like the catalog', async () => {
    const name = new URL(database.url).pathname.slice(1);
    await database.query(`GRANT TEMP ON DATABASE ${name} TO logout_app`);
    await asApp(`
      ${makeOld};
      CREATE TEMP TABLE pg_inherits AS
        SELECT 'nestjs_logout.${TODAY}'::regclass::oid AS inhrelid,
          'nestjs_logout.revoked_tokens_by_hour'::regclass::oid AS inhparent;
      CREATE TEMP TABLE pg_class AS
        SELECT 'nestjs_logout.${TODAY}'::regclass::oid AS oid, relpartbound
        FROM pg_catalog.pg_class WHERE relname = '${OLD.name}';
      SET search_path = pg_temp, pg_catalog;
      SELECT nestjs_logout.purge_revocations()`);

    expect(await ownerOf(TODAY)).toBe('logout_owner');
    expect(await ownerOf(OLD.name)).toBeUndefined();
  });

  it('is enough for the service, with MIGRATE=false', async () => {
    const issuer = new TestIssuer();
    const service = await startService(
      readEnvironment({
        PORT: '0',
        DATABASE_URL: appUrl(),
        MIGRATE: 'false',
        JWT_SECRET: issuer.key,
        JWT_ISSUER: ISSUER,
        JWT_AUDIENCE: AUDIENCE,
        LOG_LEVEL: 'error',
      }),
    );
    const token = issuer.token({ jti: 'by the documented role' });
    const bearer = `Bearer ${token}`;
    const me = () => request(service.url).get('/api/v1/auth/me').set('Authorization', bearer);

    await me().expect(200);
    const logout = request(service.url).post(LOGOUT).set('Authorization', bearer);
    await logout.send({ token }).expect(200, DOCUMENTED.loggedOut);
    await me().expect(401, DOCUMENTED.refused);
    await service.stop();

    const events = await database.query(
      "SELECT outcome FROM auth_events WHERE token_id = 'by the documented role' ORDER BY outcome",
    );
    expect(events).toContainEqual({ outcome: 'success' });
  });

  it('has nothing to report', () => {
    expect(errors).toEqual([]);
  });
});
