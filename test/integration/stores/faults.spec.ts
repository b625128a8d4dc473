import { about, logout, revocation } from '../../../src/testing/contract/contract';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { StoreUnavailableError } from '../../../src/revocation/errors';
import type { Revocation } from '../../../src/revocation/revocation';
import { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { startCluster, type TestCluster } from '../../support/cluster';
import { createMigratedDatabase, withClient, type TestDatabase } from '../../support/database';
import { ranFor } from '../../support/own-time';
import { until } from '../../support/until';
import { hostOf, openStore } from './open-store';

/** Asks the database, not the memory of an instance. */
const look = async (store: PostgresRevocationStore, key = revocation().key): Promise<boolean> =>
  store.isRevoked(about([key]));

/** `undefined` where the store gave no answer; anything but an answer or its own error is thrown. */
const answerOf = async <T>(attempt: Promise<T>): Promise<T | undefined> => {
  try {
    return await attempt;
  } catch (error) {
    if (error instanceof StoreUnavailableError) return undefined;
    throw error;
  }
};

/** Adds one revocation after another until `isOver`, and keeps those that were answered for. */
async function addUntil(
  store: PostgresRevocationStore,
  answered: Revocation[],
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    const one = revocation();
    if (await answerOf(store.add(one, logout({ tokenId: one.key })))) {
      answered.push(one);
    }
  }
}

/** Fewer answers would show nothing; a busy machine takes its time for them. */
const TELLING = 10;

const isStandbyRefusal = (cause: unknown): boolean =>
  cause instanceof Error && cause.message === 'revocations are looked up on the primary only';

const KEPT = `
  SELECT count(*)::int AS kept FROM revoked_tokens
  JOIN auth_events ON auth_events.token_id = encode(key, 'hex') WHERE encode(key, 'hex') = ANY ($1)`;

describe('With its connections in danger, the store', () => {
  let database: TestDatabase;
  let store: PostgresRevocationStore;
  let other: Client;

  beforeEach(async () => {
    database = await createMigratedDatabase();
    store = await openStore(database.url, {
      check: 'direct',
      lookupTimeoutMs: 200,
      writeTimeoutMs: 500,
      onError: () => undefined,
    });
    other = new Client({ connectionString: database.url });
    await other.connect();
  });

  afterEach(async () => {
    await other.end();
    await store.close();
    await database.drop();
  });

  /** How many of the database's other sessions wait for a lock. */
  const waiting = async (): Promise<unknown> => {
    const [row] = await database.query(`
      SELECT count(*)::int AS waiting FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`);
    return row!['waiting'];
  };

  /** Ends every other session of the database, several times, a little apart. */
  const terminateBackends = async (rounds: number): Promise<void> => {
    for (let round = 0; round < rounds; round += 1) {
      await sleep(60);
      await other.query(`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()`);
    }
  };

  it('keeps all that it answered for while backends are terminated', async () => {
    let isOver = false;
    const answered: Revocation[] = [];
    const adding = Promise.all([1, 2, 3].map(() => addUntil(store, answered, () => isOver)));

    await terminateBackends(10);
    while (answered.length <= TELLING) {
      const { length } = answered;
      await until(() => answered.length > length); // on connections that are made anew
      await terminateBackends(1);
    }
    isOver = true;
    await adding;

    const { rows } = await other.query<{ kept: number }>(KEPT, [answered.map(({ key }) => key)]);
    expect(rows).toEqual([{ kept: answered.length }]);
  });

  it('fails in time behind a held lock, and leaves no backend waiting', async () => {
    await other.query('BEGIN; LOCK TABLE revoked_tokens IN ACCESS EXCLUSIVE MODE');
    const asked = Promise.all([
      ...Array.from({ length: 20 }, () => answerOf(look(store))),
      ...Array.from({ length: 5 }, () => answerOf(store.add(revocation(), logout()))),
    ]);
    const tookMs = await ranFor(() => asked);
    await until(async () => (await waiting()) === 0);
    await other.query('COMMIT');

    expect(await asked).toEqual(Array.from({ length: 25 }, () => undefined));
    expect(tookMs).toBeLessThan(1500);
    // The first answers of new connections may take longer than 200 ms on a busy machine.
    await until(async () => (await answerOf(store.add(revocation(), logout()))) === true);
    await until(async () => (await answerOf(look(store))) === false);
  });

  it('does not ask for a caller that has given up', async () => {
    await other.query('BEGIN; LOCK TABLE revoked_tokens IN ACCESS EXCLUSIVE MODE');
    const late = revocation().key;
    const asked = (key: string): Promise<unknown[]> =>
      database.query('SELECT pid FROM pg_stat_activity WHERE query LIKE $1', [`%${key}%`]);
    const busy = Array.from({ length: 3 }, () => answerOf(look(store)));
    await Promise.all([...busy, answerOf(look(store, late))]);
    const sightings: unknown[] = [];
    for (let times = 0; times < 12; times += 1) {
      sightings.push(...(await asked(late)));
      await sleep(20);
    }
    await other.query('COMMIT');

    expect(sightings).toEqual([]);
  });

  it('says which time was up', async () => {
    await other.query('BEGIN; LOCK TABLE revoked_tokens IN ACCESS EXCLUSIVE MODE');

    const failure = look(store);
    const error = await failure.catch((reason: unknown) => reason);
    await other.query('COMMIT');

    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect((error as Error).message).toBe('The revocation store could not look up a token.');
    expect((error as Error).cause).toHaveProperty(
      'message',
      expect.stringMatching(/no answer within 200 ms|statement timeout/),
    );
  });

  it('refuses to let more than a thousand look-ups wait', async () => {
    await other.query('BEGIN; LOCK TABLE revoked_tokens IN ACCESS EXCLUSIVE MODE');
    const ask = (): Promise<unknown> => look(store).catch((error: unknown) => error);

    const first = Array.from({ length: 1003 }, ask);
    const [oneMore] = await Promise.all([ask(), ...first]);
    await other.query('COMMIT');

    expect(oneMore).toHaveProperty('cause.message', '1000 look-ups are waiting already');
  });

  it('is not concerned by a full pool of the host’s', async () => {
    const host: DataSource = await hostOf(database.url, { poolSize: 1 }).initialize();
    const greedy = host.createQueryRunner();
    await greedy.connect();
    const beside = new PostgresRevocationStore(host);
    await beside.open();

    const isNew = await beside.add(revocation(), logout());
    await beside.close();
    await greedy.release();
    await host.destroy();

    expect(isNew).toBe(true);
  });

  it('joins a host’s transaction that holds the host’s last connection', async () => {
    const host = await hostOf(database.url, { poolSize: 1 }).initialize();

    const isNew = await host.transaction((manager) =>
      store.add(
        revocation({ expiresAt: new Date(Date.now() + 86_400_000 * 50) }),
        logout(),
        manager,
      ),
    );
    await host.destroy();

    expect(isNew).toBe(true);
  });

  it.each([
    // Two to write, three to look up, one to read the audit, one to tell other instances.
    ['direct', 7],
    // One that reads what is new besides, and one that listens.
    ['replica', 9],
  ] as const)('with check: %s holds no more than %i connections', async (check, most) => {
    await store.close();
    const host = await hostOf(database.url).initialize();
    store = await openStore(database.url, { check });
    const inDoubt = revocation(); // about which memory asks the database
    await host.transaction((manager) => store.add(inDoubt, logout(), manager));
    await host.destroy();
    await Promise.all([
      ...Array.from({ length: 50 }, () => store.add(revocation(), logout())),
      ...Array.from({ length: 500 }, () => look(store, inDoubt.key)),
      ...Array.from({ length: 5 }, () => store.audit.find({})),
    ]);
    const counting = `
      SELECT count(*)::int AS held FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`;
    const held = async () => (await other.query<{ held: number }>(counting)).rows[0]!.held;
    const whileOpen = await held();
    await store.close();

    expect(whileOpen).toBeLessThanOrEqual(most);
    await until(async () => (await held()) === 0);
  });
});

