import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import type { Announcement } from '../../../revocation/revocation-feed';
import { BEGIN_WRITING } from '../connection/connections';
import { orUnavailable } from '../connection/postgres-error';
import type { Tables } from '../connection/tables';
import { DURABLE_COMMIT } from '../writes/insertions';
import { send, type Answers, type FeedConnection } from './feed-connection';
import { SEES_NOTHING } from './snapshot';
import { DEAD_AFTER_STALENESSES, SPEAKS } from '../../../../migrations/outdated-instances';
import { quoteText } from '../../../../migrations/schema-names';
import { SERVER_IDENTITY } from '../../../../migrations/server-identity';

/** How long a row is kept that this server did not write: see `others`. */
const FOREIGN_KEPT = '1 hour';

/** Another instance that answers from memory. */
export interface OtherInstance {
  readonly maxStalenessMs: number;
  /** All that is visible in it, that instance knows; `null` where it tells us nothing. */
  readonly snapshot: string | null;
}

/** The instances that answer from memory, this one among them: the table `replica_instances`. */
export class ReplicaInstances {
  /** How many there were when this one last announced itself. */
  count = 1;
  private id = randomUUID();

  constructor(
    private readonly connection: FeedConnection,
    private readonly tables: Tables,
    private readonly timeoutMs: number,
  ) {}

  /** @throws {StoreUnavailableError} */
  announce({ maxStalenessMs, cursor }: Announcement): Promise<void> {
    const snapshot = quoteText(cursor?.snapshot ?? SEES_NOTHING);
    const server = quoteText(cursor?.server ?? '');
    const state = `${maxStalenessMs}, ${snapshot}, ${server}, now()`;
    const { id } = this; // a withdrawal while this waits for the connection changes it
    return orUnavailable('announce this instance', this.timeoutMs, () =>
      // In one use of the connection, so that a withdrawal comes before both or after both.
      this.connection.use(async (client) => {
        const renewed = await this.send(client, this.renewal(id, state));
        if (renewed.at(RENEWED)?.rowCount === 0)
          await this.send(client, this.registration(id, state));
        const [row] = (renewed.at(COUNTED)?.rows ?? []) as readonly { count: string }[];
        this.count = Number(row?.count);
      }),
    );
  }

  /**
   * Deletes our row where that can be done; otherwise it is dead after a while. Closes the
   * connection. Never fails.
   */
  async withdraw(): Promise<void> {
    try {
      const message = `${this.begin}; DELETE FROM ${this.table} WHERE ${isOf(this.id)}; COMMIT`;
      this.id = randomUUID(); // the message may come late, and is not for who announces next
      await orUnavailable('withdraw this instance', this.timeoutMs, () =>
        this.connection.useLast((client) => this.send(client, message)),
      );
    } catch {
      // Other instances wait for us no longer than our staleness.
    }
  }

  /**
   * Those that may answer from memory now. A row that another server wrote counts however old it
   * looks. Where replication had stalled before a promotion, its instance may have announced itself
   * a moment ago to the server that is gone, and hold a lease from there. Fails where the rows
   * cannot be read in time, and at a standby, which may not have seen an instance register: a
   * standby begins no transaction that could write.
   */
  async others(): Promise<OtherInstance[]> {
    const asked = await orUnavailable('ask about other instances', this.timeoutMs, () =>
      this.connection.use((client) =>
        this.send(
          client,
          `${this.begin};
          SELECT max_staleness_ms::text AS staleness,
            CASE WHEN server = ${SERVER_IDENTITY} THEN snapshot::text END AS snapshot
          FROM ${this.table}
          WHERE NOT ${isOf(this.id)} AND (NOT (${IS_OLD}) OR server <> ${SERVER_IDENTITY}); COMMIT`,
        ),
      ),
    );
    const rows = (asked.at(ASKED)?.rows ?? []) as readonly OtherRow[];
    return rows.map(({ staleness, snapshot }) => ({ maxStalenessMs: Number(staleness), snapshot }));
  }

  private send(client: PoolClient, message: string): Promise<Answers> {
    return send(client, this.timeoutMs, message);
  }

  /**
   * A crash may undo a renewal. The row that remains names another server identity, so its snapshot
   * is not read as seen. So the renewal, several times a second, need not wait for the disk.
   */
  private renewal(id: string, state: string): string {
    return `${this.begin}; SET LOCAL synchronous_commit = off;
      UPDATE ${this.table} SET (${STATE}) = ROW (${state}) WHERE ${isOf(id)};
      SELECT count(*)::text AS count FROM ${this.table} WHERE NOT (${IS_OLD}); COMMIT`;
  }

  /** Durable: no logout would wait for an instance whose row was lost in a crash. */
  private registration(id: string, state: string): string {
    return `${this.begin}; ${DURABLE_COMMIT};
      DELETE FROM ${this.table} WHERE instance_id IN (
        SELECT instance_id FROM ${this.table} WHERE ${IS_DEAD} FOR UPDATE SKIP LOCKED);
      INSERT INTO ${this.table} (instance_id, speaks, ${STATE}) VALUES ('${id}', ${SPEAKS}, ${state})
      ON CONFLICT (instance_id) DO UPDATE SET (${STATE}) = ROW (${state}); COMMIT`;
  }

  private get begin(): string {
    return `${BEGIN_WRITING}; SET LOCAL statement_timeout = ${this.timeoutMs}`;
  }

  private get table(): string {
    return this.tables.replicaInstances;
  }
}

const isOf = (id: string): string => `instance_id = '${id}'`;

const STATE = 'max_staleness_ms, snapshot, server, seen_at';
const IS_OLD = `seen_at < now() - max_staleness_ms * interval '${DEAD_AFTER_STALENESSES} milliseconds'`;
/** The row may go. */
const IS_DEAD = `${IS_OLD}
  AND (server = ${SERVER_IDENTITY} OR seen_at < now() - interval '${FOREIGN_KEPT}')`;

/** BEGIN, SET, SET, SET, UPDATE, SELECT, COMMIT. */
const [RENEWED, COUNTED] = [4, 5];

/** BEGIN, SET, SET, SELECT, COMMIT. */
const ASKED = 3;

interface OtherRow {
  readonly staleness: string;
  readonly snapshot: string | null;
}
