import type { Committed, UnitOfWork } from '../../../revocation/unit-of-work';
import type { PostgresConnections } from '../connection/connections';
import { PostgresError } from '../connection/postgres-error';
import type { Partitions } from '../schema/partitions';
import { CommitQueue } from './commit-queue';
import { AdditionBatch, storableAddition, type StorableAddition } from './additions';
import { eventToJson } from './json-rows';

/** A unit of work as the database takes it. */
interface StorableWork {
  readonly additions: readonly StorableAddition[];
  /** As JSON. */
  readonly events: readonly string[];
  readonly expiries: readonly Date[];
}

/** Adds revocations, one transaction at a time. */
export class GroupCommit {
  private readonly queue: CommitQueue<StorableWork, Committed>;
  private committed = { commits: 0, committedRevocations: 0 };

  constructor(
    private readonly connections: PostgresConnections,
    partitions: Partitions,
    timeoutMs: number,
  ) {
    this.queue = new CommitQueue(
      connections,
      partitions,
      {
        message: (items, limitMs) => this.messageOf(items, limitMs),
        read: (results, items) => this.committedOf(results, items),
        expiriesOf: ({ expiries }) => expiries,
      },
      {
        operation: 'add a revocation',
        noun: 'revocations',
        maxPerBatch: 256,
        maxRunning: 1,
        timeoutMs,
      },
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
      additions: revocations.map(storableAddition),
      events: events.map(eventToJson),
      expiries: revocations.map(({ revocation }) => revocation.expiresAt),
    });
  }

  private messageOf(items: readonly StorableWork[], limitMs: number): string {
    const events = items.flatMap((item) => item.events);
    return batchOf(items).message(this.connections.tables, limitMs, events);
  }

  private committedOf(results: unknown, items: readonly StorableWork[]): readonly Committed[] {
    const { xid, known_places } = readAnswer(results);
    const areNew = batchOf(items).areNew(known_places);
    this.committed.commits += 1;
    this.committed.committedRevocations += areNew.length;
    return items.map(({ additions }) => ({
      areNew: areNew.splice(0, additions.length),
      position: xid,
    }));
  }
}

const batchOf = (items: readonly StorableWork[]): AdditionBatch =>
  new AdditionBatch(items.flatMap(({ additions }) => additions));

interface Answer {
  readonly xid: string;
  readonly known_places: string | null;
}

/** The driver answers a message of several statements with as many results: ours is the fourth. */
function readAnswer(results: unknown): Answer {
  const [, , , added] = results as [unknown, unknown, unknown, { rows: Answer[] }];
  const [row] = added.rows;
  if (row === undefined) throw new PostgresError('the server did not say what it added');
  return row;
}
