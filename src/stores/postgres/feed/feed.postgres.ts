import type { Pool, PoolClient } from 'pg';
import { StoreUnavailableError } from '../../../revocation/errors';
import { inTurns, type ApplySlice } from '../../../revocation/feed-slice';
import {
  RevocationFeed,
  type Announcement,
  type FeedCursor,
  type FeedSlice,
} from '../../../revocation/revocation-feed';
import type { StoreClock } from '../../../revocation/store-clock';
import {
  firstRowOf,
  type CommitPosition,
  type HostTransaction,
} from '../../../revocation/unit-of-work';
import {
  PAGE_TIMEOUT_MS,
  PINNED_SEARCH_PATH,
  type PostgresConnections,
} from '../connection/connections';
import { Doorbell, type DoorbellOptions } from './doorbell';
import { FeedConnection, send } from './feed-connection';
import { toPostgresError, PostgresError, READ_ONLY } from '../connection/postgres-error';
import {
  fewQuery,
  FRAMES_PER_PAGE,
  headerIn,
  headerQuery,
  liveQuery,
  newQuery,
  sliceIn,
  type FeedHeader,
  type TextRow,
} from './feed-queries';
import { ReplicaInstances } from './replica-instances';
import { sees, seesAllOf, xmaxOf } from './snapshot';
import { ClusterWait } from './cluster-wait';
import { unlessAborted } from '../connection/unless-aborted';

/** One snapshot for all statements of a read, whatever the defaults of the role are. */
const BEGIN_READING = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

/**
 * For each instance: so many notifications, reads and announcements do not saturate a server. A
 * hundred instances rest 75 ms, and so follow each of ten logouts a second at once.
 */
const REST_PER_INSTANCE_MS = 0.75;
const SHORTEST_REST_MS = 5;

export interface FeedOptions extends DoorbellOptions {
  /** As long others are waited for that cannot be asked. */
  readonly maxStalenessMs: number;
  /** No rest is longer. */
  readonly pollIntervalMs: number;
}

/** What changed in `revoked_tokens`, by the snapshots of the transactions that read it. */
export class PostgresFeed extends RevocationFeed {
  readonly doorbell: Doorbell;
  readonly connection: FeedConnection;
  readonly instances: ReplicaInstances;
  private readonly clusterWait: ClusterWait;
  private closing = new AbortController();

  /** @param pool where its connection comes from. */
  constructor(
    private readonly connections: PostgresConnections,
    private readonly clock: StoreClock,
    private readonly options: FeedOptions,
    pool: () => Pool = () => connections.feed,
  ) {
    super();
    this.doorbell = new Doorbell(connections, options, this);
    this.connection = new FeedConnection(pool, this.doorbell);
    const { tables } = connections;
    this.instances = new ReplicaInstances(this.connection, tables, options.lookupTimeoutMs);
    this.clusterWait = new ClusterWait(this.instances, options.maxStalenessMs);
  }

  get wakenBy(): 'doorbell' | 'polling' {
    return this.doorbell.state;
  }

  get restMs(): number {
    const restMs = Math.max(SHORTEST_REST_MS, this.instances.count * REST_PER_INSTANCE_MS);
    return Math.min(restMs, this.options.pollIntervalMs);
  }

  async read(
    since: FeedCursor | null,
    apply: (slice: FeedSlice) => void,
  ): Promise<FeedCursor | null> {
    const { signal } = this.closing;
    try {
      return await this.connection.use(async (client) => {
        const ask: Ask = (timeoutMs, ...statements) =>
          unlessAborted(signal, askServer(client, timeoutMs, statements));
        const applyRow = inTurns(apply, since === null ? 0 : this.options.maxStalenessMs);
        const few = since === null ? 'more' : await this.readFew(ask, since, applyRow);
        return few === 'more' ? this.readAll(ask, since, applyRow) : few;
      });
    } catch (error) {
      throw new StoreUnavailableError('tell what was revoked', { cause: toPostgresError(error) });
    }
  }

  listen(onRing: (isAwaited: boolean) => void): void {
    this.doorbell.listen(onRing);
  }

  ring(isAwaited: boolean): void {
    this.doorbell.ring(isAwaited);
  }

  async positionOf(transaction: HostTransaction): Promise<CommitPosition> {
    try {
      return positionIn(await transaction.query(POSITION_QUERY));
    } catch (error) {
      throw new StoreUnavailableError('join the transaction', { cause: toPostgresError(error) });
    }
  }

