import { randomBytes } from 'node:crypto';
import { describeRevocationStore } from '../../../src/testing/contract/revocation-store-contract';
import { about, later, logout, revocation } from '../../../src/testing/contract/contract';
import { ENDING, login, refreshOf } from '../../../src/testing/contract/session-orders';
import { setTimeout as sleep } from 'node:timers/promises';
import { CoreProcess, type RemoteCore } from '../../support/core-process';
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

      const isOver = Date.now() + 8000;
      while (errors.length === 0 || Date.now() < isOver) {
        await open.read(null);
        await sleep(100);
      }
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
      await until(async () => {
        await open.read(null);
        return open.feed.doorbell.state === 'doorbell';
      });

      other.feed.ring(false);
      await until(() => rings > 1);
      await Promise.all([open.close(), other.close()]);

      expect(errors).toEqual([]);
    });

    it('leaves nothing behind on the connections that others use next', async () => {
      const store = await openStore(bouncer.url, { writeTimeoutMs: 1234, lookupTimeoutMs: 567 });
      await store.add(revocation(), logout());
      await store.isRevoked(about([revocation().key]));
      const order = login();
      const [key = ''] = order.cutoffKeys;
      await store.sessions.open(order);
      await store.sessions.refresh(refreshOf(order, 0));
      await store.sessions.list(order);
      await store.sessions.endOthers({ ...ENDING, ...order });
      await store.sessions.end({ ...ENDING, ...order, sids: [order.sid], endedBy: 'logout' });
      await store.cutOff(
        { key, scope: 'subject', expiresAt: later(new Date(), 3_600_000) },
        logout(),
      );
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

  describe('Sessions of two instances behind PgBouncer', () => {
    let processes: readonly [CoreProcess, CoreProcess];
    let one: RemoteCore;
    let other: RemoteCore;

    beforeAll(async () => {
      const secret = (): string => randomBytes(32).toString('hex');
      const settings = {
        databaseUrl: bouncer.url,
        store: { check: 'direct', writeTimeoutMs: 20_000, lookupTimeoutMs: 20_000 },
        sessions: { signingKeys: secret(), refreshKeys: secret() },
      } as const;
      processes = await Promise.all([CoreProcess.start(settings), CoreProcess.start(settings)]);
      [one, other] = [processes[0].core, processes[1].core];
    });

    afterAll(async () => {
      for (const process of processes) await process.stop();
    });

    const sidsOf = async (user: string): Promise<readonly string[]> =>
      (await other.sessions.list(user)).map(({ sid }) => sid);

    it('go on when they are refreshed, and end one by one, but one, and all', async () => {
      const phone = await one.sessions.open('ada', { device: 'phone' });
      const laptop = await other.sessions.open('ada');
      const tablet = await one.sessions.open('ada');
      const sids = [tablet, laptop, phone].map(({ session }) => session.sid);
      const refreshed = await other.sessions.refresh(phone.refreshToken);

      const left = [
        await sidsOf('ada'),
        await one.revocation.run(tablet.refreshToken, {}).then(() => sidsOf('ada')),
        await one.sessions.endOthers('ada', phone.session.sid).then(() => sidsOf('ada')),
        await one.sessions.endAll('ada').then(() => sidsOf('ada')),
      ];
      const next = await one.sessions.open('ada');

      expect(left).toEqual([sids, sids.slice(1), sids.slice(2), []]);
      const verdicts = await Promise.all(
        [refreshed, laptop, tablet, next].map(({ accessToken }) =>
          other.tokens.authenticate(accessToken),
        ),
      );
      const [revoked, live] = ['revoked', 'live'];
      expect(verdicts.map(({ verdict }) => verdict)).toEqual([revoked, revoked, revoked, live]);
    });

    it('rotate once, however many refresh at once on the few connections', async () => {
      const order = login();
      await one.store.sessions.open(order);

      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, at) =>
          (at % 2 === 0 ? one : other).store.sessions.refresh(refreshOf(order, 0)),
        ),
      );

      const outcomes = answers.map(({ outcome }) => outcome).toSorted();
      expect(outcomes).toEqual([...Array.from({ length: 99 }, () => 'replayed'), 'rotated']);
    });

    it('leave one of two that end each other', async () => {
      for (let round = 0; round < 10; round += 1) {
        const first = login();
        const second = login({ subject: first.subject });
        for (const order of [first, second]) await one.store.sessions.open(order);

        await Promise.all([
          one.store.sessions.endOthers({ ...ENDING, ...first }),
          other.store.sessions.endOthers({ ...ENDING, ...second }),
        ]);

        expect(await one.store.sessions.list(first)).toHaveLength(1);
      }
    });
  });
}

testWith('pgbouncer', hasPgBouncer(), describeBehindPgBouncer);
