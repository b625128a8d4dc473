import type { DataSource } from 'typeorm';
import type { AuditEvent } from '../../audit/audit-event';
import type { AuditTrail } from '../../audit/audit-trail';
import { StoreUnavailableError } from '../../revocation/errors';
import type { Revocation } from '../../revocation/revocation';
import { Replica } from '../../replica/replica';
import { RevocationStore, type HostTransaction } from '../../revocation/revocation-store';
import { StoreClock } from '../../revocation/store-clock';
import type { StoreStatus } from '../../revocation/store-status';
import type { RevocationKey } from '../../tokens/identity';
import { checkLookup, checkRevocation } from '../../revocation/revocation-form';
import { PostgresAuditTrail } from './audit-trail.postgres';
import { PostgresConnections } from './connection/connections';
import {
  codeOf,
  faultOf,
  INSUFFICIENT_PRIVILEGE,
  orUnavailable,
  PostgresFault,
} from './connection/postgres-error';
import { PostgresFeed } from './feed/feed.postgres';
import { GroupCommit, type Committed } from './writes/group-commit';
import { postgresOptionsOf } from './connection/pool-options';
import { addRevocation } from './writes/insertions';
import { LookUps } from './reads/look-ups';
import { checkMigrated, checkSchema, migrate } from './schema/migrate';
import {
  resolveStoreOptions,
  type PostgresStoreOptions,
  type ResolvedStoreOptions,
} from './options';
import { Partitions } from './schema/partitions';
import { StrictWait } from './feed/cluster-wait';
import { Upkeep } from './schema/upkeep';
import { Writer } from './writes/audit-writer';

/**
 * The tables `revoked_tokens` and `auth_events` in the database of the host's data source, reached
 * through at most nine connections of its own, always to the primary: see `connections.ts`. Tokens
 * are checked in memory; how that can be right is told in docs/architecture.md.
 *
 * @example
 * const store = new PostgresRevocationStore(dataSource);
 * await store.open();
 */
export class PostgresRevocationStore extends RevocationStore {
  readonly audit: AuditTrail;
  readonly clock = new StoreClock();
  private readonly options: ResolvedStoreOptions;
  private readonly connections: PostgresConnections;
  private readonly partitions: Partitions;
  private readonly groupCommit: GroupCommit;
  private readonly lookUps: LookUps;
  private readonly feed: PostgresFeed;
  private readonly strictWait: StrictWait;
  /** Absent where every token is looked up. */
  private readonly replica: Replica | undefined;
  private readonly upkeep: Upkeep;
  private opening?: Promise<void>;

  /**
   * @param dataSource the host's; only its options are used. It is never opened or closed here.
   * @throws {TypeError} the data source is not of type `postgres`, or an option is out of bounds.
   */
  constructor(dataSource: DataSource, options: PostgresStoreOptions = {}) {
    super();
    postgresOptionsOf(dataSource);
    this.options = resolveStoreOptions(options);
    const { lookupTimeoutMs, writeTimeoutMs, maxStalenessMs } = this.options;
    this.connections = new PostgresConnections(dataSource, this.options);
    this.partitions = new Partitions(this.connections, this.clock, writeTimeoutMs);
    this.groupCommit = new GroupCommit(this.connections, this.partitions, writeTimeoutMs);
    this.lookUps = new LookUps(this.connections, this.clock, lookupTimeoutMs);
    this.feed = new PostgresFeed(this.connections, this.clock, this.options);
    this.strictWait = new StrictWait(this.feed.instances, maxStalenessMs);
    if (this.options.check === 'replica')
      this.replica = new Replica(this.feed, this.lookUps, this.clock, this.options);
    this.upkeep = new Upkeep(this.partitions, this.options);
    const writer = new Writer(this.connections, this.partitions, writeTimeoutMs);
    this.audit = new PostgresAuditTrail(this.connections, writer, this.options);
  }

