import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { PostgresConnections } from '../connection/connections';
import { PostgresError, within } from '../connection/postgres-error';

/** How long the server may take to listen, and our own ring to be heard. */
const ANSWER_MS = 2000;
const LONGEST_TEST_INTERVAL_MS = 30_000;
/** What arrives later than this after an answer has not come with it. */
const QUIET_MS = 2;
/** So long the connection has been idle when we ring ourselves: our ring comes later than that. */
const PAUSE_MS = 5 * QUIET_MS;
const SELF_TEST = 'self-test';
/** Follows the name of who rings: a logout waits until this ring has been followed. */
const AWAITED = ' awaited';

type OnRing = (isAwaited: boolean) => void;

export interface DoorbellOptions {
  readonly onError: (error: Error) => void;
}

/**
 * Tells other instances that something may have changed, and is told by them. A ring carries no
 * data and may be lost: what it saves is the wait for the next poll. It is heard on the connection
 * by which the feed reads, and sent by another one.
 */
export class Doorbell {
  /** Sent with each ring: what we rang for is known here. */
  private readonly id = randomUUID();
  private isWanted = false;
  private isAwaited = false;
  private isRinging = false;
  private onRing: OnRing | undefined;
  /** The connection that listens. */
  private client: PoolClient | undefined;
  private isHeard = false;
  /** When the connection was used last; later than ever while it is in use. */
  private usedAt = Infinity;
  private listensSince = 0;
  private testedAt = -Infinity;
  private testIntervalMs = 0;

  /** @param restMs how long to rest after a ring: a revocation heard of later is a message less. */
  constructor(
    private readonly connections: PostgresConnections,
    private readonly options: DoorbellOptions,
    private readonly restMs: () => number,
  ) {}

  /** `doorbell` where a ring, which may be our own, was heard since the last (re)connect. */
  get state(): 'doorbell' | 'polling' {
    return this.isHeard ? 'doorbell' : 'polling';
  }

  /** Rings soon, for all that is committed until now. Costs the caller nothing; never fails. */
  ring(isAwaited: boolean): void {
    this.isWanted = true;
    this.isAwaited ||= isAwaited;
    if (!this.isRinging) void this.ringWhileWanted();
  }

  /**
   * From the next use of the feed's connection on, calls `onRing` at each ring of another, and
   * whenever a connection is made or lost, as rings are lost in between.
   */
  listen(onRing: OnRing): void {
    this.onRing ??= onRing;
  }

  /** Listens no more, once the feed's connection is closed. `listen` may follow. */
  close(): void {
    this.onRing = undefined;
    this.ended(this.client);
  }

  /** To be called before the feed's connection is used. */
  async busy(client: PoolClient): Promise<void> {
    this.usedAt = Infinity;
    if (this.onRing === undefined || this.client === client) return;
    client.on('notification', ({ payload = '' }) => {
      if (this.client === client) this.heard(payload);
    });
    client.once('end', () => {
      this.ended(client);
    });
    await within(ANSWER_MS, client.query(`LISTEN ${this.channel}`));
    this.client = client;
    this.listensSince = performance.now();
    this.testedAt = -Infinity;
    this.testIntervalMs = 0;
    this.onRing(false);
  }

  /** To be called when the feed's connection is idle again. */
  idle(client: PoolClient): void {
    const now = performance.now();
    this.usedAt = now;
    if (this.isHeard || client !== this.client || now < this.testedAt + this.testIntervalMs) return;
    setTimeout(() => {
      const isIdleSince = this.client === client && this.usedAt === now;
      if (isIdleSince && !this.isHeard) this.test();
    }, PAUSE_MS).unref();
  }

  private test(): void {
    const now = performance.now();
    if (now > this.listensSince + ANSWER_MS) this.missed();
    this.testedAt = now;
    this.send(SELF_TEST).catch(ignore);
  }

  private async ringWhileWanted(): Promise<void> {
    this.isRinging = true;
    while (this.isWanted) {
      const payload = this.isAwaited ? this.id + AWAITED : this.id;
      this.isWanted = false; // before it is sent: what commits from here on wants another
      this.isAwaited = false;
      await Promise.all([
        this.send(payload).catch(ignore), // others learn of it by polling
        sleep(this.restMs(), undefined, { ref: false }),
      ]);
    }
    this.isRinging = false;
  }

  /** In a statement of its own: in that of a logout it could fail, or hold up, the logout. */
  private async send(payload: string): Promise<void> {
    await this.connections.writes.query(
      `SELECT pg_catalog.pg_notify('${this.channel}', '${payload}')`,
    );
  }

  private heard(payload: string): void {
    // Behind PgBouncer a ring arrives with the answer to the next statement, and not by itself.
    if (performance.now() > this.usedAt + QUIET_MS) this.isHeard = true;
    if (payload !== SELF_TEST && !payload.startsWith(this.id))
      this.onRing?.(payload.endsWith(AWAITED));
  }

  /** Reports it once for each connection, and tests less and less often. */
  private missed(): void {
    if (this.testIntervalMs === 0) this.options.onError(new PostgresError(SILENCE));
    this.testIntervalMs = Math.min(2 * this.testIntervalMs || ANSWER_MS, LONGEST_TEST_INTERVAL_MS);
  }

  private ended(client: PoolClient | undefined): void {
    if (client !== this.client) return;
    this.client = undefined;
    this.isHeard = false;
    this.onRing?.(false);
  }

  /** Of this schema's tables alone, and no longer than a name may be. */
  private get channel(): string {
    const { schema } = this.connections.tables;
    const digest = createHash('sha256').update(schema).digest('hex');
    return `nestjs_logout_${digest.slice(0, 16)}`;
  }
}

const SILENCE =
  'Notifications do not arrive, as behind PgBouncer in transaction mode: what other instances ' +
  'revoke is known here by polling. Set "feedConnection" to a direct address of the database.';

const ignore = (): void => undefined;
