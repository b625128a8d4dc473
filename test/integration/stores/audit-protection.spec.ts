import { logout } from '../../../src/testing/contract/contract';
import type { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { ERASING } from '../../../migrations/personal-data';
import { createMigratedDatabase, withClient, type TestDatabase } from '../../support/database';
import { openStore } from './open-store';

let database: TestDatabase;
let store: PostgresRevocationStore;
let partition: string;

beforeAll(async () => {
  database = await createMigratedDatabase();
  store = await openStore(database.url);
  await store.audit.append([logout({ subject: 'ada', detail: { named: 'eve', more: 1 } })]);
  const [row] = await database.query('SELECT tableoid::regclass::text AS name FROM auth_events');
  partition = String(row!['name']);
});

afterAll(async () => {
  await store.close();
  await database.drop();
});

describe('The audit, even to a superuser,', () => {
  it.each([
    ['an update', (table: string) => `UPDATE ${table} SET subject = 'eve'`, 'UPDATE'],
    ['a delete', (table: string) => `DELETE FROM ${table}`, 'DELETE'],
    ['a truncation', (table: string) => `TRUNCATE ${table}`, 'TRUNCATE'],
    [
      'a move to another month',
      (table: string) => `UPDATE ${table} SET occurred_at = occurred_at + interval '1 month'`,
      'UPDATE',
    ],
  ])('refuses %s, through the table and in a partition', async (_, change, operation) => {
    const refusal = `auth_events is append-only: ${operation} refused`;

    await expect(database.query(change('auth_events'))).rejects.toThrow(refusal);
    await expect(database.query(change(partition))).rejects.toThrow(refusal);
    expect((await store.audit.find({ subject: 'ada' })).events).toHaveLength(1);
  });

  it('refuses them in a session that has silenced ordinary triggers', async () => {
    await withClient(database.url, async (client) => {
      await client.query('SET session_replication_role = replica');

      await expect(client.query(`DELETE FROM ${partition}`)).rejects.toThrow('append-only');
      await expect(client.query(`TRUNCATE ${partition}`)).rejects.toThrow('append-only');
    });
  });

  it.each([
    'DELETE FROM auth_events',
    'TRUNCATE auth_events',
    "UPDATE auth_events SET subject = 'eve'",
    "UPDATE auth_events SET subject = NULL, actor = 'eve'",
    'UPDATE auth_events SET subject = NULL, outcome = NULL',
    "UPDATE auth_events SET reason = 'nothing'",
    'UPDATE auth_events SET issuer = NULL, scope = NULL, id = gen_random_uuid()',
    "UPDATE auth_events SET occurred_at = occurred_at + interval '1 month'",
    "UPDATE auth_events SET detail = detail - 'more'",
    'UPDATE auth_events SET detail = \'{"named": "eve"}\'',
    "UPDATE auth_events SET detail = '{}'",
  ])('refuses what erases no one, in the words of an erasure: %s', async (change) => {
    await withClient(database.url, async (client) => {
      await client.query('BEGIN');
      await client.query(`SELECT set_config('${ERASING}', pg_current_xact_id()::text, true)`);

      await expect(client.query(change)).rejects.toThrow('auth_events is append-only');
    });
  });

  it.each(['on', '', '1'])('refuses to empty a row while the setting is %p', async (setting) => {
    await withClient(database.url, async (client) => {
      await client.query(`SELECT set_config('${ERASING}', $1, false)`, [setting]);

      await expect(client.query('UPDATE auth_events SET subject = NULL')).rejects.toThrow(
        'auth_events is append-only: UPDATE refused',
      );
    });
  });

  it('refuses to empty a row once an erasure is over, in its transaction and later', async () => {
    await withClient(database.url, async (client) => {
      const empty = (): Promise<unknown> => client.query('UPDATE auth_events SET subject = NULL');
      await client.query("BEGIN; SELECT erase_subject('i', 'eve'); SAVEPOINT before");

      await expect(empty()).rejects.toThrow('auth_events is append-only: UPDATE refused');
      await client.query('ROLLBACK TO before; COMMIT');
      await expect(empty()).rejects.toThrow('auth_events is append-only: UPDATE refused');
    });
  });
});
