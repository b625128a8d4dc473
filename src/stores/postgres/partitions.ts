import { setTimeout } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { lockKeyOf } from './advisory-lock';
import { BEGIN_WRITING, inTransaction, type PostgresConnections } from './connections';
import { codeOf, LOCK_NOT_AVAILABLE } from './faults';
import { HOUR_MS, hourOf, monthOf, monthsLater, type Partition } from './partition-names';

/**
 * All DDL gives up after this: what waits for a lock stops every insert that comes after it for as
 * long as it waits.
 */
const LOCK_TIMEOUT_MS = 100;
/** The longest-lived token of the default limit, its tolerance and skew, rounded up to hours. */
const HOURS_AHEAD = 26;
const MONTHS_AHEAD = 2;
const ATTEMPTS = 10;

/** The partitions of both tables: made before they are needed, dropped when nothing in them lives. */
export class Partitions {
  private readonly known = new Set<string>();

  constructor(
    private readonly connections: PostgresConnections,
    private readonly timeoutMs: number,
  ) {}

  /** Makes what the coming day of logouts and the coming months of audit need. */
  async makeAhead(): Promise<void> {
    this.known.clear();
    const now = await this.databaseNow();
    const hours = Array.from({ length: HOURS_AHEAD + 1 }, (_, index) =>
      hourOf(new Date(now.getTime() + index * HOUR_MS)),
    );
    const months = Array.from({ length: MONTHS_AHEAD + 1 }, (_, index) =>
      monthOf(monthsLater(now, index)),
    );
    await this.make([...hours, ...months]);
  }

  /** Makes what one revocation and its event need, where this instance knows of none. */
  async makeFor(expiresAt: Date, now: Date = new Date()): Promise<void> {
    await this.make([hourOf(expiresAt), monthOf(now)]);
  }

  /** Like `makeFor`, for when the database says that what is known to be there is not. */
  async makeAgain(expiresAt: Date): Promise<void> {
    this.known.clear();
    await this.makeFor(expiresAt, await this.databaseNow());
  }

  /**
   * Drops the partitions whose every row has expired by the database's clock. Ends early, for the
   * next time, where another instance is at work or somebody holds a lock.
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
    await this.maintain(async (client) => {
      await client.query(`SELECT pg_advisory_xact_lock(${this.lockKey})`);
      for (const partition of await this.missingAmong(client, wanted)) {
        await client.query(this.creationOf(partition));
      }
    });
  }

  private async missingAmong(
    client: PoolClient,
    wanted: readonly Partition[],
  ): Promise<Partition[]> {
    const { revokedTokens, authEvents } = this.connections.tables;
    const { rows } = await client.query<{ name: string }>(
      `SELECT part.relname::text AS name
       FROM pg_inherits JOIN pg_class part ON part.oid = inhrelid
       WHERE inhparent IN ($1::regclass, $2::regclass) AND part.relname = ANY ($3::text[])`,
      [revokedTokens, authEvents, wanted.map(({ name }) => name)],
    );
    const there = new Set(rows.map(({ name }) => name));
    return wanted.filter(({ name }) => !there.has(name));
  }

  /** LIKE and ATTACH wait for no reader or writer of the parent; PARTITION OF would. */
  private creationOf({ table, name, from, to }: Partition): string {
    const { tables } = this.connections;
    const parent = tables.qualify(table);
    const child = tables.qualify(name);
    const guard =
      table === 'auth_events'
        ? `CREATE TRIGGER auth_events_keep_table BEFORE TRUNCATE ON ${child} FOR EACH STATEMENT
           EXECUTE FUNCTION ${tables.qualify('auth_events_refuse_change')}();
           ALTER TABLE ${child} ENABLE ALWAYS TRIGGER auth_events_keep_table;`
        : '';
    return `CREATE TABLE ${child} (LIKE ${parent} INCLUDING ALL); ${guard}
      ALTER TABLE ${parent} ATTACH PARTITION ${child}
      FOR VALUES FROM ('${from.toISOString()}') TO ('${to.toISOString()}')`;
  }

  private async dropOldestExpired(): Promise<boolean> {
    try {
      return await this.maintain(async (client) => {
        const { rows } = await client.query<{ name: string }>(oldestExpired(this.lockKey), [
          this.connections.tables.revokedTokens,
        ]);
        const [oldest] = rows;
        if (oldest === undefined) return false;
        await client.query(`DROP TABLE ${this.connections.tables.qualify(oldest.name)}`);
        return true;
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
      return new Date(Number(rows[0]?.now));
    });
  }

  /** Of this schema's tables; released with the transaction, so PgBouncer cannot leak it. */
  private get lockKey(): string {
    return lockKeyOf('partitions', this.connections.tables.schema);
  }
}

/** One row at most, and none where the lock belongs to another instance. */
const oldestExpired = (lockKey: string): string => `
  WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(${lockKey}) AS is_ours)
  SELECT part.relname::text AS name
  FROM turn, pg_inherits JOIN pg_class part ON part.oid = inhrelid,
    substring(pg_get_expr(part.relpartbound, part.oid) FROM 'TO \\(''([^'']+)''\\)') AS upper_bound
  WHERE is_ours AND inhparent = $1::regclass AND upper_bound::timestamptz < now()
  ORDER BY upper_bound::timestamptz LIMIT 1`;

async function retryLocked(attempts: number, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (attempts <= 1 || codeOf(error) !== LOCK_NOT_AVAILABLE) throw error;
    await setTimeout(Math.random() * LOCK_TIMEOUT_MS);
    await retryLocked(attempts - 1, work);
  }
}
