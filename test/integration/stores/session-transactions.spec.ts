import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { later, logout } from '../../../src/testing/contract/contract';
import { ENDING, login, refreshOf, sessionKey } from '../../../src/testing/contract/session-orders';
import type { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { StoreUnavailableError } from '../../../src/revocation/errors';
import type { SessionOrder } from '../../../src/revocation/session-store';
import type { HostTransaction } from '../../../src/revocation/unit-of-work';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { until } from '../../support/until';
import { hostOf, openStore } from './open-store';

const HOUR_MS = 3_600_000;

let database: TestDatabase;
let store: PostgresRevocationStore;
/** Soon gives up to wait. */
let impatient: PostgresRevocationStore;
let host: DataSource;

beforeAll(async () => {
  database = await createMigratedDatabase();
  store = await openStore(database.url, { writeTimeoutMs: 10_000 });
  impatient = await openStore(database.url, { check: 'direct', writeTimeoutMs: 300 });
  host = await hostOf(database.url).initialize();
});

afterAll(async () => {
  await host.destroy();
  await store.close();
  await impatient.close();
  await database.drop();
});

const open = async (changes: Partial<SessionOrder> = {}): Promise<SessionOrder> => {
  const order = login(changes);
  await store.sessions.open(order);
  return order;
};
const end = ({ issuer, sid }: SessionOrder, manager?: HostTransaction, by = store) =>
  by.sessions.end({ ...ENDING, issuer, sids: [sid], endedBy: 'logout' }, manager);
const endOthers = async ({ issuer, subject, sid }: SessionOrder) => {
  const ended = await store.sessions.endOthers({ ...ENDING, issuer, subject, sid });
  if (ended === undefined) throw new Error('The session is not live.');
  return ended;
};
/** How many statements wait for a lock. */
const waitingForLocks = async (): Promise<number> => {
  const sql = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
  return (await host.query<unknown[]>(sql)).length;
};
const refresh = async (order: SessionOrder): Promise<string> =>
  (await store.sessions.refresh(refreshOf(order, 0))).outcome;
const asked = (order: SessionOrder) => ({ absolute: [sessionKey(order)], cutoffs: [] });
const cutOff = ({ cutoffKeys: [key = ''] }: SessionOrder, manager?: HostTransaction) =>
  store.cutOff({ key, scope: 'subject', expiresAt: later(new Date(), HOUR_MS) }, logout(), manager);
const rolledBack = (work: (manager: HostTransaction) => Promise<unknown>): Promise<unknown> =>
  host
    .transaction(async (manager) => {
      await work(manager);
      throw new Error('changed my mind');
    })
    .catch(() => undefined);

/** What a failed call says of its cause. */
const causeOf = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof StoreUnavailableError)) throw new Error('It did not fail.');
  return error.cause instanceof Error ? error.cause.message : '';
};

describe('A session that is ended in a transaction of the host’s', () => {
  it.each(['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'] as const)(
    'is over once that has committed, with its event; %s',
    async (isolation) => {
      const order = await open();

      const { revocations } = await host.transaction(isolation, async (manager) => {
        const ended = await end(order, manager);
        expect(await store.isRevoked(asked(order))).toBe(false);
        return ended;
      });

      expect(revocations.map(({ sessionId }) => sessionId)).toEqual([order.sid]);
      expect(await store.isRevoked(asked(order))).toBe(true);
      expect(await refresh(order)).toBe('ended');
      const { events } = await store.audit.find({ subject: order.subject });
      expect(events.map(({ event }) => event)).toEqual(['authn_token_revoked', 'session_created']);
    },
  );

  it('goes on where that rolls back', async () => {
    const order = await open();

    await rolledBack((manager) => end(order, manager));

    expect(await store.isRevoked(asked(order))).toBe(false);
    expect(await refresh(order)).toBe('rotated');
  });

  it('is asked about in the store until that has ended, and then known again', async () => {
    const [kept, undone] = [await open(), await open()];
    await until(() => store.known(asked(kept)) === false);

    await host.transaction(async (manager) => {
      await end(kept, manager);
      expect(store.known(asked(kept))).toBeUndefined();
    });
    await rolledBack((manager) => end(undone, manager));

    expect(await store.isRevoked(asked(kept))).toBe(true);
    await until(() => store.known(asked(kept)) === true);
    await until(() => store.known(asked(undone)) === false);
  });

  it('holds up the refresh of no other session, and its own until it has committed', async () => {
    const [held, other] = [await open(), await open()];
    let ownRefresh: Promise<string> | undefined;

    await host.transaction(async (manager) => {
      await end(held, manager);
      ownRefresh = refresh(held);
      expect(await refresh(other)).toBe('rotated');
      const first = await Promise.race([ownRefresh, Promise.resolve('still waiting')]);
      expect(first).toBe('still waiting');
    });

    expect(await ownRefresh).toBe('ended');
  });

  it('holds up no login and no logout of others, and its own end until it has committed', async () => {
    const subject = randomUUID();
    const [held, sibling, another] = [
      await open({ subject }),
      await open({ subject }),
      await open(),
    ];
    const waiting: Promise<unknown>[] = [];

    await host.transaction(async (manager) => {
      await end(held, manager);
      waiting.push(end(held), endOthers(sibling), open({ previousRefreshId: held.refreshId }));
      await open();
      expect((await end(another)).revocations).toHaveLength(1);
      expect((await endOthers(await open())).revocations).toHaveLength(0);
      expect(await Promise.race([...waiting, Promise.resolve('waiting')])).toBe('waiting');
    });

    const [again, others] = await Promise.all(waiting);
    expect(again).toMatchObject({ revocations: [], endedBefore: [{ sid: held.sid }] });
    expect(others).toMatchObject({ revocations: [] });
  });

  it('waits in it for another that holds it, as a statement of the host’s does', async () => {
    const order = await open();
    let second: ReturnType<typeof end> | undefined;

    await host.transaction(async (manager) => {
      await end(order, manager);
      second = host.transaction((other) => end(order, other));
      await until(async () => (await waitingForLocks()) === 1);
    });

    expect(await second).toMatchObject({ revocations: [], endedBefore: [{ sid: order.sid }] });
  });

  it('fails its refresh and its end with a sentence where that takes too long', async () => {
    const order = await open();

    await host.transaction(async (manager) => {
      await end(order, manager);
      const held = 'another transaction holds the session';
      expect(await causeOf(impatient.sessions.refresh(refreshOf(order, 0)))).toMatch(held);
      expect(await causeOf(end(order, undefined, impatient))).toMatch(held);
    });

    expect(await refresh(order)).toBe('ended');
  });
});

