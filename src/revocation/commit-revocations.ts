import type { AuditLog } from '../audit/audit-log';
import type { RevocationStore } from './revocation-store';
import type { Addition, HostTransaction } from './unit-of-work';

/**
 * Commits revocations, each with its audit row: all of them or none. The events of new ones are
 * printed.
 * @returns for each whether it is new.
 * @throws {StoreUnavailableError} rejects with it: whether it took effect is unknown; repeating it is
 * safe.
 */
export async function commitRevocations(
  store: RevocationStore,
  audit: AuditLog,
  revocations: readonly Addition[],
  transaction?: HostTransaction,
): Promise<readonly boolean[]> {
  const { areNew } = await store.commit({ revocations, events: [] }, transaction);
  // Inside a host's transaction nothing is committed yet: its row tells, if it ever commits.
  if (transaction === undefined)
    for (const [at, { event }] of revocations.entries())
      if (areNew[at] === true) audit.committed(event);
  return areNew;
}
