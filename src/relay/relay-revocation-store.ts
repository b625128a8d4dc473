import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditTrail } from '../audit/audit-trail';
import { INSTANCE_TIME, rateLimited } from '../time/instance-time';
import { Replica } from '../replica/replica';
import { StoreUnavailableError } from '../revocation/errors';
import type { LiveRevocation, RevocationPage } from '../revocation/live-revocations';
import { checkLookup } from '../revocation/revocation-form';
import { RevocationStore } from '../revocation/revocation-store';
import type { SessionStore } from '../revocation/session-store';
import { StoreClock } from '../revocation/store-clock';
import type { StoreStatus } from '../revocation/store-status';
import type { Committed, Cut } from '../revocation/unit-of-work';
import type { RevocationQuery } from '../tokens/scopes';
import { NoAudit, NoSessions, refusal } from './beyond-the-broker';
import { RelayFeed } from './relay-feed';
import { resolveRelayStoreOptions, type RelayRevocationStoreOptions } from './relay-options';
import type { RelayTransport } from './relay-transport';

/** An instance asks this often while its lease lasts, so that one lost answer ends none. */
const POLLS_PER_LEASE = 4;
/** How often it looks whether the answer has come, in ms. */
const LOOK_EVERY_MS = 5;

/**
 * For an instance that reaches the broker and not the database: it refuses what was revoked within
 * `maxStalenessMs`, as every other instance does. While it has no lease a request waits for one, and
 * gets 500 if none comes. It revokes nothing, keeps no audit and opens no sessions: what would
 * needs a `PostgresRevocationStore`, and gets 500 here.
 *
 * @example
 * const store = new RelayRevocationStore(new RedisRelay(fromIoredis(redis)));
 */
export class RelayRevocationStore extends RevocationStore {
  readonly clock = new StoreClock();
  readonly audit: AuditTrail;
  readonly sessions: SessionStore;
  private readonly options: ReturnType<typeof resolveRelayStoreOptions>;
  private readonly feed: RelayFeed;
  private readonly replica: Replica;
  private readonly tell: (error: Error) => void;
  private isOpen = false;
  private waits = 0;
  private nextLease: Promise<void> | null = null;

  /**
   * @param transport of the relay: same broker, same name. The store opens and closes its
   * connections.
   * @throws {TypeError} an option is out of bounds.
   */
  constructor(
    private readonly transport: RelayTransport,
    options: RelayRevocationStoreOptions = {},
  ) {
    super();
    this.options = resolveRelayStoreOptions(options);
    const { maxStalenessMs, maxEntries, onError } = this.options;
    this.tell = rateLimited(onError, INSTANCE_TIME);
    this.audit = new NoAudit(this.tell);
    this.sessions = new NoSessions(this.tell);
    this.feed = new RelayFeed(transport, this.clock, maxStalenessMs);
    const pollIntervalMs = Math.floor(maxStalenessMs / POLLS_PER_LEASE);
    this.replica = new Replica(
      this.feed,
      { isRevoked: (query) => this.onceLeased(query) },
      this.clock,
      { maxStalenessMs, pollIntervalMs, maxEntries, onError },
    );
  }

  /** Loads what is revoked. Resolves when that has succeeded or failed; it goes on by itself. */
  async open(): Promise<void> {
    this.isOpen = true;
    await this.replica.start();
  }

  /** @throws {StoreUnavailableError} always: nothing was committed. */
  commit(): Promise<Committed> {
    return Promise.reject(refusal('revoke', this.tell));
  }

  /** @throws {StoreUnavailableError} always: nothing was committed. */
  cutOff(): Promise<Cut> {
    return Promise.reject(refusal('revoke', this.tell));
  }

  isRevoked(query: RevocationQuery): boolean | Promise<boolean> {
    checkLookup(query);
    return this.replica.isRevoked(query);
  }

  known(query: RevocationQuery): boolean | undefined {
    return this.replica.known(query);
  }

  /** @throws {StoreUnavailableError} always. */
  find(): Promise<RevocationPage> {
    return Promise.reject(refusal('find revocations', this.tell));
  }

  /** @throws {StoreUnavailableError} always. */
  explain(): Promise<readonly LiveRevocation[]> {
    return Promise.reject(refusal('explain a verdict', this.tell));
  }

  status(): StoreStatus {
    return {
      skewMs: this.clock.skewMs,
      directLookUps: this.waits,
      commits: 0,
      committedRevocations: 0,
      feed: this.feed.wakenBy,
      replica: this.replica.status(),
      isBehindBroker: true,
      relay: null,
    };
  }

  async close(): Promise<void> {
    this.isOpen = false;
    await this.replica.stop();
    await this.transport.close();
  }

  /** A broker is not asked about tokens: what a broker has lost is not "not revoked". */
  private async onceLeased(query: RevocationQuery): Promise<boolean> {
    this.waits += 1;
    const deadline = performance.now() + this.options.lookupTimeoutMs;
    while (this.isOpen && !this.replica.status().isFull) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) break;
      await Promise.race([this.lease(), sleep(leftMs, undefined, { ref: false })]);
      const known = this.replica.known(query);
      if (known !== undefined) return known;
    }
    throw new StoreUnavailableError('tell whether a token is revoked: no relay answers');
  }

  /** Of all requests that wait, one looks. Resolves when there is a lease, or after a while. */
  private lease(): Promise<void> {
    this.nextLease ??= this.lookForLease().finally(() => {
      this.nextLease = null;
    });
    return this.nextLease;
  }

  private async lookForLease(): Promise<void> {
    const deadline = performance.now() + this.options.lookupTimeoutMs;
    while (this.isOpen && performance.now() < deadline) {
      if (this.replica.status().answersFrom === 'memory') return;
      this.feed.hurry();
      await sleep(LOOK_EVERY_MS, undefined, { ref: false });
    }
  }
}
