import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailableError } from '../../../src/revocation/errors';
import { logout, revocation } from '../../../src/testing/contract/contract';
import { FaultProxy } from '../../faults/proxy';
import { createMigratedDatabase } from '../../support/database';
import { openStore } from './open-store';

describe('While connections are asked for that the network swallows', () => {
  it('a logout that comes once it is whole again does not fail with those before', async () => {
    const database = await createMigratedDatabase();
    const proxy = await FaultProxy.before(Number(new URL(database.url).port));
    const store = await openStore(proxy.url(database.url), {
      writeTimeoutMs: 2000,
      lookupTimeoutMs: 400,
    });
    const logOut = () => store.add(revocation(), logout());
    await logOut();

    proxy.impose({ up: 'lost', down: 'lost' });
    proxy.cut();
    const before = logOut().catch((error: unknown) => error);
    await sleep(100);
    const besides = logOut().catch((error: unknown) => error); // takes the other connection
    await sleep(500);
    proxy.heal();
    const after = logOut();

    expect(await before).toBeInstanceOf(StoreUnavailableError);
    await expect(after).resolves.toBeDefined();
    await besides;
    await store.close();
    await proxy.close();
    await database.drop();
  });
});
