import { describeRevocationStore } from '../../../src/testing/contract/revocation-store-contract';
import { about, logout, revocation } from '../../../src/testing/contract/contract';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase, type TestDatabase } from '../../support/database';
import { halfOf, openFeed } from './open-feed';
import { hostOf, openStore } from './open-store';
import { hasPgBouncer, startPgBouncer, type PgBouncer } from './pgbouncer';
import { until } from '../../support/until';
import { testWith } from '../../support/tools';

function describeBehindPgBouncer(): void {
  let database: TestDatabase;
  let bouncer: PgBouncer;

  beforeAll(async () => {
    database = await createDatabase();
    bouncer = await startPgBouncer(database.url);
  });

  afterAll(async () => {
    await bouncer.stop();
    await database.drop();
  });

  const now = async (): Promise<Date> => (await database.query('SELECT now()'))[0]!['now'] as Date;

  describeRevocationStore(
    'PostgresRevocationStore behind PgBouncer',
    async () => ({
      store: await openStore(bouncer.url, { check: 'direct' }),
      now,
    }),
    { describe, it, beforeAll, afterAll },
  );

  describeRevocationStore(
    'PostgresRevocationStore with its replica behind PgBouncer',
    async () => ({ store: await openStore(bouncer.url), now }),
    { describe, it, beforeAll, afterAll },
    { forgetsAtOnce: false },
  );

  describe('PostgresRevocationStore behind PgBouncer', () => {
    it('opens with a host’s settings that PgBouncer would refuse', async () => {
      const store = await openStore(
        `${bouncer.url}?statement_timeout=1000`,
        {},
        { extra: { lock_timeout: 1000 } },
      );

      expect(await store.add(revocation(), logout())).toBe(true);
      await store.close();
    });

    it('migrates once when three instances start', async () => {
      await database.query('DROP SCHEMA nestjs_logout CASCADE');

      const stores = await Promise.all([1, 2, 3].map(() => openStore(bouncer.url)));
      const answers = await Promise.all(stores.map((store) => store.add(revocation(), logout())));
      await Promise.all(stores.map((store) => store.close()));

      expect(answers).toEqual([true, true, true]);
    });

    it('reads page by page what others add, each once', async () => {
      const store = await openStore(bouncer.url, { check: 'direct' });
      const open = await openFeed(bouncer.url);
      await database.query(`INSERT INTO revoked_tokens (key, scope, issued_before, expires_at)
        SELECT sha256(place::text::bytea), 'token', 'infinity', now() + interval '1 hour'
        FROM generate_series(1, 10000) AS place`);
      const loaded = await open.read(null);
      const one = revocation();
      await store.add(one, logout());

      const next = await open.read(loaded.cursor);
      await open.close();
      await store.close();

      expect(loaded.tokens.length).toBeGreaterThanOrEqual(10_000);
      expect(next.tokens).toEqual([halfOf(one.key)]);
    });

    it('lives on polling, and says once how it would hear the doorbell', async () => {
      const errors: Error[] = [];
      const open = await openFeed(bouncer.url, { onError: (error) => errors.push(error) });
      open.feed.listen(() => undefined);

      await until(() => errors.length > 0);
      await sleep(3000);
      await open.close();

      expect(open.feed.doorbell.state).toBe('polling');
      expect(errors.map(({ message }) => message)).toEqual([
        expect.stringMatching(/^Notifications do not arrive.* Set "feedConnection" to a direct/),
      ]);
    });

    it('hears the doorbell on a direct connection of its own', async () => {
      const errors: Error[] = [];
      const onError = (error: Error): unknown => errors.push(error);
      const open = await openFeed(bouncer.url, { feedConnection: database.url, onError });
      const other = await openFeed(bouncer.url);
      let rings = 0;
      open.feed.listen(() => (rings += 1));
      await until(() => open.feed.doorbell.state === 'doorbell');

      other.feed.doorbell.ring();
      await until(() => rings > 1);
      await Promise.all([open.close(), other.close()]);

      expect(errors).toEqual([]);
    });

    it('leaves nothing behind on the connections that others use next', async () => {
      const store = await openStore(bouncer.url, { writeTimeoutMs: 1234, lookupTimeoutMs: 567 });
      await store.add(revocation(), logout());
      await store.isRevoked(about([revocation().key]));
      await store.close();

      const host = await hostOf(bouncer.url, { poolSize: 4 }).initialize();
      const settings = await Promise.all(
        Array.from({ length: 4 }, () =>
          host.query<unknown[]>(`
            SELECT current_setting('statement_timeout') AS statement_timeout,
              current_setting('synchronous_commit') AS synchronous_commit FROM pg_sleep(0.1)`),
        ),
      );
      await host.destroy();
      const [locks] = await database.query(
        `SELECT count(*)::int AS held FROM pg_locks WHERE locktype = 'advisory'`,
      );

      const untouched = { statement_timeout: '0', synchronous_commit: 'off' };
      expect(settings.flat()).toEqual(Array.from({ length: 4 }, () => untouched));
      expect(locks).toEqual({ held: 0 });
    });
  });
}

testWith('pgbouncer', hasPgBouncer(), describeBehindPgBouncer);
