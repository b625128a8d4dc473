import type { PoolClient } from 'pg';
import type { Committed, UnitOfWork } from '../../../revocation/unit-of-work';
import { BatchQueue, isInTime, type Call } from '../connection/batch-queue';
import { onConnection, type PostgresConnections } from '../connection/connections';
import { blamesRows, codeOf, NO_PARTITION, PostgresError } from '../connection/postgres-error';
import { addAndCommit, newPlacesIn } from './insertions';
import type { Partitions } from '../schema/partitions';
import { eventToJson, toJsonRows, type JsonRows } from './json-rows';

/** A unit of work as the database takes it. */
interface StorableWork {
  readonly rows: readonly JsonRows[];
  /** As JSON. */
  readonly events: readonly string[];
  readonly expiries: readonly Date[];
}

type Asked = Call<StorableWork, Committed>;

/**
 * Adds revocations, one transaction at a time. Those that arrive while it is in flight share the
 * next one: a commit costs as much as a dozen rows.
 */
export class GroupCommit {
  private readonly queue: BatchQueue<StorableWork, Committed>;
  private committed = { commits: 0, committedRevocations: 0 };

  constructor(
    private readonly connections: PostgresConnections,
    private readonly partitions: Partitions,
    timeoutMs: number,
  ) {
    this.queue = new BatchQueue(
      {
        operation: 'add a revocation',
        noun: 'revocations',
        maxPerBatch: 64,
        maxRunning: 1,
        timeoutMs,
      },
      () => this.commitInTurn(),
    );
  }

  /** Transactions, and the revocations asked for in them. */
  get counts(): { readonly commits: number; readonly committedRevocations: number } {
    return this.committed;
  }

  /**
   * Commits all of the work or nothing, durably. Its position is the transaction of this call:
   * where that is visible, every revocation is, also one that was there already. An earlier call
   * had committed that before the statement that met it ended.
   * @throws {TypeError} the detail of an event is no JSON.
   * @throws {StoreUnavailableError} no answer in time (what was not sent by then never is), or too
   * many are waiting.
   */
  async commit({ revocations, events }: UnitOfWork): Promise<Committed> {
    return this.queue.add({
      rows: revocations.map(toJsonRows),
      events: events.map(eventToJson),
      expiries: revocations.map(({ revocation }) => revocation.expiresAt),
    });
  }

  /**
   * Sends batches on one connection until none is left or something fails. The next message is
   * sent as soon as the answer to the last arrives, before any logout is answered. So the database
   * need not wait.
   */
  private async commitInTurn(): Promise<void> {
    let batch: readonly Asked[] | undefined;
    try {
      await onConnection(this.connections.writes, async (client) => {
        for (batch = this.queue.take(); batch.length > 0; batch = this.queue.take())
          await this.send(client, batch);
      });
    } catch (error) {
      // Nothing was taken where there was no connection to send it by.
      await this.recover(batch ?? this.queue.take(), error);
    }
  }

  private async send(client: PoolClient, batch: readonly Asked[]): Promise<void> {
    const rows = batch.flatMap(({ item }) => item.rows);
    const events = batch.flatMap(({ item }) => item.events);
    const message = addAndCommit(this.connections.tables, rows, timeLeft(batch), events);
    const { xid, newPlaces } = readAnswer(await client.query(message));
    this.committed.commits += 1;
    this.committed.committedRevocations += rows.length;
    let place = 0;
    for (const { item, settle } of batch) {
      const areNew = item.rows.map(() => newPlaces.has(++place));
      settle({ areNew, position: xid });
    }
  }

  private async recover(batch: readonly Asked[], error: unknown): Promise<void> {
    if (codeOf(error) !== NO_PARTITION) return this.isolate(batch, error);
    // What could not be made fails its row alone.
    await this.partitions.makeAgain(batch.flatMap(({ item }) => item.expiries)).catch(ignore);
    const inTime = batch.filter(isInTime);
    if (inTime.length > 0)
      await this.commitAgain(inTime).catch((again: unknown) => this.isolate(inTime, again));
  }

  private commitAgain(batch: readonly Asked[]): Promise<void> {
    return onConnection(this.connections.writes, (client) => this.send(client, batch));
  }

  /** Commits row by row where a row is to blame, so that the others do not fail with it. */
  private async isolate(batch: readonly Asked[], error: unknown): Promise<void> {
    const isOneToBlame = batch.length > 1 && blamesRows(error);
    for (const asked of batch) {
      if (isOneToBlame && isInTime(asked)) await this.commitAgain([asked]).catch(asked.fail);
      else asked.fail(error);
    }
  }
}

/** Milliseconds until the last deadline of the batch, 1 at least: 0 would be no limit. */
const timeLeft = (batch: readonly Asked[]): number =>
  Math.max(1, ...batch.map(({ deadline }) => Math.ceil(deadline - performance.now())));

const ignore = (): void => undefined;

interface Answer {
  readonly xid: string;
  /** From 1. */
  readonly newPlaces: ReadonlySet<number>;
}

/** The driver answers a message of several statements with as many results: ours is the fourth. */
function readAnswer(results: unknown): Answer {
  const [, , , added] = results as [
    unknown,
    unknown,
    unknown,
    { rows: { xid: string; new_places: string | null }[] },
  ];
  const [row] = added.rows;
  if (row === undefined) throw new PostgresError('the server did not say what it added');
  return { xid: row.xid, newPlaces: newPlacesIn(row.new_places) };
}
