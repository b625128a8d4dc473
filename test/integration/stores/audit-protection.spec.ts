import { logout } from '../../../src/testing/contract/contract';
import type { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { createMigratedDatabase, withClient, type TestDatabase } from '../../support/database';
import { openStore } from './open-store';

let database: TestDatabase;
let store: PostgresRevocationStore;
let partition: string;

beforeAll(async () => {
  database = await createMigratedDatabase();
  store = await openStore(database.url);
  await store.audit.append([logout({ subject: 'ada' })]);
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
});
