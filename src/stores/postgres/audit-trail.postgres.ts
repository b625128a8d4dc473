import type { AuditEvent } from '../../audit/audit-event';
import {
  AuditTrail,
  UnstorableEventError,
  type AuditPage,
  type AuditQuery,
} from '../../audit/audit-trail';
import { checkAuditQuery, formatCursor, type CheckedAuditQuery } from '../../audit/audit-query';
import { pageQuery, recordedEvent, positionOf, type EventRow } from './reads/audit-page';
import { auditSpanQuery, stepsOf, type AuditSpan } from './reads/audit-steps';
import type { PostgresConnections } from './connection/connections';
import { blamesRows, orUnavailable } from './connection/postgres-error';
import type { Reader } from './reads/reader';
import type { AuditWriter } from './writes/audit-writer';
import type { Statement } from './writes/insertions';

/** The table `auth_events`. Belongs to a `PostgresRevocationStore`, which opens and closes it. */
export class PostgresAuditTrail extends AuditTrail {
  constructor(
    private readonly connections: PostgresConnections,
    private readonly reader: Reader,
    private readonly writer: AuditWriter,
    private readonly writeTimeoutMs: number,
  ) {
    super();
  }

  async append(events: readonly AuditEvent[]): Promise<void> {
    try {
      await orUnavailable('append to the audit', this.writeTimeoutMs, () =>
        this.writer.append(events),
      );
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      throw blamesRows(cause)
        ? new UnstorableEventError('The rows are refused.', { cause })
        : error;
    }
  }

  async find(query: AuditQuery): Promise<AuditPage> {
    const checked = checkAuditQuery(query);
    const rows = await this.newest(checked);
    const events = rows.slice(0, checked.limit);
    const last = events.at(-1);
    const isLastPage = last === undefined || rows.length <= checked.limit;
    const page = { events: events.map(recordedEvent) };
    return isLastPage ? page : { ...page, nextCursor: formatCursor(positionOf(last)) };
  }

  /** The rows of the page and one more, in steps that lock few days each. */
  private async newest(query: CheckedAuditQuery): Promise<readonly EventRow[]> {
    const { tables } = this.connections;
    const ask = <Row extends object>(statement: Statement): Promise<readonly Row[]> =>
      this.reader.rows<Row>('read the audit', () => statement);
    const [span] = await ask<AuditSpan>(auditSpanQuery(tables));
    const rows: EventRow[] = [];
    for (const step of span === undefined ? [] : stepsOf(query, span)) {
      const limit = query.limit - rows.length;
      rows.push(...(await ask<EventRow>(pageQuery(tables, { ...step, limit }))));
      if (rows.length > query.limit) break;
    }
    return rows;
  }
}
