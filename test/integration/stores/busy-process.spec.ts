import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { about } from '../../../src/testing/contract/contract';
import { openStore } from './open-store';

const KEY = 'ab'.repeat(32);

describe('A process that is too busy to read', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createMigratedDatabase();
  });
  afterAll(() => database.drop());

  it('takes an answer that came in time, however late it reads it', async () => {
    const store = await openStore(database.url, { check: 'direct', lookupTimeoutMs: 1000 });
    await store.isRevoked(about([KEY]));
    const answer = store.isRevoked(about([KEY]));
    await turn(); // the question is sent
    const end = performance.now() + 1100;
    while (performance.now() < end);
    expect(await answer).toBe(false);
    await store.close();
  });

  it('connects all the same, where answers have more time than it stands still', async () => {
    const opening = openStore(database.url, { check: 'direct', lookupTimeoutMs: 10_000 });
    await sleep(2); // a connection is asked for
    const end = performance.now() + 2500;
    while (performance.now() < end);
    await (await opening).close();
  });
});
