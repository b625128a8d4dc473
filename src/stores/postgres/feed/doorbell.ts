import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { PostgresConnections } from '../connection/connections';
import { PostgresError, within } from '../connection/postgres-error';
import { send, type FeedConnection } from './feed-connection';

/** How long the server may take to listen, and our own ring to be heard. */
const ANSWER_MS = 2000;
const LONGEST_TEST_INTERVAL_MS = 30_000;
/** What arrives later than this after an answer has not come with it. */
const QUIET_MS = 2;
/** So long the connection has been idle when we ring ourselves: our ring comes later than that. */
const PAUSE_MS = 5 * QUIET_MS;
/** And so long we do not ring others, so that it can be idle. */
const UNHEARD_REST_MS = 5 * PAUSE_MS;
/** Of all notifications one is committed at a time. One that waits longer is given up. */
const LOCK_TIMEOUT_MS = 100;
const SELF_TEST = 'self-test';
/** Follows the name of who rings: a logout waits until this ring has been followed. */
const AWAITED = ' awaited';

type OnRing = (isAwaited: boolean) => void;

export interface DoorbellOptions {
  /** For the first word of the server in each message; what is dead must be noticed soon. */
  readonly lookupTimeoutMs: number;
  readonly onError: (error: Error) => void;
}

/** What a doorbell needs of its feed. */
export interface DoorbellOfFeed {
  /** How long to rest after a ring: a revocation heard of later is a message less. */
  readonly restMs: number;
  readonly connection: Pick<FeedConnection, 'use'>;
}

/**
 * Tells other instances that something may have changed, and is told by them. A ring carries no
 * data and may be lost: what it saves is the wait for the next poll. It is sent and heard on the
 * connection by which the feed reads, so that no logout waits for a ring.
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
  /** When the first test of this connection had been sent. */
  private testSentAt = Infinity;
  private testedAt = -Infinity;
  private testIntervalMs = 0;

  constructor(
    private readonly connections: PostgresConnections,
    private readonly options: DoorbellOptions,
    private readonly feed: DoorbellOfFeed,
  ) {}

  /** `doorbell` where a ring, which may be our own, was heard since the last (re)connect. */
  get state(): 'doorbell' | 'polling' {
    return this.isHeard ? 'doorbell' : 'polling';
  }

  /** Rings soon, for all that is committed until now. Costs the caller nothing; never fails. */
  ring(isAwaited: boolean): void {
    this.isWanted = true;
    this.isAwaited ||= isAwaited;
    void this.ringWhileWanted();
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
    this.testSentAt = Infinity;
    this.testedAt = -Infinity;
    this.testIntervalMs = 0;
    this.onRing(false);
    void this.ringWhileWanted();
  }

  /** To be called when the feed's connection is idle again. */
  idle(client: PoolClient): void {
    const now = performance.now();
    this.usedAt = now;
    if (this.isHeard || client !== this.client || now < this.testedAt + this.testIntervalMs) return;
    setTimeout(() => {
      const isIdleSince = this.client === client && this.usedAt === now;
      if (isIdleSince && !this.isHeard) this.test().catch(ignore);
    }, PAUSE_MS).unref();
  }

  /** By another connection: what we send by our own comes with the answer, behind PgBouncer too. */
  private async test(): Promise<void> {
    const now = performance.now();
    if (now > this.testSentAt + ANSWER_MS) this.missed();
    this.testedAt = now;
    await this.connections.lookUps.query(this.message(SELF_TEST));
    this.testSentAt = Math.min(this.testSentAt, performance.now());
  }

  private async ringWhileWanted(): Promise<void> {
    if (this.isRinging) return;
    this.isRinging = true;
    while (this.isWanted && this.mayRing) {
      const payload = this.isAwaited ? this.id + AWAITED : this.id;
      this.isWanted = false; // before it is sent: what commits from here on wants another
      this.isAwaited = false;
      await Promise.all([
        this.send(payload).catch(ignore), // others learn of it by polling
        sleep(this.restMs, undefined, { ref: false }),
      ]);
    }
    this.isRinging = false;
  }

  /** Where the feed reads, the next read makes the connection: it must not wait for a ring that tries. */
  private get mayRing(): boolean {
    return this.onRing === undefined || this.client !== undefined;
  }

  private get restMs(): number {
    const isUnheard = this.client !== undefined && !this.isHeard;
    return Math.max(this.feed.restMs, isUnheard ? UNHEARD_REST_MS : 0);
  }

  /** In a transaction of its own: in that of a logout it could fail, or hold up, the logout. */
  private async send(payload: string): Promise<void> {
    const { lookupTimeoutMs } = this.options;
    await this.feed.connection.use((client) =>
      send(client, lookupTimeoutMs, this.message(payload)),
    );
  }

  private message(payload: string): string {
    return `SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS};
      SELECT pg_catalog.pg_notify('${this.channel}', '${payload}')`;
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
