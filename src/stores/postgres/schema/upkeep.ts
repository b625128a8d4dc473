import { codeOf, PostgresError, toPostgresError } from '../connection/postgres-error';
import type { PostgresConnections } from '../connection/connections';
import type { ResolvedStoreOptions } from '../options';
import { AuditIndexes } from './audit-indexes';
import { AuditMonths } from './audit-months';
import type { Partitions } from './partitions';
import { purgeSessions } from './purge-sessions';
import { trimLog } from './trim-log';

/** Up to this part of the interval earlier or later, so that instances do not meet each time. */
const JITTER = 0.2;

/** SQLSTATEs of a schema, a table and a function that are not there. */
const IS_GONE = ['3F000', '42P01', '42883'];

/** Keeps the tables in order, now and then. Failures are reported and tried again. */
export class Upkeep {
  private readonly auditMonths: AuditMonths;
  private readonly auditIndexes: AuditIndexes;
  private timer?: NodeJS.Timeout;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly connections: PostgresConnections,
    private readonly partitions: Partitions,
    private readonly options: ResolvedStoreOptions,
  ) {
    this.auditMonths = new AuditMonths(connections, options);
    this.auditIndexes = new AuditIndexes(connections);
  }

  /** After the first partitions were made. Does not keep the process alive. */
  start(): void {
    this.schedule();
    // What was restored from another server is read again by each poll until then.
    this.running = this.attempt(() => this.trimLog());
  }

  /** After this resolves nothing runs, and nothing will. */
  async stop(): Promise<void> {
    clearTimeout(this.timer);
    delete this.timer;
    await this.auditIndexes.stop().catch(() => undefined); // it ends with the server, if not by this
    await this.running;
  }

  private schedule(): void {
    const { upkeepIntervalMs } = this.options;
    const delay = upkeepIntervalMs * (1 + JITTER * (2 * Math.random() - 1));
    this.timer = setTimeout(() => {
      this.running = this.running
        .then(() => this.attempt(() => this.run()))
        .then(() => {
          if (this.timer !== undefined) this.schedule();
        });
    }, delay).unref();
  }

  private async run(): Promise<void> {
    await this.partitions.makeAhead();
    await this.partitions.dropExpired();
    await this.trimLog();
    await purgeSessions(this.connections, this.options.writeTimeoutMs);
    await this.auditMonths.dropOld();
    await this.auditIndexes.makeMissing();
  }

  private trimLog(): Promise<void> {
    return trimLog(this.connections, this.options.writeTimeoutMs);
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.options.onError(this.explained(toPostgresError(error)));
    }
  }

  private explained(error: PostgresError): PostgresError {
    if (!IS_GONE.includes(codeOf(error) ?? '')) return error;
    return new PostgresError(
      `${error.message}. Tables in schema "${this.options.schema}" were dropped, and with them ` +
        'what was logged out. Restart an instance that may migrate: it makes them again.',
      error.code,
    );
  }
}
