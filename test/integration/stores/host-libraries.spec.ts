import { drizzle } from 'drizzle-orm/node-postgres';
import createKnex from 'knex';
import { Kysely, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import type { PostgresRevocationStore } from '../../../src/postgres';
import type { HostTransaction } from '../../../src/revocation/unit-of-work';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { about, logout, revocation } from '../../../src/testing/contract/contract';
import { documentedTransactions } from './documented-transactions';
import { openStore } from './open-store';

/** Runs work in a transaction, which commits when the work resolves. */
type Transact = (work: (manager: HostTransaction) => Promise<void>) => Promise<unknown>;

let database: TestDatabase;
let store: PostgresRevocationStore;
let pool: Pool;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  database = await createMigratedDatabase();
  store = await openStore(database.url);
  pool = new Pool({ connectionString: database.url });
  await database.query('CREATE TABLE users (name text)');
});

afterAll(async () => {
  await Promise.all(closing.map((close) => close()));
  await pool.end();
  await store.close();
  await database.drop();
});

const byPg: Transact = async (work) => {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await work(client);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
};

const { ofKysely, ofKnex, ofDrizzle } = documentedTransactions();

const byKysely: Transact = (work) => {
  const own = new Pool({ connectionString: database.url });
  const kysely = new Kysely({ dialect: new PostgresDialect({ pool: own }) });
  closing.push(() => kysely.destroy());
  return kysely.transaction().execute((trx) => work(ofKysely(trx)));
};

const byKnex: Transact = (work) => {
  const knex = createKnex({ client: 'pg', connection: database.url });
  closing.push(() => knex.destroy());
  return knex.transaction((trx) => work(ofKnex(trx)));
};

const byDrizzle: Transact = (work) => drizzle(pool).transaction((tx) => work(ofDrizzle(tx)));

describe.each([
  ['pg', byPg],
  ['Kysely', byKysely],
  ['Knex', byKnex],
  ['Drizzle', byDrizzle],
])('In a transaction of %s', (library, transact) => {
  // What a driver could take for a place of a parameter, and what it could escape once more.
  const subject = `ada of ${library}? $1 $2 :name "quoted" \\ 'x'`;
  const eventsOf = async (name: string) => (await store.audit.find({ subject: name })).events;

  it('a revocation and its event are there once the host commits, with what else it wrote', async () => {
    const one = revocation({ subject });

    await transact(async (manager) => {
      await manager.query(`INSERT INTO users VALUES ('${library}')`);
      expect(await store.add(one, logout({ subject, detail: { subject } }), manager)).toBe(true);
      expect(await eventsOf(subject)).toEqual([]);
    });

    expect(await store.isRevoked(about([one.key]))).toBe(true);
    expect(await eventsOf(subject)).toMatchObject([{ subject, detail: { subject } }]);
    expect(await database.query('SELECT FROM users WHERE name = $1', [library])).toHaveLength(1);
  });

  it('neither ever was when the host rolls back', async () => {
    const one = revocation();
    const name = `nobody of ${library}`;

    const transaction = transact(async (manager) => {
      await store.add(one, logout({ subject: name }), manager);
      throw new Error('changed my mind');
    });

    await expect(transaction).rejects.toThrow('changed my mind');
    expect(await store.isRevoked(about([one.key]))).toBe(false);
    expect(await eventsOf(name)).toEqual([]);
  });

  it('a second revocation of the same token is told to be no new one', async () => {
    const one = revocation();
    await store.add(one, logout());
    const answers: boolean[] = [];

    await transact(async (manager) => {
      answers.push(await store.add(one, logout(), manager));
    });

    expect(answers).toEqual([false]);
  });
});

describe('What is no transaction', () => {
  it.each<[string, unknown]>([
    ['a transaction of a library as it is', { $queryRawUnsafe: () => Promise.resolve([]) }],
    ['a text', 'BEGIN'],
    ['null', null],
  ])('is refused with a sentence: %s', async (_, manager) => {
    const adding = store.add(revocation(), logout(), manager as HostTransaction);

    await expect(adding).rejects.toThrow(TypeError);
    await expect(adding).rejects.toThrow('"manager" must be a transaction with a method query(');
  });
});
