import type { AuditEvent } from '../../audit/audit-event';
import type { AuditTrail } from '../../audit/audit-trail';
import { StoreUnavailableError } from '../../revocation/errors';
import {
  checkSearch,
  pageOf,
  type LiveRevocation,
  type RevocationPage,
  type RevocationSearch,
} from '../../revocation/live-revocations';
import type { CutoffOrder } from '../../revocation/revocation';
import { checkLookup, checkOrder, checkWork } from '../../revocation/revocation-form';
import { RevocationStore } from '../../revocation/revocation-store';
import type { SessionStore } from '../../revocation/session-store';
import { StoreClock } from '../../revocation/store-clock';
import type { StoreStatus } from '../../revocation/store-status';
import type {
  CommitPosition,
  Committed,
  Cut,
  HostTransaction,
  UnitOfWork,
} from '../../revocation/unit-of-work';
import type { RelaySource } from '../../relay/relay';
import type { RevocationQuery } from '../../tokens/scopes';
import { PostgresAuditTrail } from './audit-trail.postgres';
import { auditTimeoutMs, PostgresConnections } from './connection/connections';
import {
  codeOf,
  toPostgresError,
  INSUFFICIENT_PRIVILEGE,
  orUnavailable,
} from './connection/postgres-error';
import type { PostgresSource } from './connection/source';
import { PostgresFeed } from './feed/feed.postgres';
import { PostgresRelayLead } from './feed/relay-lead.postgres';
import { ReplicaInstances } from './feed/replica-instances';
import type { ResolvedStoreOptions } from './options';
import {
  coveringQuery,
  liveRevocation,
  placeOf,
  searchQuery,
  type RevocationRow,
} from './reads/live-revocations';
import { LookUps } from './reads/look-ups';
import { Reader } from './reads/reader';
import { checkMigrated, migrate } from './schema/migrate';
import { Partitions } from './schema/partitions';
import { checkServer } from './schema/server-check';
import { Upkeep } from './schema/upkeep';
import { PostgresSessionStore } from './session-store.postgres';
import { AuditWriter } from './writes/audit-writer';
import { CutoffWriter } from './writes/cutoff-writer';
import { GroupCommit } from './writes/group-commit';
import { addWithin } from './writes/host-transaction';
import { SessionWriter } from './writes/session-writer';

/**
 * The tables `revoked_tokens`, `auth_sessions` and `auth_events`: adds to them, and looks up each token in them. The
 * other instances learn what was added through the feed; to ring it is for the caller.
 */
export class PostgresStore extends RevocationStore {
  readonly audit: AuditTrail;
  readonly sessions: SessionStore;
  readonly clock = new StoreClock();
  readonly feed: PostgresFeed;
  private readonly connections: PostgresConnections;
  private readonly partitions: Partitions;
  private readonly groupCommit: GroupCommit;
  private readonly cutoffs: CutoffWriter;
  private readonly lookUps: LookUps;
  private readonly reader: Reader;
  private readonly upkeep: Upkeep;
  private opening?: Promise<void>;

  /**
   * @param source the host's data source, of which only the options are used: it is never opened
   * or closed here; or an address.
   * @throws {TypeError} the source is neither.
   */
  constructor(
    source: PostgresSource,
    private readonly options: ResolvedStoreOptions,
  ) {
    super();
    const { lookupTimeoutMs, writeTimeoutMs } = options;
    this.connections = new PostgresConnections(source, options);
    this.partitions = new Partitions(this.connections, this.clock, writeTimeoutMs);
    this.groupCommit = new GroupCommit(this.connections, this.partitions, writeTimeoutMs);
    this.cutoffs = new CutoffWriter(this.connections, this.partitions, writeTimeoutMs);
    this.lookUps = new LookUps(this.connections, this.clock, lookupTimeoutMs);
    this.feed = new PostgresFeed(this.connections, this.clock, options);
    this.upkeep = new Upkeep(this.connections, this.partitions, options);
    const writer = new AuditWriter(this.connections, this.partitions, writeTimeoutMs);
    this.reader = new Reader(this.connections, writeTimeoutMs);
    const sessions = new SessionWriter(this.connections, this.partitions, writeTimeoutMs);
    this.sessions = new PostgresSessionStore(this.connections, this.reader, sessions);
    const auditReader = new Reader(this.connections, auditTimeoutMs(options));
    this.audit = new PostgresAuditTrail(this.connections, auditReader, writer, writeTimeoutMs);
  }

