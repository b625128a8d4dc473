import type { AuditEvent } from '../../../audit/audit-event';
import { ANY_ISSUE_TIME, type CutoffOrder } from '../../../revocation/revocation';
import type { CommitPosition, Cut, HostTransaction } from '../../../revocation/unit-of-work';
import { BatchQueue } from '../connection/batch-queue';
import { BEGIN_WRITING, inTransaction, type PostgresConnections } from '../connection/connections';
import { failureOf, orUnavailable } from '../connection/postgres-error';
import type { Partitions } from '../schema/partitions';
import { positionWithin, textIn } from './host-transaction';
import { cutOffStatement, DURABLE_COMMIT } from './insertions';
import { toJsonRows } from './json-rows';

type CutWithin = (within: HostTransaction) => Promise<Cut>;

/** Makes cutoffs, each in a transaction of its own, or in one of the host's. */
export class CutoffWriter {
  /** One at a time: two that wait for a transaction of the host's would hold both connections. */
  private readonly queue: BatchQueue<CutWithin, Cut>;

  constructor(
    private readonly connections: PostgresConnections,
    private readonly partitions: Partitions,
    private readonly timeoutMs: number,
  ) {
    this.queue = new BatchQueue(
      { operation: 'cut off', noun: 'cutoffs', maxPerBatch: 1, maxRunning: 1, timeoutMs },
      () => this.cutNext(),
    );
  }

  /** @throws {StoreUnavailableError} or `OutdatedInstanceError`. */
  async cutOff(
    order: CutoffOrder,
    event: AuditEvent,
    transaction: HostTransaction | undefined,
    onPosition: (position: CommitPosition) => void,
  ): Promise<Cut> {
    // Beforehand: an insert that fails for want of a partition would abort the transaction.
    await orUnavailable('cut off', this.timeoutMs, () =>
      this.partitions.makeFor([order.expiresAt]),
    );
    const cut: CutWithin = (within) => this.cutWithin(within, order, event, onPosition);
    if (transaction === undefined) return this.queue.add(cut);
    try {
      return await cut(transaction);
    } catch (error) {
      throw failureOf('cut off', error);
    }
  }

  private async cutNext(): Promise<void> {
    for (const { item, settle, fail } of this.queue.take()) await this.own(item).then(settle, fail);
  }

  private async own(work: CutWithin): Promise<Cut> {
    const begin =
      `${BEGIN_WRITING}; SET LOCAL statement_timeout = ${this.timeoutMs}; ` + DURABLE_COMMIT;
    return inTransaction(this.connections.writes, begin, work);
  }

  private async cutWithin(
    within: HostTransaction,
    order: CutoffOrder,
    event: AuditEvent,
    onPosition: (position: CommitPosition) => void,
  ): Promise<Cut> {
    onPosition(await positionWithin(within));
    const revocation = { ...order, issuedBefore: ANY_ISSUE_TIME } as const;
    const { text, values } = cutOffStatement(
      this.connections.tables,
      toJsonRows({ revocation, event }),
    );
    const row = await within.query(text, values);
    return {
      issuedBefore: new Date(Number(textIn(row, 'issued_before'))),
      position: textIn(row, 'xid'),
    };
  }
}