  hasDecided({ snapshot }: FeedCursor, position: CommitPosition): boolean {
    return sees(snapshot, BigInt(position));
  }

  waitForCluster(position: CommitPosition): Promise<void> {
    return this.clusterWait.waitForCluster(position);
  }

  async announce(announcement: Announcement): Promise<void> {
    await this.instances.announce(announcement);
  }

  /** Ends reads that are under way, too. */
  async close(): Promise<void> {
    this.closing.abort(new PostgresError('the feed was closed'));
    this.closing = new AbortController();
    this.doorbell.close();
    await this.instances.withdraw();
  }

  /** Nearly always that is all of it: one message, one answer. */
  private async readFew(
    ask: Ask,
    since: FeedCursor,
    apply: ApplySlice,
  ): Promise<FeedCursor | null | 'more'> {
    const [, rows = []] = await ask(
      this.options.lookupTimeoutMs,
      BEGIN_READING,
      fewQuery(this.connections.tables, since),
      'COMMIT',
    );
    const now = this.headerIn(rows);
    const frames = rows.slice(1);
    if (!continues(now, since)) return null;
    if (frames.length >= FRAMES_PER_PAGE) return 'more';
    await applyEach(frames, apply);
    return now.cursor;
  }

  private async readAll(
    ask: Ask,
    since: FeedCursor | null,
    apply: ApplySlice,
  ): Promise<FeedCursor | null> {
    const { tables } = this.connections;
    const [, header = []] = await ask(
      this.options.lookupTimeoutMs,
      BEGIN_READING,
      headerQuery(tables),
    );
    const now = this.headerIn(header);
    const isOfUse = since === null || continues(now, since);
    if (isOfUse) {
      const query = since === null ? liveQuery(tables) : newQuery(tables, since);
      await ask(PAGE_TIMEOUT_MS, `DECLARE feed NO SCROLL CURSOR FOR ${query}`);
      await readPages(ask, apply);
    }
    await ask(PAGE_TIMEOUT_MS, 'COMMIT');
    return isOfUse ? now.cursor : null;
  }

  private headerIn(rows: readonly TextRow[]): FeedHeader {
    const header = headerIn(rows);
    // A standby may not have seen a logout yet.
    if (header.isStandby)
      throw new PostgresError('the feed is read from the primary only', READ_ONLY);
    this.clock.observe(header.now);
    return header;
  }
}

/** The transaction's number, which it is given by this where it has none yet. */
const POSITION_QUERY = 'SELECT pg_catalog.pg_current_xact_id()::text AS position';

function positionIn(result: unknown): CommitPosition {
  const row = firstRowOf(result);
  if (row !== undefined && 'position' in row) return String(row.position);
  throw new PostgresError('the transaction did not return the rows of its statement');
}

/** Sends statements as one message. @returns the rows of each. */
type Ask = (timeoutMs: number, ...statements: string[]) => Promise<TextRow[][]>;

async function askServer(
  client: PoolClient,
  timeoutMs: number,
  statements: readonly string[],
): Promise<TextRow[][]> {
  const text = [
    PINNED_SEARCH_PATH,
    `SET LOCAL statement_timeout = ${timeoutMs}`,
    ...statements,
  ].join('; ');
  const [, , ...answers] = await send(client, timeoutMs, text);
  return answers.map(({ rows }) => rows as TextRow[]);
}

/** Page by page, so that neither side holds everything. */
async function readPages(ask: Ask, apply: ApplySlice): Promise<void> {
  let rows: readonly TextRow[];
  do {
    [rows = []] = await ask(PAGE_TIMEOUT_MS, `FETCH ${FRAMES_PER_PAGE} FROM feed`);
    await applyEach(rows, apply);
  } while (rows.length === FRAMES_PER_PAGE);
}

/** Row by row, so that no request waits for many. */
async function applyEach(rows: readonly TextRow[], apply: ApplySlice): Promise<void> {
  for (const row of rows) await apply(sliceIn(row));
}

/**
 * Whether transaction numbers mean now what they meant then, and all that the cursor has not seen is
 * still in the log.
 */
const continues = ({ cursor, trimmed }: FeedHeader, then: FeedCursor): boolean =>
  cursor.server === then.server &&
  xmaxOf(cursor.snapshot) >= xmaxOf(then.snapshot) &&
  (trimmed === null || seesAllOf(then.snapshot, trimmed));
