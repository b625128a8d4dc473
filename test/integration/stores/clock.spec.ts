import { about } from '../../../src/testing/contract/contract';
import { StoreUnavailableError } from '../../../src/revocation/errors';
import { StoreClock } from '../../../src/revocation/store-clock';
import { LookUps } from '../../../src/stores/postgres/reads/look-ups';
import { Partitions } from '../../../src/stores/postgres/schema/partitions';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { openFeed, type OpenFeed } from './open-feed';

const UNKNOWN_KEY = '0'.repeat(64);

describe('The clock of an instance, against the database’s', () => {
  let database: TestDatabase;
  let open: OpenFeed;
  let clock: StoreClock;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    open = await openFeed(database.url);
  });
  afterAll(async () => {
    await open.close();
    await database.drop();
  });

  /** The look-ups of an instance whose clock is off, and which has not heard the database's yet. */
  const lookUpsWithClockOff = (offMs: number): LookUps => {
    clock = new StoreClock(() => Date.now() + offMs);
    return new LookUps(open.connections, clock, 1000);
  };
  const ask = (lookUps: LookUps): Promise<boolean> => lookUps.isRevoked(about([UNKNOWN_KEY]));

  it('may be behind by less than rows outlive their tokens, and ahead by anything', async () => {
    await expect(ask(lookUpsWithClockOff(-25_000))).resolves.toBe(false);
    await expect(ask(lookUpsWithClockOff(3_600_000))).resolves.toBe(false);
  });

  it('gets no answer when it is further behind: a revoked token would come back', async () => {
    await expect(ask(lookUpsWithClockOff(-35_000))).rejects.toThrow(StoreUnavailableError);
  });

  it('is replaced by the database’s from then on, where it is so far behind', async () => {
    const lookUps = lookUpsWithClockOff(-35_000);
    await ask(lookUps).catch(() => undefined);

    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(5000);
    await expect(ask(lookUps)).resolves.toBe(false);
    expect(clock.isTrusted).toBe(false);
  });

  it('is told wrong to those alone that were verified by it', async () => {
    const lookUps = lookUpsWithClockOff(-35_000);

    const early = ask(lookUps).catch((error: unknown) => error);
    clock.observe(Date.now());
    const late = ask(lookUps);

    expect(await early).toBeInstanceOf(StoreUnavailableError);
    expect(await late).toBe(false);
  });

  it('is compared from the first partition on, before any token comes', async () => {
    const atBoot = new StoreClock(() => Date.now() - 60_000);

    await new Partitions(open.connections, atBoot, 2000).makeAhead();

    expect(atBoot.skewMs).toBeLessThan(-55_000);
  });

  it('costs a look-up each, which are counted', async () => {
    const lookUps = lookUpsWithClockOff(0);

    await Promise.all([ask(lookUps), ask(lookUps), ask(lookUps)]);

    expect(lookUps.count).toBe(3);
  });
});