  /**
   * Connects, migrates, makes partitions ahead and starts upkeep. Instances may open at the same
   * time. After a failure everything is closed, and it may be called again.
   * @throws {TypeError} the database is not prepared in a way that only its owner can change.
   * @throws {StoreUnavailableError}
   */
  open(): Promise<void> {
    this.opening ??= this.prepare().catch(async (error: unknown) => {
      delete this.opening;
      await this.connections.close();
      if (error instanceof TypeError) throw error;
      throw new StoreUnavailableError('open', { cause: toPostgresError(error) });
    });
    return this.opening;
  }

  /** What a relay reads and leads by: nothing of it is shared with the store's own replica. */
  relaySource(): RelaySource {
    const { connections, options } = this;
    const clock = new StoreClock();
    const feed = new PostgresFeed(connections, clock, options, () => connections.relayFeed);
    return {
      feed,
      clock,
      register: new ReplicaInstances(feed.connection, connections.tables, options.lookupTimeoutMs),
      lead: new PostgresRelayLead(connections, options.lookupTimeoutMs),
    };
  }

  /**
   * Durable once this resolves; with `transaction` once that commits, and within its own time
   * limits.
   */
  async commit(work: UnitOfWork, transaction?: HostTransaction): Promise<Committed> {
    checkWork(work, transaction);
    if (transaction === undefined) return this.groupCommit.commit(work);
    await orUnavailable('add a revocation', this.options.writeTimeoutMs, () =>
      // Beforehand: an insert that fails for want of a partition would abort the transaction.
      this.partitions.makeFor(work.revocations.map(({ revocation }) => revocation.expiresAt)),
    );
    return addWithin(transaction, this.connections.tables, work);
  }

  async cutOff(
    order: CutoffOrder,
    event: AuditEvent,
    transaction?: HostTransaction,
    onPosition: (position: CommitPosition) => void = () => undefined,
  ): Promise<Cut> {
    checkOrder(order, event, transaction);
    return this.cutoffs.cutOff(order, event, transaction, onPosition);
  }

  isRevoked(query: RevocationQuery): Promise<boolean> {
    checkLookup(query);
    return this.lookUps.isRevoked(query);
  }

  known(): undefined {
    return undefined;
  }

  async find(search: RevocationSearch): Promise<RevocationPage> {
    const checked = checkSearch(search);
    const rows = await this.reader.rows<RevocationRow>('find revocations', () =>
      searchQuery(this.connections.tables, checked),
    );
    return pageOf(rows, checked.limit, liveRevocation, placeOf);
  }

  async explain(query: RevocationQuery): Promise<readonly LiveRevocation[]> {
    checkLookup(query);
    const rows = await this.reader.rows<RevocationRow>('explain a verdict', () =>
      coveringQuery(this.connections.tables, query),
    );
    return rows.map(liveRevocation);
  }

  status(): StoreStatus {
    return {
      skewMs: this.clock.skewMs,
      directLookUps: this.lookUps.count,
      ...this.groupCommit.counts,
      feed: null,
      replica: null,
      isBehindBroker: false,
      relay: null,
    };
  }

  async close(): Promise<void> {
    await this.opening?.catch(() => undefined);
    delete this.opening;
    await this.upkeep.stop();
    await this.connections.close();
  }

  private async prepare(): Promise<void> {
    await this.connections.open();
    await checkServer(this.connections);
    const { migrate: mayMigrate, onError } = this.options;
    await (mayMigrate ? migrate(this.connections, onError) : checkMigrated(this.connections));
    await this.partitions.makeAhead().catch((error: unknown) => {
      // A role that may not do DDL relies on another instance, or a job of the owner's, for this.
      if (codeOf(error) !== INSUFFICIENT_PRIVILEGE) throw error;
      this.options.onError(toPostgresError(error));
    });
    this.upkeep.start();
  }
}
