import { createDatabase, type TestDatabase } from '../../support/database';
import {
  describeRevocationStore,
  logout,
  revocation,
} from '../../contracts/revocation-store.contract';
import { hostOf, openStore } from './open-store';
import { hasPgBouncer, startPgBouncer, type PgBouncer } from './pgbouncer';

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

  describeRevocationStore('PostgresRevocationStore behind PgBouncer', async () => ({
    store: await openStore(bouncer.url),
    now: async () => (await database.query('SELECT now()'))[0]!['now'] as Date,
  }));

  describe('PostgresRevocationStore behind PgBouncer', () => {
    it('opens with a host’s settings that PgBouncer would refuse', async () => {
      const store = await openStore(
        `${bouncer.url}?statement_timeout=1000`,
        {},
        { extra: { lock_timeout: 1000, options: '-c work_mem=8MB' } },
      );

      expect(await store.add(revocation(), logout())).toBe(true);
      await store.close();
    });

    it('migrates once when three instances start', async () => {
      await database.query(`DROP TABLE revoked_tokens, auth_events, nestjs_logout_migrations;
        DROP FUNCTION auth_events_refuse_change, revoked_cutoffs`);

      const stores = await Promise.all([1, 2, 3].map(() => openStore(bouncer.url)));
      const answers = await Promise.all(stores.map((store) => store.add(revocation(), logout())));
      await Promise.all(stores.map((store) => store.close()));

      expect(answers).toEqual([true, true, true]);
    });

    it('leaves nothing behind on the connections that others use next', async () => {
      const store = await openStore(bouncer.url, { writeTimeoutMs: 1234, lookupTimeoutMs: 567 });
      await store.add(revocation(), logout());
      await store.isRevoked([revocation().key], new Date());
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

const isInstalled = hasPgBouncer();
if (isInstalled) describeBehindPgBouncer();
else {
  it('is left out, aloud, where it is not installed', () => {
    expect(isInstalled).toBe(false);
  });
}
