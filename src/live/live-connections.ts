import { PREFIX_BYTES, type FeedSlice } from '../revocation/revocation-feed';
import type { RevocationStore } from '../revocation/revocation-store';
import { mapMaybe } from '../tokens/maybe-promise';
import { Closing } from './closing';
import { ExpirySeconds } from './expiry-seconds';
import { KeyIndex } from './key-index';
import type { ConnectionEnd, LiveConnection, OpenConnection } from './open-connection';
import { TokenChecks } from './token-checks';

export interface LiveRules {
  /** How long a connection may stay while nothing can tell whether its token is revoked. */
  readonly liveGraceMs: number;
  readonly clockToleranceSeconds: number;
  /** Told once an outage, when it begins to end connections; and what a `close` throws. */
  readonly onError: (error: unknown) => void;
}

/** Its timer is far below the 2^31 ms after which those of Node fire at once. */
const SECOND_MS = 1000;
const WAKES_PER_GRACE = 8;

/**
 * Ends open connections when their token does: WebSockets, event streams, subscriptions. While the
 * replica holds a lease, `maxStalenessMs` after a logout was answered anywhere; without
 * one, within a quarter of `liveGraceMs` and what the look-ups take. A refresh ends nothing. Costs
 * nothing while no connection is open.
 */
export class LiveConnections {
  /** How many connections were looked at because of what was revoked: no others are. */
  lookedAt = 0;
  private readonly connections = new Set<OpenConnection>();
  private readonly index = new KeyIndex<OpenConnection>();
  private readonly expiry = new ExpirySeconds<OpenConnection>();
  private readonly closing: Closing;
  private readonly checks: TokenChecks;
  private readonly toleranceMs: number;
  private readonly wakeMs: number;
  private timer: NodeJS.Timeout | undefined;
  private isWatching = false;
  private isStopped = false;

  constructor(
    private readonly store: RevocationStore,
    { liveGraceMs, clockToleranceSeconds, onError }: LiveRules,
  ) {
    const end = this.end.bind(this);
    this.closing = new Closing(onError);
    this.checks = new TokenChecks(store, this.connections, end, liveGraceMs, onError);
    this.toleranceMs = clockToleranceSeconds * SECOND_MS;
    this.wakeMs = Math.min(SECOND_MS, Math.ceil(liveGraceMs / WAKES_PER_GRACE));
  }

  /** How many connections are open. */
  get size(): number {
    return this.connections.size;
  }

  /**
   * From here on the connection is closed when its token ends. Call it once the token was found to
   * be live, and before anything is sent: what was revoked in between ends it, too.
   * @returns what the end of the connection has to call. Idempotent.
   */
  open({ token: { keys, expiresAtMs }, close }: LiveConnection): () => void {
    const endsAtMs = expiresAtMs + this.toleranceMs;
    const share = Math.random();
    const opened = { keys, endsAtMs, close, sureMs: performance.now(), share };
    this.watch();
    this.connections.add(opened);
    this.index.add(opened);
    this.expiry.add(opened, endsAtMs);
    this.wakeLater();
    // What was revoked until now has been told already: it is asked for after the index has it.
    const end = this.endedMeanwhile(opened);
    if (end !== undefined)
      queueMicrotask(() => {
        this.end(opened, end);
      });
    return () => {
      this.forget(opened);
    };
  }

  /**
   * Whether a connection with this token may go on: it has neither expired nor been revoked.
   * @throws {StoreUnavailableError} or rejects with it: it must not.
   */
  isLive({ keys, expiresAtMs }: LiveConnection['token']): boolean | Promise<boolean> {
    if (expiresAtMs + this.toleranceMs <= this.store.clock.now()) return false;
    return mapMaybe(this.store.isRevoked(keys), (isRevoked) => !isRevoked);
  }

  /** Ends all connections: nothing would end them later. Idempotent. */
  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    for (const connection of this.connections) this.end(connection, 'unchecked');
  }

  private endedMeanwhile({ keys, endsAtMs }: OpenConnection): ConnectionEnd | undefined {
    if (this.isStopped) return 'unchecked';
    if (this.store.known(keys) === true) return 'revoked';
    return endsAtMs <= this.store.clock.now() ? 'expired' : undefined;
  }

  /** @returns whether the connection was open. */
  private forget(connection: OpenConnection): boolean {
    if (!this.connections.delete(connection)) return false;
    this.index.remove(connection);
    this.expiry.remove(connection, connection.endsAtMs);
    return true;
  }

  private end(connection: OpenConnection, end: ConnectionEnd): void {
    if (this.forget(connection)) this.closing.close(connection, end);
  }

  private watch(): void {
    if (this.isWatching) return;
    this.isWatching = true;
    const isTold = this.store.watch?.((learned) => {
      if (!this.index.isEmpty) this.learned(learned);
    });
    this.checks.isTold = isTold === true;
  }

  private learned({ absolute, cutoffs }: FeedSlice): void {
    for (const { prefixes } of absolute)
      for (let at = 0; at < prefixes.length; at += PREFIX_BYTES)
        this.review(this.index.withPrefix(prefixes, at));
    for (const { key } of cutoffs) this.review(this.index.withKey(key));
  }

  /** Memory has learnt already what these are asked about. */
  private review(found: readonly OpenConnection[]): void {
    this.lookedAt += found.length;
    for (const connection of found)
      if (this.store.known(connection.keys) === true) this.end(connection, 'revoked');
  }

  private wakeLater(): void {
    if (this.timer !== undefined || this.isStopped || this.connections.size === 0) return;
    const toNextSecondMs = SECOND_MS - (Math.floor(this.store.clock.now()) % SECOND_MS);
    this.timer = setTimeout(
      () => {
        this.timer = undefined;
        this.wake();
        this.wakeLater();
      },
      Math.min(toNextSecondMs, this.wakeMs),
    ).unref();
  }

  private wake(): void {
    for (const connection of this.expiry.take(this.store.clock.now()))
      this.end(connection, 'expired');
    this.checks.review();
  }
}
