import type { HostTransaction } from '../../revocation/unit-of-work';

/** @throws {TypeError} there is one: Redis cannot join it. */
export function refuseTransaction(transaction: HostTransaction | undefined): void {
  if (transaction !== undefined) throw transactionRefused();
}

export const transactionRefused = (): TypeError =>
  new TypeError(
    'nestjs-logout: RedisRevocationStore cannot join a transaction; use the Postgres store.',
  );
