import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { DataSource } from 'typeorm';
import { RelayLead } from '../../../relay/relay-lead';
import {
  BEGIN_WRITING,
  onConnection,
  poolOf,
  type PostgresConnections,
} from '../connection/connections';
import { PostgresError, toPostgresError, within } from '../connection/postgres-error';
import { lockKeyOf } from '../schema/advisory-lock';

/** A leader that stands still for this long loses the lock: the server ends its session. */
const STANDSTILL_MS = 1000;
/** Several times within that, a leader that goes on says so. */
const BEAT_MS = 250;

/** An advisory lock of one transaction, which works behind PgBouncer too. */
export class PostgresRelayLead extends RelayLead {
  private source: Promise<DataSource> | null = null;

  constructor(
    private readonly connections: PostgresConnections,
    private readonly timeoutMs: number,
  ) {
    super();
  }

  async whileLeading(work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    const pool = poolOf(await this.connect());
    return onConnection(pool, async (client) => {
      const isLeader = await this.tryToLock(client);
      if (isLeader) await whileBeating(client, this.timeoutMs, work);
      await client.query('COMMIT');
      return isLeader;
    });
  }

  async close(): Promise<void> {
    const source = await this.source?.catch(() => undefined);
    this.source = null;
    await source?.destroy();
  }

  private async connect(): Promise<DataSource> {
    const ignore = (): void => undefined; // of an idle connection; the next statement says it again
    const needs = { role: 'relay', size: 1, timeoutMs: this.timeoutMs, onError: ignore };
    this.source ??= this.connections.connect(needs);
    try {
      return await this.source;
    } catch (error) {
      this.source = null;
      throw toPostgresError(error);
    }
  }

  private async tryToLock(client: PoolClient): Promise<boolean> {
    const key = lockKeyOf('relay', this.connections.tables.schema);
    await client.query(
      `${BEGIN_WRITING}; SET LOCAL idle_in_transaction_session_timeout = ${STANDSTILL_MS}`,
    );
    const { rows } = await client.query<{ is_leader: string }>(
      `SELECT pg_try_advisory_xact_lock(${key})::text AS is_leader`,
    );
    return rows[0]?.is_leader === 'true';
  }
}

/** Does the work; its signal is aborted where the session may have ended. */
async function whileBeating(
  client: PoolClient,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const lost = new AbortController();
  const done = new AbortController();
  const beating = beat(client, timeoutMs, done.signal).catch((error: unknown) => {
    lost.abort(toPostgresError(error));
  });
  try {
    await work(lost.signal);
  } finally {
    done.abort();
    await beating;
  }
  if (lost.signal.aborted) throw new PostgresError('another instance may lead by now');
}

async function beat(client: PoolClient, timeoutMs: number, done: AbortSignal): Promise<void> {
  while (!done.aborted) {
    await within(timeoutMs, client.query('SELECT 1'));
    await sleep(BEAT_MS, undefined, { ref: false, signal: done }).catch(() => undefined);
  }
}
