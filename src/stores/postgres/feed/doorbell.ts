import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { onConnection, poolOf, type PostgresConnections } from '../connection/connections';
import { toPostgresError, PostgresError } from '../connection/postgres-error';
import { unlessAborted } from '../connection/unless-aborted';

/** A revocation that is heard of a little later is one message less. */
const RING_INTERVAL_MS = 5;
/** How long the listening session may take to answer, or to hear our own ring. */
const ANSWER_MS = 2000;
/** A half-open connection is silent for ever: it is noticed after this and `ANSWER_MS`. */
const HEARTBEAT_MS = 5000;
const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 30_000;
const SELF_TEST = 'self-test:';

export interface DoorbellOptions {
  /** Where the session that listens connects, if not where the host's data source does. */
  readonly feedConnection?: string;
  readonly onError: (error: Error) => void;
}

/**
 * Tells other instances that something may have changed, and is told by them. A ring carries no
 * data and may be lost: what it saves is the wait for the next poll.
 */
export class Doorbell {
  /** Sent with each ring: what we rang for is known here. */
  private readonly id = randomUUID();
  /** Tests whether we hear our own ring. Other instances ignore it. */
  private readonly selfTest = `${SELF_TEST}${this.id}`;
  private isHeard = false;
  private isWanted = false;
  private isRinging = false;
  private closing = new AbortController();
  private listening?: Promise<void>;

  constructor(
    private readonly connections: PostgresConnections,
    private readonly options: DoorbellOptions,
  ) {}

  /** `doorbell` while our own ring was heard since the last (re)connect. */
  get state(): 'doorbell' | 'polling' {
    return this.isHeard ? 'doorbell' : 'polling';
  }

  /** Rings soon, for all that is committed until now. Costs the caller nothing; never fails. */
  ring(): void {
    this.isWanted = true;
    if (!this.isRinging) void this.ringWhileWanted();
  }

  /**
   * Calls `onRing` at each ring of another, and once whenever a connection is made, as rings were
   * lost before.
   * Goes on until `close`, whatever breaks.
   */
  listen(onRing: () => void): void {
    this.listening ??= this.keepListening(onRing, this.closing.signal);
  }

  /** Listens no more. `listen` may follow. */
  async close(): Promise<void> {
    const { listening } = this;
    this.closing.abort(new PostgresError('the doorbell was closed'));
    this.closing = new AbortController();
    delete this.listening;
    this.isHeard = false;
    // A connection that is still being made closes itself later. This need not wait for it.
    await Promise.race([listening, sleep(ANSWER_MS, undefined, { ref: false })]);
  }

  private async ringWhileWanted(): Promise<void> {
    this.isRinging = true;
    while (this.isWanted) {
      this.isWanted = false; // before it is sent: what commits from here on wants another
      await Promise.all([
        this.send(this.id).catch(ignore), // others learn of it by polling
        sleep(RING_INTERVAL_MS, undefined, { ref: false }),
      ]);
    }
    this.isRinging = false;
  }

  /** In a statement of its own: in that of a logout it could fail, or hold up, the logout. */
  private async send(payload: string): Promise<void> {
    await this.connections.signals.query(
      `SELECT pg_catalog.pg_notify('${this.channel}', '${payload}')`,
    );
  }

  private async keepListening(onRing: () => void, signal: AbortSignal): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    let isReported = false;
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      const error = await this.session(onRing, signal).catch(toPostgresError);
      if (isOver()) return; // a later `listen` may have set `isHeard` already
      if (this.isHeard) {
        retryMs = FIRST_RETRY_MS;
        isReported = false;
      } else if (!isReported) {
        this.options.onError(error);
        isReported = true;
      }
      this.isHeard = false;
      await sleep(retryMs * (0.5 + Math.random()), undefined, { ref: false, signal }).catch(ignore);
      retryMs = Math.min(2 * retryMs, LONGEST_RETRY_MS);
    }
  }

  /** A connection that does nothing but listen; rejects when it has ended. */
  private async session(onRing: () => void, signal: AbortSignal): Promise<never> {
    const source = await this.connections.connect({
      role: 'doorbell',
      size: 1,
      timeoutMs: ANSWER_MS,
      onError: ignore, // of idle connections; this one is never idle
      address: this.options.feedConnection,
    });
    try {
      return await onConnection(poolOf(source), (client) => this.attend(client, onRing, signal));
    } finally {
      await source.destroy();
    }
  }

  private async attend(
    client: PoolClient,
    onRing: () => void,
    closing: AbortSignal,
  ): Promise<never> {
    letProcessEnd(client);
    const signal = AbortSignal.any([closing, endOf(client)]);
    const heard = new Promise<void>((resolve) => {
      client.on('notification', ({ payload }) => {
        if (payload === this.selfTest) resolve();
        else if (payload !== this.id && payload?.startsWith(SELF_TEST) !== true) onRing();
      });
    });
    await unlessAborted(signal, client.query(`LISTEN ${this.channel}`));
    onRing();
    // From another connection: behind PgBouncer the ring of this one is heard, and no other.
    await this.send(this.selfTest);
    await unlessAborted(signal, Promise.race([heard, silence()]));
    this.isHeard = true;
    for (;;) {
      await sleep(HEARTBEAT_MS, undefined, { ref: false, signal });
      await unlessAborted(signal, client.query('SELECT 1'));
    }
  }

  /** Of this schema's tables alone, and no longer than a name may be. */
  private get channel(): string {
    const { schema } = this.connections.tables;
    const digest = createHash('sha256').update(schema).digest('hex');
    return `nestjs_logout_${digest.slice(0, 16)}`;
  }
}

/** Aborted when the connection breaks or ends. Only its events tell of that. */
function endOf(client: PoolClient): AbortSignal {
  const end = new AbortController();
  client.on('error', (error) => {
    end.abort(error);
  });
  client.on('end', () => {
    end.abort(new PostgresError('the connection that listens has ended'));
  });
  return end.signal;
}

async function silence(): Promise<never> {
  await sleep(ANSWER_MS, undefined, { ref: false });
  throw new PostgresError(
    'Notifications do not arrive, as behind PgBouncer in transaction mode: what other instances ' +
      'revoke is known here by polling. Set "feedConnection" to a direct address of the database.',
  );
}

/** A session that is never idle would keep a process alive that forgot to close the store. */
function letProcessEnd(client: PoolClient & { unref?: () => void }): void {
  client.unref?.();
}

const ignore = (): void => undefined;
