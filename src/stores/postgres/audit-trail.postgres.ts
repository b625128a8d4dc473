import type { AuditEvent } from '../../audit/audit-event';
import { AuditTrail, type AuditPage, type AuditQuery } from '../../audit/audit-trail';
import { checkAuditQuery, formatCursor, type CheckedAuditQuery } from '../../audit/audit-query';
import { pageQuery, recordedEvent, positionOf, type EventRow } from './reads/audit-page';
import { inTransaction, type PostgresConnections } from './connection/connections';
import { orUnavailable } from './connection/postgres-error';
import { appendEvents } from './writes/insertions';
import type { ResolvedStoreOptions } from './options';
import type { Writer } from './writes/audit-writer';

/** The table `auth_events`. Belongs to a `PostgresRevocationStore`, which opens and closes it. */
export class PostgresAuditTrail extends AuditTrail {
  constructor(
    private readonly connections: PostgresConnections,
    private readonly writer: Writer,
    private readonly options: ResolvedStoreOptions,
  ) {
    super();
  }

  async append(events: readonly AuditEvent[]): Promise<void> {
    const { writeTimeoutMs } = this.options;
    await orUnavailable('append to the audit', writeTimeoutMs, () =>
      this.writer.run(appendEvents(this.connections.tables, events)),
    );
  }

  async find(query: AuditQuery): Promise<AuditPage> {
    const checked = checkAuditQuery(query);
    const rows = await this.read(checked);
    const events = rows.slice(0, checked.limit);
    const last = events.at(-1);
    const isLastPage = last === undefined || rows.length <= checked.limit;
    const page = { events: events.map(recordedEvent) };
    return isLastPage ? page : { ...page, nextCursor: formatCursor(positionOf(last)) };
  }

  private read(query: CheckedAuditQuery): Promise<EventRow[]> {
    const { writeTimeoutMs } = this.options;
    const begin = `BEGIN READ ONLY; SET LOCAL statement_timeout = ${writeTimeoutMs}`;
    return orUnavailable('read the audit', writeTimeoutMs, () => {
      const { auditReads, tables } = this.connections;
      return inTransaction(auditReads, begin, async (client) => {
        const { rows } = await client.query<EventRow>(pageQuery(tables, query));
        return rows;
      });
    });
  }
}