describe('A login while a transaction of the host’s revokes its subject', () => {
  it('waits for the commit, and is good then', async () => {
    const order = login();
    let opening: ReturnType<typeof store.sessions.open> | undefined;

    const { issuedBefore } = await host.transaction(async (manager) => {
      const cut = await cutOff(order, manager);
      opening = store.sessions.open(order);
      await open(); // of another subject: it does not wait
      return cut;
    });

    const { session } = await opening!;
    expect(session.openedAt.getTime()).toBeGreaterThan(issuedBefore.getTime());
    const [key = ''] = order.cutoffKeys;
    const query = { absolute: [], cutoffs: [{ key, at: session.openedAt.getTime() }] };
    expect(await store.isRevoked(query)).toBe(false);
  });

  it('holds up no login and no logout of others, however many cutoffs wait for it', async () => {
    const [order, another] = [login(), await open()];
    let waiting: Promise<unknown>[] = [];

    await host.transaction(async (manager) => {
      await cutOff(order, manager);
      waiting = [cutOff(order), cutOff(order), cutOff(order)];
      await until(async () => (await waitingForLocks()) > 0);
      await open();
      expect((await end(another)).revocations).toHaveLength(1);
      expect(await Promise.race([...waiting, Promise.resolve('waiting')])).toBe('waiting');
    });

    await Promise.all(waiting);
  });

  it('fails with a sentence where it waits for itself, and opens nothing', async () => {
    const order = login();

    await host.transaction(async (manager) => {
      await cutOff(order, manager);
      expect(await causeOf(impatient.sessions.open(order))).toMatch(
        'open the session after that has committed',
      );
    });

    expect(await store.sessions.list(order)).toEqual([]);
  });

  it('keeps the cutoff waiting that comes second, so that it covers the session', async () => {
    const sessions = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const order = login();
        const [{ session }, { issuedBefore }] = await Promise.all([
          store.sessions.open(order),
          cutOff(order),
        ]);
        return { openedAt: session.openedAt, issuedBefore, order };
      }),
    );

    for (const { openedAt, issuedBefore, order } of sessions) {
      const [key = ''] = order.cutoffKeys;
      const query = { absolute: [], cutoffs: [{ key, at: openedAt.getTime() }] };
      expect(await store.isRevoked(query)).toBe(openedAt <= issuedBefore);
    }
  });
});

describe('Sessions that last longer than partitions are made ahead', () => {
  it('are ended under a revocation for which the partition is made', async () => {
    const order = await open();
    const days = 20 * 24 * 3600;

    const { revocations } = await store.sessions.end({
      ...ENDING,
      issuer: order.issuer,
      sids: [order.sid],
      endedBy: 'logout',
      revokedSeconds: days,
    });

    expect(revocations).toHaveLength(1);
    expect(await store.isRevoked(asked(order))).toBe(true);
  });

  it('also in a transaction of the host’s, which goes on', async () => {
    const order = await open();
    const { issuer, sid } = order;
    const days = 40 * 24 * 3600;
    const ended = { ...ENDING, issuer, sids: [sid], endedBy: 'x', revokedSeconds: days };

    await host.transaction((manager) => store.sessions.end(ended, manager));

    expect(await store.isRevoked(asked(order))).toBe(true);
  });

  it('when they are ended by a reuse', async () => {
    const order = await open();
    const days = 15 * 24 * 3600;
    await refresh(order);

    const { outcome } = await store.sessions.refresh(
      refreshOf(order, 0, { graceSeconds: 0, revokedSeconds: days }),
    );

    expect(outcome).toBe('reused');
    expect(await store.isRevoked(asked(order))).toBe(true);
  });
});
