import { randomUUID } from 'node:crypto';
import { describeRevocationStore } from '../../../src/testing/contract/revocation-store-contract';
import { about, logout, revocation } from '../../../src/testing/contract/contract';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { openStore } from './open-store';

let database: TestDatabase;

beforeAll(async () => {
  database = await createMigratedDatabase();
});

afterAll(async () => {
  await database.drop();
});

const now = async (): Promise<Date> => (await database.query('SELECT now()'))[0]!['now'] as Date;

describeRevocationStore(
  'PostgresRevocationStore that looks up each token',
  async () => ({
    store: await openStore(database.url, { check: 'direct' }),
    now,
  }),
  { describe, it, beforeAll, afterAll },
);

describeRevocationStore(
  'PostgresRevocationStore with its replica',
  async () => ({ store: await openStore(database.url), now }),
  { describe, it, beforeAll, afterAll },
  { forgetsAtOnce: false },
);

describe('PostgresRevocationStore', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('pages through events of one microsecond without repeating or skipping', async () => {
    const store = await openStore(database.url);
    await database.query(`
      INSERT INTO auth_events (occurred_at, event, outcome, subject, reason)
      SELECT date_trunc('minute', now()) + interval '123457 microseconds',
        'authn_token_revoked', 'success', 'simultaneous', place::text
      FROM generate_series(1, 5) AS place`);

    const query = { subject: 'simultaneous', limit: 2 };
    const first = await store.audit.find(query);
    const second = await store.audit.find({ ...query, cursor: first.nextCursor });
    const third = await store.audit.find({ ...query, cursor: second.nextCursor });
    await store.close();

    const seen = [first, second, third].flatMap(({ events }) => events);
    expect(seen.map(({ reason }) => reason).toSorted()).toEqual(['1', '2', '3', '4', '5']);
    expect(third.nextCursor).toBeUndefined();
  });

  it.each([
    ['are the keys', (key: string) => key],
    ['are others', (key: string) => key.slice(32) + key.slice(0, 32)],
    ['are missing', () => undefined],
  ])('keeps the fingerprints of many logouts at once where they %s', async (_, fingerprintOf) => {
    const store = await openStore(database.url, { check: 'direct' });
    const subject = randomUUID();
    const logouts = Array.from({ length: 5 }, () => {
      const one = revocation({ subject });
      const tokenFingerprint = fingerprintOf(one.key);
      return { one, event: logout({ subject, ...(tokenFingerprint && { tokenFingerprint }) }) };
    });

    await Promise.all(logouts.map(({ one, event }) => store.add(one, event)));
    const { events } = await store.audit.find({ subject });
    await store.close();

    const expected = logouts.map(({ event }) => event.tokenFingerprint);
    expect(events.map(({ tokenFingerprint }) => tokenFingerprint).toSorted()).toEqual(
      expected.toSorted(),
    );
  });

  it('goes by the clock of the database where the one of its process is days ahead', async () => {
    const store = await openStore(database.url, { check: 'direct' });
    const live = revocation();
    const expired = revocation({ expiresAt: new Date(Date.now() - 1000) });
    await store.add(live, logout());
    await store.add(expired, logout());

    jest.useFakeTimers({ advanceTimers: true, now: Date.now() + 3 * 86_400_000 });
    const answers = [
      await store.isRevoked(about([live.key], new Date(0))),
      await store.isRevoked(about([expired.key], new Date(0))),
    ];
    await store.close();

    expect(answers).toEqual([true, false]);
  });

  it('serves a role whose transactions are serializable and read-only by default', async () => {
    const name = new URL(database.url).pathname.slice(1);
    await database.query(`
      ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable';
      ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    const store = await openStore(database.url, { migrate: false });
    const one = revocation();

    const answers = await Promise.all([1, 2, 3, 4].map(() => store.add(one, logout())));
    await store.close();

    expect(answers.toSorted()).toEqual([false, false, false, true]);
  });
});
