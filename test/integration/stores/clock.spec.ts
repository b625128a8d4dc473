import { StoreUnavailableError } from '../../../src/revocation/errors';
import type { PostgresRevocationStore } from '../../../src/stores/postgres/revocation-store.postgres';
import { createDatabase, type TestDatabase } from '../../support/database';
import { openStore } from './open-store';

const NOBODY = '0'.repeat(64);

describe('The clock of an instance, against the database’s', () => {
  let database: TestDatabase;
  let store: PostgresRevocationStore;
  beforeAll(async () => {
    database = await createDatabase();
    store = await openStore(database.url);
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const lookUpWithClockOff = (offMs: number): Promise<boolean> => {
    const issuedAt = new Date();
    const { now } = Date;
    jest.spyOn(Date, 'now').mockImplementation(() => now.call(Date) + offMs);
    return store.isRevoked([NOBODY], issuedAt);
  };

  it('may be behind by less than rows outlive their tokens, and ahead by anything', async () => {
    await expect(lookUpWithClockOff(-25_000)).resolves.toBe(false);
    jest.restoreAllMocks();
    await expect(lookUpWithClockOff(3_600_000)).resolves.toBe(false);
  });

  it('gets no answer when it is further behind: a revoked token would come back', async () => {
    await expect(lookUpWithClockOff(-35_000)).rejects.toThrow(StoreUnavailableError);
  });
});
