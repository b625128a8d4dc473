import fc from 'fast-check';
import type { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { layeredAction } from '../../support/layered-actions';
import { LayeredWorld } from '../../support/layered-world';
import { until } from '../../support/until';
import { openStore } from './open-store';

let database: TestDatabase;
/** Where everything is revoked, another instance, and one that looks up each token. */
let here: PostgresRevocationStore;
let other: PostgresRevocationStore;
let direct: PostgresRevocationStore;

beforeAll(async () => {
  database = await createMigratedDatabase();
  [here, other, direct] = await Promise.all([
    openStore(database.url, { pollIntervalMs: 50, maxStalenessMs: 60_000 }),
    openStore(database.url, { pollIntervalMs: 50, maxStalenessMs: 60_000 }),
    openStore(database.url, { check: 'direct', lookupTimeoutMs: 10_000 }),
  ]);
});

afterAll(async () => {
  await Promise.all([here, other, direct].map((store) => store.close()));
  await database.drop();
});

/** Waits for a read that began after this call. */
const catchUp = async (store: PostgresRevocationStore): Promise<void> => {
  const catchUps = (): number => store.status().replica?.catchUps ?? 0;
  const before = catchUps();
  await until(() => catchUps() >= before + 2);
};

it('A token is refused where a revocation of any layer covers it, and only there, by PostgreSQL and by replicas of it', async () => {
  // One for all runs, whose revocations stay in the database.
  const world = new LayeredWorld(here, () => Date.now());
  const seen = { refused: 0, accepted: 0 };
  const actions = fc.array(layeredAction, { minLength: 10, maxLength: 40, size: 'max' });
  await fc.assert(
    fc.asyncProperty(actions, async (all) => {
      for (const action of all) await world.act(action);
      await Promise.all([here, other].map(catchUp));
      const asked = world.accepted().map(async ({ token, isRefused }) => {
        seen[isRefused ? 'refused' : 'accepted'] += 1;
        const known = [here, other].map((store) => store.known(token.keys));
        expect([await direct.isRevoked(token.keys), ...known]).toEqual(Array(3).fill(isRefused));
      });
      await Promise.all(asked);
    }),
    { numRuns: 20, endOnFailure: true },
  );
  expect(Math.min(seen.refused, seen.accepted)).toBeGreaterThan(10);
}, 120_000);
