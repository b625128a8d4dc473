import type { PoolClient } from 'pg';
import { BatchQueue, isInTime, type BatchLimits, type Call } from '../connection/batch-queue';
import { onConnection, type PostgresConnections } from '../connection/connections';
import { blamesRows, codeOf, NO_PARTITION } from '../connection/postgres-error';
import type { Partitions } from '../schema/partitions';

/** What the calls of one queue ask the database. */
export interface CommitForm<Item, Result> {
  /** A whole transaction as one message, with that time limit for each statement, in ms. */
  readonly message: (items: readonly Item[], timeoutMs: number) => string;
  /** One result for each item. @param results one for each statement of the message. */
  readonly read: (results: unknown, items: readonly Item[]) => readonly Result[];
  /** When what it may add to the revocations expires. */
  readonly expiriesOf: (item: Item) => readonly Date[];
}

/**
 * Writes that share transactions: those that arrive while `maxRunning` are in flight share the next
 * one. A commit costs as much as a dozen rows.
 */
export class CommitQueue<Item, Result> {
  private readonly queue: BatchQueue<Item, Result>;

  constructor(
    private readonly connections: PostgresConnections,
    private readonly partitions: Partitions,
    private readonly form: CommitForm<Item, Result>,
    limits: BatchLimits,
  ) {
    this.queue = new BatchQueue(limits, () => this.commitInTurn());
  }

  /**
   * Resolves once the item is durable.
   * @throws {StoreUnavailableError} no answer in time (what was not sent by then never is), or too
   * many are waiting.
   */
  add(item: Item): Promise<Result> {
    return this.queue.add(item);
  }

  /**
   * Sends batches on one connection until none is left, something fails, or others wait for the
   * connection. The next message is sent as soon as the answer to the last arrives, before any
   * caller is answered. So the database need not wait.
   */
  private async commitInTurn(): Promise<void> {
    let batch: readonly Call<Item, Result>[] | undefined;
    const began = performance.now();
    try {
      const { writes } = this.connections;
      await onConnection(writes, async (client) => {
        do {
          batch = this.queue.take();
          if (batch.length > 0) await this.send(client, batch);
        } while (batch.length > 0 && writes.waitingCount === 0);
      });
    } catch (error) {
      // Nothing was taken where there was no connection to send it by. What came since has another
      // attempt: the network may be whole again.
      await this.recover(batch ?? this.queue.take(began), error);
    }
  }

  private async send(client: PoolClient, batch: readonly Call<Item, Result>[]): Promise<void> {
    const items = batch.map(({ item }) => item);
    const message = this.form.message(items, timeLeft(batch));
    const results = this.form.read(await client.query(message), items);
    for (const [at, result] of results.entries()) batch[at]?.settle(result);
  }

  private async recover(batch: readonly Call<Item, Result>[], error: unknown): Promise<void> {
    if (codeOf(error) !== NO_PARTITION) return this.isolate(batch, error);
    // What could not be made fails its row alone.
    const expiries = batch.flatMap(({ item }) => this.form.expiriesOf(item));
    await this.partitions.makeAgain(expiries).catch(ignore);
    const inTime = batch.filter(isInTime);
    if (inTime.length > 0)
      await this.commitAgain(inTime).catch((again: unknown) => this.isolate(inTime, again));
  }

  private commitAgain(batch: readonly Call<Item, Result>[]): Promise<void> {
    return onConnection(this.connections.writes, (client) => this.send(client, batch));
  }

  /** Commits row by row where a row is to blame, so that the others do not fail with it. */
  private async isolate(batch: readonly Call<Item, Result>[], error: unknown): Promise<void> {
    const isOneToBlame = batch.length > 1 && blamesRows(error);
    for (const asked of batch) {
      if (isOneToBlame && isInTime(asked)) await this.commitAgain([asked]).catch(asked.fail);
      else asked.fail(error);
    }
  }
}

/** Milliseconds until the last deadline of the batch, 1 at least: 0 would be no limit. */
const timeLeft = (batch: readonly Pick<Call<unknown, unknown>, 'deadline'>[]): number =>
  Math.max(1, ...batch.map(({ deadline }) => Math.ceil(deadline - performance.now())));

const ignore = (): void => undefined;
