import { setTimeout } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { HOURS_BY_HOUR } from '../../../../migrations/partition-sizes';
import { MAX_SKEW_MS, type StoreClock } from '../../../revocation/store-clock';
import { lockKeyOf } from './advisory-lock';
import { BEGIN_WRITING, inTransaction, type PostgresConnections } from '../connection/connections';
import { codeOf, LOCK_NOT_AVAILABLE } from '../connection/postgres-error';
import { DAY_MS, dayOf, HOUR_MS, hourOf, type Partition } from './partition-names';

/**
 * All DDL gives up after this: what waits for a lock stops every insert that comes after it for as
 * long as it waits.
 */
const LOCK_TIMEOUT_MS = 100;
/** An instance that is not there for so long leaves nothing to make at midnight. */
const DAYS_AHEAD = 3;
const ATTEMPTS = 10;

/** The partitions of both tables: made before they are needed, dropped when nothing in them lives. */
export class Partitions {
  private readonly known = new Set<string>();

  constructor(
    private readonly connections: PostgresConnections,
    private readonly clock: StoreClock,
    private readonly timeoutMs: number,
  ) {}

  /** Makes what logouts of the coming day, and the audit of the coming days, need. */
  async makeAhead(): Promise<void> {
    this.known.clear();
    const now = await this.databaseNow();
    const hours = Array.from({ length: HOURS_BY_HOUR }, (_, index) =>
      hourOf(new Date(now.getTime() + index * HOUR_MS)),
    );
    const days = Array.from({ length: DAYS_AHEAD + 1 }, (_, index) =>
      dayOf(new Date(now.getTime() + index * DAY_MS)),
    );
    await this.make([...hours, ...days]);
  }

  /** When what is kept for so long from now on expires; clocks may differ. */
  expiriesIn(seconds: number): readonly Date[] {
    const expiresMs = this.clock.now() + seconds * 1000;
    return [new Date(expiresMs - MAX_SKEW_MS), new Date(expiresMs + MAX_SKEW_MS)];
  }

  /** Makes what revocations that expire then, and their events, need where none is known here. */
  async makeFor(expiries: readonly Date[], now: Date = new Date(this.clock.now())): Promise<void> {
    const wanted = [...expiries.map(hourOf), dayOf(now)];
    await this.make([...new Map(wanted.map((partition) => [partition.name, partition])).values()]);
  }

  /** Like `makeFor`, for when the database says that what is known to be there is not. */
  async makeAgain(expiries: readonly Date[]): Promise<void> {
    this.known.clear();
    await this.makeFor(expiries, await this.databaseNow());
  }

  /**
   * Drops the partitions whose every row has expired by the database's clock. Ends early where
   * another instance is at work or another session holds a lock; the next call goes on.
   * @returns how many were dropped.
   */
  async dropExpired(): Promise<number> {
    let dropped = 0;
    while (await this.dropOldestExpired()) dropped += 1;
    return dropped;
  }

  private async make(wanted: readonly Partition[]): Promise<void> {
    const unknown = wanted.filter(({ name }) => !this.known.has(name));
    if (unknown.length === 0) return;
    const missing = await this.maintain((client) => this.missingAmong(client, unknown));
    if (missing.length > 0) await retryLocked(ATTEMPTS, () => this.create(missing));
    for (const { name } of unknown) this.known.add(name);
  }

  private async create(wanted: readonly Partition[]): Promise<void> {
    const make = this.connections.tables.qualify('make_logout_partition');
    await this.maintain(async (client) => {
      await client.query(`SELECT pg_advisory_xact_lock(${this.lockKey})`);
      for (const { table, at } of await this.missingAmong(client, wanted)) {
        await client.query(`SELECT ${make}($1, $2)`, [table, at.toISOString()]);
      }
    });
  }

  private async missingAmong(
    client: PoolClient,
    wanted: readonly Partition[],
  ): Promise<Partition[]> {
    const missing = this.connections.tables.qualify('missing_logout_partitions');
    const { rows } = await client.query<{ name: string }>(
      `SELECT name FROM unnest($1::text[], $2::timestamptz[], $3::text[]) AS wanted (parent, at, name)
       WHERE EXISTS (SELECT FROM ${missing}(parent, at))`,
      [
        wanted.map(({ table }) => table),
        wanted.map(({ at }) => at.toISOString()),
        wanted.map(({ name }) => name),
      ],
    );
    const lacking = new Set(rows.map(({ name }) => name));
    return wanted.filter(({ name }) => lacking.has(name));
  }

  private async dropOldestExpired(): Promise<boolean> {
    const purge = this.connections.tables.qualify('purge_revocations');
    try {
      return await this.maintain(async (client) => {
        const { rows } = await client.query<{ dropped: string }>(
          `SELECT (CASE WHEN pg_try_advisory_xact_lock(${this.lockKey})
             THEN ${purge}() ELSE false END)::text AS dropped`,
        );
        return rows[0]?.dropped === 'true';
      });
    } catch (error) {
      if (codeOf(error) === LOCK_NOT_AVAILABLE) return false;
      throw error;
    }
  }

  private maintain<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const begin =
      `${BEGIN_WRITING}; SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}; ` +
      `SET LOCAL statement_timeout = ${this.timeoutMs}`;
    return inTransaction(this.connections.writes, begin, work);
  }

  private databaseNow(): Promise<Date> {
    return this.maintain(async (client) => {
      const { rows } = await client.query<{ now: string }>(
        'SELECT round(extract(epoch FROM now()) * 1000)::text AS now',
      );
      const now = Number(rows[0]?.now);
      this.clock.observe(now);
      return new Date(now);
    });
  }

  /** Of this schema's tables; released with the transaction, so PgBouncer cannot leak it. */
  private get lockKey(): string {
    return lockKeyOf('partitions', this.connections.tables.schema);
  }
}

async function retryLocked(attempts: number, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (attempts <= 1 || codeOf(error) !== LOCK_NOT_AVAILABLE) throw error;
    await setTimeout(Math.random() * LOCK_TIMEOUT_MS);
    await retryLocked(attempts - 1, work);
  }
}