  /**
   * Connects, migrates, makes partitions ahead, starts upkeep and loads what is revoked. Instances
   * may open at the same time. After a failure everything is closed, and it may be called again.
   * @throws {TypeError} the database is not prepared in a way that only its owner can change.
   * @throws {StoreUnavailableError}
   */
  open(): Promise<void> {
    this.opening ??= this.prepare().catch(async (error: unknown) => {
      delete this.opening;
      await this.connections.close();
      if (error instanceof TypeError) throw error;
      throw new StoreUnavailableError('open', { cause: faultOf(error) });
    });
    return this.opening;
  }

  /**
   * Once this resolves the token is refused here, and within `maxStalenessMs` everywhere; with
   * `logoutWaits: 'cluster'` everywhere. With `transaction`, its own time limits apply, what it
   * writes is durable once it commits, and `maxStalenessMs` counts from then.
   * @throws {TypeError} the revocation is not of its form.
   */
  async add(
    revocation: Revocation,
    event: AuditEvent,
    transaction?: HostTransaction,
  ): Promise<boolean> {
    checkRevocation(revocation);
    if (transaction === undefined) return this.addDurably(revocation, event);
    await orUnavailable('add a revocation', this.options.writeTimeoutMs, () =>
      // Beforehand: an insert that fails for want of a partition would abort the transaction.
      this.partitions.makeFor([revocation.expiresAt]),
    );
    return this.join(transaction, revocation, event);
  }

  isRevoked(keys: readonly RevocationKey[], issuedAt: Date): boolean | Promise<boolean> {
    checkLookup(keys, issuedAt);
    return (this.replica ?? this.lookUps).isRevoked(keys, issuedAt);
  }

  known(keys: readonly RevocationKey[], issuedAt: Date): boolean | undefined {
    return this.replica?.known(keys, issuedAt);
  }

  status(): StoreStatus {
    return {
      skewMs: this.clock.skewMs,
      directLookUps: this.lookUps.count,
      ...this.groupCommit.counts,
      feed: this.replica === undefined ? null : this.feed.doorbell.state,
      replica: this.replica?.status() ?? null,
    };
  }

  async close(): Promise<void> {
    await this.opening?.catch(() => undefined);
    delete this.opening;
    await this.replica?.stop();
    await this.upkeep.stop();
    await this.connections.close();
  }

  private async addDurably(revocation: Revocation, event: AuditEvent): Promise<boolean> {
    const { isNew, xid } = await this.commit(revocation, event);
    this.replica?.learn(revocation);
    this.feed.doorbell.ring();
    if (this.options.logoutWaits === 'cluster') await this.strictWait.seenByAll(xid);
    return isNew;
  }

  private async commit(revocation: Revocation, event: AuditEvent): Promise<Committed> {
    try {
      return await this.groupCommit.add(revocation, event);
    } catch (error) {
      this.replica?.doubt(revocation);
      throw error;
    }
  }

  private async prepare(): Promise<void> {
    await this.connections.open();
    await checkSchema(this.connections);
    await (this.options.migrate ? migrate(this.connections) : checkMigrated(this.connections));
    await this.partitions.makeAhead().catch((error: unknown) => {
      // A role that may not do DDL relies on another instance, or a job of the owner's, for this.
      if (codeOf(error) !== INSUFFICIENT_PRIVILEGE) throw error;
      this.options.onError(faultOf(error));
    });
    this.upkeep.start();
    await this.replica?.start();
  }

  private async join(
    transaction: HostTransaction,
    revocation: Revocation,
    event: AuditEvent,
  ): Promise<boolean> {
    const { text, values } = addRevocation(this.connections.tables, revocation, event);
    this.replica?.doubt(revocation);
    try {
      return isNewIn(await transaction.query(text, values));
    } catch (error) {
      throw new StoreUnavailableError('add a revocation', { cause: faultOf(error) });
    }
  }
}

/** @param rows of the statement of `addRevocation`. */
function isNewIn(rows: unknown): boolean {
  const [row] = Array.isArray(rows) ? (rows as unknown[]) : [];
  if (typeof row === 'object' && row !== null && 'is_new' in row) return row.is_new === 'true';
  throw new PostgresFault('the transaction did not return the rows of its statement');
}
