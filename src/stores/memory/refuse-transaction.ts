import type { HostTransaction } from '../../revocation/unit-of-work';

/** @throws {TypeError} there is one: memory cannot join it. */
export function refuseTransaction(transaction: HostTransaction | undefined): void {
  if (transaction === undefined) return;
  throw new TypeError(
    'nestjs-logout: MemoryRevocationStore cannot join a transaction; use the Postgres store.',
  );
}
