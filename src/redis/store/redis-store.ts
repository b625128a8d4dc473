import type { AuditEvent } from '../../audit/audit-event';
import {
  checkSearch,
  filterOf,
  newestFirst,
  pageOf,
  type LiveRevocation,
  type PlacedRevocation,
  type RevocationPage,
  type RevocationSearch,
} from '../../revocation/live-revocations';
import type { CutoffOrder } from '../../revocation/revocation';
import { checkLookup, checkOrder, checkWork } from '../../revocation/revocation-form';
import { RevocationStore } from '../../revocation/revocation-store';
import { StoreClock } from '../../revocation/store-clock';
import type { StoreStatus } from '../../revocation/store-status';
import type { Committed, Cut, HostTransaction, UnitOfWork } from '../../revocation/unit-of-work';
import type { RevocationQuery } from '../../tokens/scopes';
import type { RedisClient } from '../redis-client';
import { RedisAuditTrail } from './audit-trail.redis';
import { Changes } from './changes';
import { RedisFeed } from './feed.redis';
import { rowPages } from './hours';
import { covering, keysOf, look } from './look';
import { RedisDatabase } from './redis-database';
import type { ResolvedRedisOptions } from './redis-store-options';
import { refuseTransaction } from './refuse-transaction';
import { addedRow, placedRevocations } from './rows';
import { RedisSessionStore } from './session-store.redis';

/** Revocations, sessions and audit in Redis; each look-up asks it. */
export class RedisStore extends RevocationStore {
  readonly clock = new StoreClock();
  readonly audit: RedisAuditTrail;
  readonly sessions: RedisSessionStore;
  readonly feed: RedisFeed;
  private readonly database: RedisDatabase;
  private readonly changes: Changes;
  private lookUps = 0;

  constructor(client: RedisClient, options: ResolvedRedisOptions) {
    super();
    this.database = new RedisDatabase(client, this.clock, options);
    this.changes = new Changes(this.database, options.maxAuditEvents);
    this.audit = new RedisAuditTrail(this.database, this.changes);
    this.sessions = new RedisSessionStore(this.database, this.changes);
    this.feed = new RedisFeed(this.database, options);
  }

  /** @throws {StoreUnavailableError} Redis does not answer, is not initialised, or evicts keys. */
  async open(): Promise<void> {
    try {
      await this.database.open();
      await look(this.database, 'open', 'changes', {});
    } catch (error) {
      this.database.close();
      throw error;
    }
  }

  async commit(work: UnitOfWork, transaction?: HostTransaction): Promise<Committed> {
    refuseTransaction(transaction);
    checkWork(work);
    const revocations = work.revocations.map(({ revocation, event }) =>
      addedRow(revocation, event),
    );
    return this.changes.make('add a revocation', { revocations, events: work.events });
  }

  async cutOff(order: CutoffOrder, event: AuditEvent, transaction?: HostTransaction): Promise<Cut> {
    refuseTransaction(transaction);
    checkOrder(order, event);
    const revocations = [addedRow(order, event)];
    return this.changes.make('cut off', { revocations, events: [] });
  }

  async isRevoked(query: RevocationQuery): Promise<boolean> {
    checkLookup(query);
    this.lookUps += 1;
    const asked = { keys: keysOf(query) };
    const { revocations } = await look(this.database, 'look up a token', 'lookUps', asked);
    return covering(revocations, query).length > 0;
  }

  known(): undefined {
    return undefined;
  }

  /** Reads every revocation. */
  async find(search: RevocationSearch): Promise<RevocationPage> {
    const checked = checkSearch(search);
    const matches = filterOf(checked);
    const { now } = await look(this.database, 'find revocations', 'reads', {});
    const found = new Map<string, PlacedRevocation>();
    for await (const page of rowPages(this.database, 'find revocations'))
      for (const placed of page.flatMap(([key, rows]) => placedRevocations(key, rows)))
        if (placed.expiresAtMs >= now && matches(placed)) found.set(idOf(placed), placed);
    return pageOf(
      [...found.values()].toSorted(newestFirst),
      checked.limit,
      ({ revocation }) => revocation,
      (placed) => placed,
    );
  }

  async explain(query: RevocationQuery): Promise<readonly LiveRevocation[]> {
    checkLookup(query);
    const asked = { keys: keysOf(query) };
    const { revocations } = await look(this.database, 'explain a verdict', 'lookUps', asked);
    return covering(revocations, query)
      .toSorted(newestFirst)
      .map(({ revocation }) => revocation);
  }

  status(): StoreStatus {
    return {
      skewMs: this.clock.skewMs,
      directLookUps: this.lookUps,
      ...this.changes.counts,
      feed: null,
      replica: null,
      isBehindBroker: false,
      relay: null,
    };
  }

  close(): Promise<void> {
    this.database.close();
    return Promise.resolve();
  }
}

/** Redis may show one twice while it is read. */
const idOf = ({ microseconds }: PlacedRevocation): string => String(microseconds);
