import { about, logout, revocation } from '../../../src/testing/contract/contract';
import type { DataSource } from 'typeorm';
import { StoreUnavailableError } from '../../../src/revocation/errors';
import type { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { aboutToken } from '../../support/queries';
import { until } from '../../support/until';
import { hostOf, openStore } from './open-store';

let database: TestDatabase;
let store: PostgresRevocationStore;
let host: DataSource;

beforeAll(async () => {
  database = await createMigratedDatabase();
  store = await openStore(database.url, { check: 'direct' });
  host = await hostOf(database.url).initialize();
});

afterAll(async () => {
  await host.destroy();
  await store.close();
  await database.drop();
});

const eventsOf = async (subject: string): Promise<number> =>
  (await store.audit.find({ subject })).events.length;

describe('A revocation in a transaction of the host’s', () => {
  it('counts once the host has committed, together with its event', async () => {
    const one = revocation();

    const isNew = await host.transaction(async (manager) => {
      const answer = await store.add(one, logout({ subject: 'committed' }), manager);
      expect(await store.isRevoked(about([one.key]))).toBe(false);
      return answer;
    });

    expect(isNew).toBe(true);
    expect(await store.isRevoked(about([one.key]))).toBe(true);
    expect(await eventsOf('committed')).toBe(1);
  });

  it('never was when the host rolls back, and neither was its event', async () => {
    const one = revocation();

    const transaction = host.transaction(async (manager) => {
      await store.add(one, logout({ subject: 'rolled back' }), manager);
      throw new Error('changed my mind');
    });

    await expect(transaction).rejects.toThrow('changed my mind');
    expect(await store.isRevoked(about([one.key]))).toBe(false);
    expect(await eventsOf('rolled back')).toBe(0);
  });

  it('tells that the token was revoked before', async () => {
    const one = revocation();
    await store.add(one, logout());

    const isNew = await host.transaction((manager) => store.add(one, logout(), manager));

    expect(isNew).toBe(false);
  });

  it('may follow others in it that need partitions of their own', async () => {
    const far = [41, 42, 43].map((days) =>
      revocation({ expiresAt: new Date(Date.now() + days * 86_400_000) }),
    );

    const answers = await host.transaction('REPEATABLE READ', async (manager) => [
      await store.add(far[0]!, logout(), manager),
      await store.add(far[1]!, logout(), manager),
      await store.add(far[2]!, logout(), manager),
    ]);

    expect(answers).toEqual([true, true, true]);
  });

  it('finds its partition made, however far ahead it expires', async () => {
    const one = revocation({ expiresAt: new Date(Date.now() + 40 * 86_400_000) });

    const isNew = await host.transaction((manager) => store.add(one, logout(), manager));

    expect(isNew).toBe(true);
  });

  it('fails as any write does when the host’s connection fails', async () => {
    const transaction = host.transaction(async (manager) => {
      await manager.query('SELECT 1 / 0').catch(() => undefined);
      await store.add(revocation(), logout({ subject: 'secret subject' }), manager);
    });

    const error = await transaction.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect((error as Error).cause).toMatchObject({
      name: 'PostgresError',
      code: '25P02',
      message: expect.stringContaining('transaction is aborted') as string,
    });
  });
});

describe('Durability', () => {
  beforeAll(async () => {
    await database.query(`CREATE TABLE seen (at_commit text)`);
    await database.query(`
      CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO public.seen VALUES (current_setting('synchronous_commit')); RETURN NULL;
      END $$`);
    await database.query(`
      CREATE CONSTRAINT TRIGGER see AFTER INSERT ON auth_events
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION see()`);
  });

  beforeEach(async () => {
    await database.query('TRUNCATE seen');
  });

  it('is asked for even where the server commits without waiting', async () => {
    await store.add(revocation(), logout());

    expect(await database.query('SHOW synchronous_commit')).toEqual([
      { synchronous_commit: 'off' },
    ]);
    expect(await database.query('SELECT * FROM seen')).toEqual([{ at_commit: 'on' }]);
  });

  it('is asked for in a transaction of the host’s too, and only in that one', async () => {
    await host.transaction((manager) => store.add(revocation(), logout(), manager));

    expect(await database.query('SELECT * FROM seen')).toEqual([{ at_commit: 'on' }]);
    expect(await host.query('SHOW synchronous_commit')).toEqual([{ synchronous_commit: 'off' }]);
  });

  it('leaves a stricter setting of the host’s as it is', async () => {
    await host.transaction(async (manager) => {
      await manager.query('SET LOCAL synchronous_commit = remote_apply');
      await store.add(revocation(), logout(), manager);
    });

    expect(await database.query('SELECT * FROM seen')).toEqual([{ at_commit: 'remote_apply' }]);
  });
});

describe('A revocation and its event', () => {
  it('are both absent when the event cannot be written', async () => {
    const one = revocation();
    await database.query('ALTER TABLE auth_events RENAME COLUMN reason TO cause');

    const failure = store.add(one, logout());
    await expect(failure).rejects.toThrow(StoreUnavailableError);
    await database.query('ALTER TABLE auth_events RENAME COLUMN cause TO reason');

    expect(await store.isRevoked(about([one.key]))).toBe(false);
  });

  it.each([
    ['U+0000', 'a\0b', 'a\ufffdb'],
    ['half of a pair of surrogates', 'a\ud800b', 'a\ufffdb'],
    ['a backslash before u0000', 'a\\u0000b', 'a\\u0000b'],
    ['quotes and SQL', `'); DROP TABLE auth_events; --"`, `'); DROP TABLE auth_events; --"`],
    ['300 characters', 'x'.repeat(300), 'x'.repeat(255)],
    ['a pair cut in two', `${'x'.repeat(254)}😀`, `${'x'.repeat(254)}\ufffd`],
  ])('are written whatever the texts hold: %s', async (name, text, stored) => {
    const subject = `hostile ${name}`;
    const one = revocation({ subject: text, reason: text, tokenId: text });

    const isNew = await store.add(
      one,
      logout({ subject, reason: text, userAgent: text, detail: { text } }),
    );

    expect(isNew).toBe(true);
    const { events } = await store.audit.find({ subject });
    expect(events[0]!.reason).toBe(stored);
    const [row] = await database.query(
      "SELECT subject FROM revoked_tokens WHERE encode(key, 'hex') = $1",
      [one.key],
    );
    expect(row).toEqual({ subject: stored });
  });

  it.each(['localhost', 'fe80::1%eth0', '203.0.113.0/24', '', '999.1.1.1'])(
    'are written without the address when that is none: %s',
    async (ip) => {
      const subject = `address ${ip}`;

      await store.add(revocation(), logout({ subject, ip, tokenFingerprint: 'none' }));

      const { events } = await store.audit.find({ subject });
      expect(events[0]).not.toHaveProperty('ip');
      expect(events[0]).not.toHaveProperty('tokenFingerprint');
    },
  );
});

describe('Errors', () => {
  it('show neither the statement nor the values they are about', async () => {
    await database.query(
      `ALTER TABLE revoked_tokens ADD CONSTRAINT strange CHECK (subject::int > 0) NOT VALID`,
    );

    const failure = store.add(revocation({ subject: 'a secret subject' }), logout());
    const error = await failure.catch((reason: unknown) => reason);
    await database.query('ALTER TABLE revoked_tokens DROP CONSTRAINT strange');

    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect((error as Error).cause).toMatchObject({ code: '22P02', message: '22P02' });
  });
});

describe('A cutoff in a transaction of the host’s', () => {
  const order = (subject: string) => ({
    key: revocation().key,
    scope: 'subject' as const,
    subject,
    expiresAt: new Date(Date.now() + 3_600_000),
  });
  const isRefused = (key: string, issuedAt: Date): Promise<boolean> =>
    Promise.resolve(store.isRevoked(about([key], issuedAt)));

  it('counts once the host has committed, from its instant on, together with its event', async () => {
    const one = order('cut off');
    const { issuedBefore } = await host.transaction(async (manager) => {
      const cut = await store.cutOff(one, logout({ subject: 'cut off' }), manager);
      expect(await isRefused(one.key, new Date(0))).toBe(false);
      return cut;
    });
    expect(await isRefused(one.key, issuedBefore)).toBe(true);
    expect(await isRefused(one.key, new Date(issuedBefore.getTime() + 1))).toBe(false);
    expect(await eventsOf('cut off')).toBe(1);
  });

  it('never was when the host rolls back', async () => {
    const one = order('not cut off');
    const transaction = host.transaction(async (manager) => {
      await store.cutOff(one, logout({ subject: 'not cut off' }), manager);
      throw new Error('changed my mind');
    });
    await expect(transaction).rejects.toThrow('changed my mind');
    expect(await isRefused(one.key, new Date(0))).toBe(false);
    expect(await eventsOf('not cut off')).toBe(0);
  });

  it('keeps another of the same key waiting, whose instant is later than its commit', async () => {
    const one = order('twice');
    let second: ReturnType<typeof store.cutOff> | undefined;
    const committedAfter = await host.transaction(async (manager) => {
      await store.cutOff(one, logout(), manager);
      second = store.cutOff(one, logout());
      await new Promise((resolve) => setTimeout(resolve, 300));
      const rows = await manager.query<{ now: Date }[]>('SELECT clock_timestamp() AS now');
      return rows[0]!.now;
    });
    expect((await second!).issuedBefore.getTime()).toBeGreaterThanOrEqual(committedAfter.getTime());
  });

  it('leaves memory in doubt no longer than a read takes, committed or rolled back', async () => {
    const replicated = await openStore(database.url);
    try {
      const [kept, undone] = [order('kept'), order('undone')];
      await host.transaction((manager) => replicated.cutOff(kept, logout(), manager));
      await host
        .transaction(async (manager) => {
          await replicated.cutOff(undone, logout(), manager);
          throw new Error('changed my mind');
        })
        .catch(() => undefined);
      const later = new Date(Date.now() + 60_000);
      await until(() => replicated.known(about([undone.key], later)) === false);
      await until(() => replicated.known(about([kept.key], later)) === false);
      expect(replicated.known(about([kept.key], new Date(0)))).toBe(true);
      expect(replicated.known(about([undone.key], new Date(0)))).toBe(false);
    } finally {
      await replicated.close();
    }
  });

  it.each([
    ['committed', true],
    ['rolled back', false],
  ])('sends checks to the database until it is %s, and none afterwards', async (_, commits) => {
    const replicated = await openStore(database.url, { maxStalenessMs: 60_000 });
    try {
      const one = { ...order('a whole issuer'), scope: 'issuer' as const };
      const issuedAt = new Date(Date.now() - 60_000);
      const lookUpsOf = async (checks: number): Promise<number> => {
        const before = replicated.status().directLookUps;
        for (let check = 0; check < checks; check += 1)
          await replicated.isRevoked(aboutToken([one.key], issuedAt));
        return replicated.status().directLookUps - before;
      };
      expect(await lookUpsOf(10)).toBe(0);
      const ended = host.transaction(async (manager) => {
        await replicated.cutOff(one, logout(), manager);
        expect(await lookUpsOf(10)).toBe(10);
        if (!commits) throw new Error('changed my mind');
      });
      await ended.catch(() => undefined);

      await until(() => replicated.known(aboutToken([one.key], issuedAt)) === commits);
      expect(await lookUpsOf(100)).toBe(0);
      expect(replicated.known(aboutToken([one.key], new Date(Date.now() + 60_000)))).toBe(false);
    } finally {
      await replicated.close();
    }
  });
});
