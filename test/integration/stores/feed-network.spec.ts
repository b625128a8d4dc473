import { StoreUnavailableError } from '../../../src/revocation/errors';
import { logout, revocation } from '../../../src/testing/contract/contract';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { FaultProxy } from '../../faults/proxy';
import { ranFor } from '../../support/own-time';
import { until } from '../../support/until';
import { openFeed, type OpenFeed } from './open-feed';
import { hostOf, openStore } from './open-store';

let database: TestDatabase;
let proxy: FaultProxy;
let open: OpenFeed;

beforeEach(async () => {
  database = await createMigratedDatabase();
  proxy = await FaultProxy.before(Number(new URL(database.url).port));
  open = await openFeed(proxy.url(database.url), { lookupTimeoutMs: 1000 });
});

afterEach(async () => {
  proxy.heal();
  await open.close();
  await proxy.close();
  await database.drop();
});

describe('Where the network swallows everything without a word', () => {
  it('a read is given up soon, and the next one takes another connection', async () => {
    const { cursor } = await open.read(null);
    proxy.impose({ up: 'lost', down: 'lost' });
    const whileLost: unknown[] = [];

    const tookMs = await ranFor(async () => {
      for (const since of [cursor, null])
        whileLost.push(await open.read(since).catch((error: unknown) => error));
    });
    proxy.heal();

    expect(whileLost).toEqual([
      expect.any(StoreUnavailableError),
      expect.any(StoreUnavailableError),
    ]);
    expect(tookMs).toBeLessThan(4000);
    expect((await open.read(cursor)).cursor).not.toBeNull();
  });

  it('an announcement is given up, and so is its withdrawal', async () => {
    await open.feed.announce({ maxStalenessMs: 1000, cursor: null });
    proxy.impose({ up: 'lost', down: 'lost' });

    const tookMs = await ranFor(async () => {
      const announcing = open.feed.announce({ maxStalenessMs: 1000, cursor: null });
      await expect(announcing).rejects.toThrow(StoreUnavailableError);
      await open.feed.close();
    });

    expect(tookMs).toBeLessThan(4000);
  });

  it('the doorbell is missed by the next read, and heard again when the network is back', async () => {
    let rings = 0;
    open.feed.listen(() => (rings += 1));
    const untilIs = (state: 'doorbell' | 'polling'): Promise<unknown> =>
      until(
        async () => {
          await open.read(null).catch(() => undefined);
          return open.feed.doorbell.state === state;
        },
        { everyMs: 50 }, // a ring is told from an answer while nothing is read
      );
    await untilIs('doorbell');
    const before = rings;

    proxy.impose({ up: 'lost', down: 'lost' });
    await untilIs('polling');
    proxy.heal();
    await untilIs('doorbell');

    expect(rings).toBeGreaterThan(before);
  });
});

describe('Where the network swallows rings', () => {
  it('they take no connection from what is written, so that a logout need not wait', async () => {
    const options = { onError: () => undefined, writeTimeoutMs: 2000 };
    const store = await openStore(proxy.url(database.url), options);
    const expiresAt = new Date(Date.now() + 3_600_000);
    const cutoff = { key: revocation().key, scope: 'subject', expiresAt } as const;
    proxy.impose({ on: 'rings', up: 'lost' });

    await store.add(revocation(), logout());
    const host = await hostOf(database.url).initialize();
    await host.transaction(async (manager) => {
      await store.cutOff(cutoff, logout(), manager);
      const waiting = store.cutOff(cutoff, logout()); // on one of two connections, for the host
      await until(async () => {
        const text = `SELECT FROM pg_stat_activity WHERE wait_event = 'advisory'`;
        return (await host.query<unknown[]>(text)).length === 1;
      });
      const rejected = expect(waiting).rejects.toThrow(StoreUnavailableError);
      await store.add(revocation(), logout()); // on the other one
      await rejected;
    });

    await host.destroy();
    await store.close();
  });
});
