import { MAX_SKEW_MS, type StoreClock } from '../../../revocation/store-clock';
import type { RevocationKey } from '../../../tokens/identity';
import type { RevocationQuery } from '../../../tokens/scopes';
import { BatchQueue, type Call } from '../connection/batch-queue';
import {
  LOOK_UP_CONNECTIONS,
  PINNED_SEARCH_PATH,
  type PostgresConnections,
} from '../connection/connections';
import { PostgresError } from '../connection/postgres-error';

interface LookUp {
  readonly query: RevocationQuery;
  /** By how much the clock that the token was verified with is ahead of the monotonic one. */
  readonly clockOffsetMs: number;
}

type Asked = Call<LookUp, boolean>;

/**
 * Asks the database which tokens are revoked. Look-ups that arrive while every connection is busy
 * share the next statement. None joins a statement that was sent before it arrived: that one's
 * snapshot may be older than a logout that has been answered since.
 */
export class LookUps {
  /** Tokens asked about until now. */
  count = 0;
  private readonly queue: BatchQueue<LookUp, boolean>;

  constructor(
    private readonly connections: PostgresConnections,
    private readonly clock: StoreClock,
    private readonly timeoutMs: number,
  ) {
    this.queue = new BatchQueue(
      {
        operation: 'look up a token',
        noun: 'look-ups',
        maxPerBatch: 250,
        maxRunning: LOOK_UP_CONNECTIONS,
        timeoutMs,
      },
      () => this.answer(this.queue.take()),
    );
  }

  /**
   * @throws {StoreUnavailableError} no answer, no answer in time, or too many are waiting; also
   * where the token was verified by a clock more than 30 s behind the database's.
   */
  isRevoked(query: RevocationQuery): Promise<boolean> {
    this.count += 1;
    return this.queue.add({ query, clockOffsetMs: this.clock.now() - performance.now() });
  }

  private async answer(batch: readonly Asked[]): Promise<void> {
    if (batch.length === 0) return;
    try {
      const { now, cutoffs } = await this.cutoffsOf(batch);
      this.clock.observe(now);
      for (const { item, settle, fail } of batch) {
        const { query, clockOffsetMs } = item;
        const behindMs = now - (clockOffsetMs + performance.now());
        if (behindMs > MAX_SKEW_MS) fail(isBehind(behindMs));
        else settle(isCovered(query, cutoffs));
      }
    } catch (error) {
      for (const { fail } of batch) fail(error);
    }
  }

  /** The latest live cutoff of each key, in ms since the epoch: `Infinity` for an absolute one. */
  private async cutoffsOf(
    batch: readonly Asked[],
  ): Promise<{ now: number; cutoffs: Map<string, number> }> {
    const { lookUps, tables } = this.connections;
    // Without parameters it is one message of the simple protocol, hence one round trip and one
    // implicit transaction, which SET LOCAL lasts for and which an error ends.
    const results: unknown = await lookUps.query(
      `${PINNED_SEARCH_PATH}; SET LOCAL statement_timeout = ${this.timeoutMs}; ${CLOCK_QUERY}; ` +
        cutoffQuery(
          tables.revokedCutoffs,
          batch.map(({ item }) => item.query),
        ),
    );
    const { now, cutoffs } = readAnswers(results);
    return { now, cutoffs: new Map(cutoffs.map(({ key, cutoff }) => [key, Number(cutoff)])) };
  }
}

const CLOCK_QUERY = 'SELECT round(extract(epoch FROM now()) * 1000)::text AS now';

/**
 * Rows vanish by the database's clock 60 s after the last use of their token, and that was decided by
 * ours: a token that was logged out would come back to life. The next one is verified by the
 * database's clock, which has been observed now.
 */
function isBehind(behindMs: number): PostgresError {
  const seconds = Math.round(behindMs / 1000);
  return new PostgresError(`the clock of this instance is ${seconds} s behind the database's`);
}

/**
 * Asks the function `revoked_cutoffs`, whose plan outlives the statement. All that is put into the
 * text is formatted here: hex of our own keys, and an instant.
 */
export function cutoffQuery(revokedCutoffs: string, batch: readonly RevocationQuery[]): string {
  const asked = batch.flatMap(({ cutoffs }) => cutoffs);
  const keys = new Set([
    ...batch.flatMap(({ absolute }) => absolute),
    ...asked.map(({ key }) => key),
  ]);
  const literals = [...keys].map((key) => `decode('${key}', 'hex')`).join(', ');
  const oldestMs = Math.min(...asked.map(({ at }) => at));
  const oldest = oldestMs === Infinity ? 'infinity' : new Date(oldestMs).toISOString();
  // date_trunc: a token's instant has milliseconds only, so that nothing is lost by comparing them.
  return `
    SELECT encode(revoked_key, 'hex') AS key,
      round(extract(epoch FROM date_trunc('milliseconds', cutoff)) * 1000)::text AS cutoff
    FROM ${revokedCutoffs}(ARRAY[${literals}]::bytea[], '${oldest}'::timestamptz)`;
}

/** @param cutoffs the latest of each key. */
function isCovered(
  { absolute, cutoffs: asked }: RevocationQuery,
  cutoffs: ReadonlyMap<string, number>,
): boolean {
  const latest = (key: RevocationKey): number => cutoffs.get(key) ?? -Infinity;
  return (
    absolute.some((key) => latest(key) === Infinity) ||
    asked.some(({ key, at }) => latest(key) >= at)
  );
}

interface Cutoff {
  readonly key: string;
  readonly cutoff: string;
}

/** The driver answers a message of four statements with four results. */
function readAnswers(results: unknown): { now: number; cutoffs: readonly Cutoff[] } {
  const [, , clock, selected] = results as [
    unknown,
    unknown,
    { rows: { now: string }[] },
    { rows: Cutoff[] },
  ];
  return { now: Number(clock.rows[0]?.now), cutoffs: selected.rows };
}
