import { describeAdding } from './adding';
import { describeClosed } from './closed';
import { describeCuttingOff } from './cutting-off';
import { Contract, type StoreUnderTest, type TestRunner } from './contract';
import { describeEndingSessions } from './ending-sessions';
import { describeListingSessions } from './listing-sessions';
import { describeExplaining } from './explaining';
import { describeFinding } from './finding';
import { describeLookingUp } from './looking-up';
import { describeOpeningSessions } from './opening-sessions';
import { describeReadingTheAudit } from './reading-the-audit';
import { describeRefreshingSessions } from './refreshing-sessions';
import { describeUnitsOfWork } from './unit-of-work';

const PARTS = [
  describeAdding,
  describeUnitsOfWork,
  describeCuttingOff,
  describeLookingUp,
  describeFinding,
  describeExplaining,
  describeReadingTheAudit,
  describeOpeningSessions,
  describeRefreshingSessions,
  describeEndingSessions,
  describeListingSessions,
  describeClosed,
];

/**
 * Defines the tests of what every revocation store promises, for authors of stores.
 * @param open opens a store: one for most of the tests, and another that is closed at once. What
 * other stores wrote to the same place before may be there.
 * @param runner the functions of jest, vitest, or any runner; failures are those of node:assert.
 * @param forgetsAtOnce `false` for a store with a replica: it may forget later than it could.
 *
 * @example
 * import { afterAll, beforeAll, describe, it } from 'vitest';
 *
 * describeRevocationStore('MyStore', openMyStore, { afterAll, beforeAll, describe, it });
 */
export function describeRevocationStore(
  name: string,
  open: () => Promise<StoreUnderTest>,
  runner: TestRunner,
  { forgetsAtOnce } = { forgetsAtOnce: true },
): void {
  const contract = new Contract(runner, open, forgetsAtOnce);
  runner.describe(`${name} keeps the RevocationStore contract`, () => {
    runner.beforeAll(() => contract.open());
    runner.afterAll(() => contract.store.close());
    for (const describePart of PARTS) describePart(contract);
  });
}
