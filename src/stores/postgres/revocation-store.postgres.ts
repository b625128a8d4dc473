import type { DataSource } from 'typeorm';
import type { AuditEvent } from '../../audit/audit-event';
import type { AuditTrail } from '../../audit/audit-trail';
import { StoreUnavailableError } from '../../revocation/errors';
import type { Revocation } from '../../revocation/revocation';
import { RevocationStore, type HostTransaction } from '../../revocation/revocation-store';
import { StoreClock } from '../../revocation/store-clock';
import type { StoreStatus } from '../../revocation/store-status';
import type { RevocationKey } from '../../tokens/identity';
import { checkLookup, checkRevocation } from '../revocation-form';
import { PostgresAuditTrail } from './audit-trail.postgres';
import { PostgresConnections } from './connections';
import { codeOf, faultOf, INSUFFICIENT_PRIVILEGE, orUnavailable, PostgresFault } from './faults';
import { postgresOptionsOf } from './host-connection';
import { addRevocation, DURABLE_COMMIT } from './insertions';
import { LookUps } from './look-ups';
import { checkMigrated, checkSchema, migrate } from './migrate';
import {
  resolveStoreOptions,
  type PostgresStoreOptions,
  type ResolvedStoreOptions,
} from './options';
import { Partitions } from './partitions';
import { Upkeep } from './upkeep';
import { Writer } from './writer';

/**
 * The tables `revoked_tokens` and `auth_events` in the database of the host's data source, reached
 * through a few connections of its own (2 to write, 3 to look up, 1 to read the audit), always to the primary.
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
  private readonly writer: Writer;
  private readonly lookUps: LookUps;
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
    const { lookupTimeoutMs, writeTimeoutMs } = this.options;
    this.connections = new PostgresConnections(dataSource, this.options);
    this.partitions = new Partitions(this.connections, writeTimeoutMs);
    this.writer = new Writer(this.connections, this.partitions, writeTimeoutMs);
    this.lookUps = new LookUps(this.connections, lookupTimeoutMs);
    this.upkeep = new Upkeep(this.partitions, this.options);
    this.audit = new PostgresAuditTrail(this.connections, this.writer, this.options);
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
      throw new StoreUnavailableError('open', { cause: faultOf(error) });
    });
    return this.opening;
  }

  /**
   * With `transaction`, its own time limits apply; what it writes is durable once it commits.
   * @throws {TypeError} the revocation is not of its form.
   */
  async add(
    revocation: Revocation,
    event: AuditEvent,
    transaction?: HostTransaction,
  ): Promise<boolean> {
    checkRevocation(revocation);
    const { writeTimeoutMs } = this.options;
    if (transaction === undefined) {
      return orUnavailable('add a revocation', writeTimeoutMs, async () => {
        const statement = addRevocation(this.connections.tables, revocation, event);
        return isNewIn(await this.writer.run(statement, revocation.expiresAt));
      });
    }
    await orUnavailable('add a revocation', writeTimeoutMs, () =>
      // Beforehand: an insert that fails for want of a partition would abort the transaction.
      this.partitions.makeFor(revocation.expiresAt),
    );
    return this.join(transaction, revocation, event);
  }

  async isRevoked(keys: readonly RevocationKey[], issuedAt: Date): Promise<boolean> {
    checkLookup(keys, issuedAt);
    return this.lookUps.isRevoked(keys, issuedAt);
  }

  status(): StoreStatus {
    return {
      skewMs: this.clock.skewMs,
      directLookUps: 0,
      commits: 0,
      committedRevocations: 0,
      feed: null,
      replica: null,
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
    await checkSchema(this.connections);
    await (this.options.migrate ? migrate(this.connections) : checkMigrated(this.connections));
    await this.partitions.makeAhead().catch((error: unknown) => {
      // A role that may not do DDL relies on another instance, or a job of the owner's, for this.
      if (codeOf(error) !== INSUFFICIENT_PRIVILEGE) throw error;
      this.options.onError(faultOf(error));
    });
    this.upkeep.start();
  }

  private async join(
    transaction: HostTransaction,
    revocation: Revocation,
    event: AuditEvent,
  ): Promise<boolean> {
    const { text, values } = addRevocation(this.connections.tables, revocation, event);
    try {
      await transaction.query(DURABLE_COMMIT);
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