describe('With its server in danger, the store', () => {
  let cluster: TestCluster;
  let store: PostgresRevocationStore;

  beforeAll(async () => {
    // A writer of the log that sleeps for long shows at once what was committed without waiting.
    cluster = await startCluster({ synchronous_commit: 'off', wal_writer_delay: '10s' });
    store = await openStore(cluster.url, { check: 'direct', onError: () => undefined });
  });

  afterAll(async () => {
    await store.close();
    await cluster.remove();
  });

  const recovered = async (): Promise<boolean> => (await answerOf(look(store))) === false;

  /** What look-ups fail with once a standby is there to ask, or at last. */
  const refusalOfStandby = async (): Promise<unknown> => {
    let cause: unknown;
    for (let tries = 0; tries < 400 && !isStandbyRefusal(cause); tries += 1) {
      await sleep(25);
      const asking = look(store);
      cause = await asking.catch((error: unknown) => (error as Error).cause);
    }
    return cause;
  };

  it('fails while the server is stopped, and is itself again after a restart', async () => {
    const one = revocation();
    await store.add(one, logout());

    await cluster.stop();
    const whileStopped = await Promise.all([
      answerOf(look(store, one.key)),
      answerOf(store.add(revocation(), logout())),
      answerOf(store.audit.find({})),
    ]);
    await cluster.start();

    expect(whileStopped).toEqual([undefined, undefined, undefined]);
    await expect(recovered()).resolves.toBe(true);
    expect(await look(store, one.key)).toBe(true);
    expect(await store.add(one, logout())).toBe(false);
  });

  it('has lost nothing that it answered for when the server is killed', async () => {
    let isOver = false;
    const answered: Revocation[] = [];
    const adding = Promise.all([1, 2, 3].map(() => addUntil(store, answered, () => isOver)));
    while (answered.length <= TELLING) await sleep(100);
    await cluster.kill();
    isOver = true;
    await adding;
    await cluster.start();

    const { rows } = await withClient(cluster.url, (client) =>
      client.query<{ kept: number }>(KEPT, [answered.map(({ key }) => key)]),
    );

    expect(rows).toEqual([{ kept: answered.length }]);
  });

  it('asks no standby, which may not have seen a logout yet', async () => {
    await cluster.stop();
    writeFileSync(join(cluster.dataDir, 'standby.signal'), '');
    const starting = cluster.start();

    const error = await refusalOfStandby();
    await withClient(cluster.url, (client) => client.query('SELECT pg_promote()'));
    await starting;

    expect(error).toHaveProperty('code', '25006');
    await expect(recovered()).resolves.toBe(true);
  });

  it('says so when it cannot connect at all', async () => {
    const nowhere = new PostgresRevocationStore(hostOf('postgres://nobody@127.0.0.1:1/nothing'));

    const error = await nowhere.open().catch((reason: unknown) => reason);
    await nowhere.close();

    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect((error as Error).cause).toHaveProperty('code', 'ECONNREFUSED');
  });
});
