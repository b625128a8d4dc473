import type { AuditEvent, RecordedAuditEvent } from '../../audit/audit-event';
import { StoreUnavailableError } from '../../revocation/errors';
import { AuditTrail, type AuditPage, type AuditQuery } from '../../audit/audit-trail';
import {
  checkAuditQuery,
  filterOf,
  formatCursor,
  positionAt,
  type CheckedAuditQuery,
} from '../../audit/audit-query';

const DEFAULT_CAPACITY = 10_000;

/** The newest events of one process; the oldest are forgotten once there are `capacity` of them. */
export class MemoryAuditTrail extends AuditTrail {
  private readonly recorded: RecordedAuditEvent[] = [];
  private count = 0;

  constructor(
    private readonly clock: () => number,
    private readonly isClosed: () => boolean,
    private readonly capacity: number = DEFAULT_CAPACITY,
  ) {
    super();
  }

  async append(events: readonly AuditEvent[]): Promise<void> {
    await Promise.resolve();
    if (this.isClosed()) throw new StoreUnavailableError('append to the audit');
    events.forEach((event) => {
      this.record(event);
    });
  }

  /** Adds one event at once, so that a revocation and its event cannot be told apart in time. */
  record(event: AuditEvent): void {
    this.count += 1;
    this.recorded.push({ ...event, id: idOf(this.count), occurredAt: new Date(this.clock()) });
    if (this.recorded.length > this.capacity) this.recorded.shift();
  }

  async find(query: AuditQuery): Promise<AuditPage> {
    await Promise.resolve();
    const checked = checkAuditQuery(query);
    if (this.isClosed()) throw new StoreUnavailableError('read the audit');
    return this.page(checked);
  }

  private page(query: CheckedAuditQuery): AuditPage {
    const matching = this.recorded.filter(filterOf(query)).sort(newestFirst);
    const events = matching.slice(0, query.limit);
    const last = events.at(-1);
    if (last === undefined || matching.length <= query.limit) return { events };
    return { events, nextCursor: formatCursor(positionAt(last.occurredAt, last.id)) };
  }
}

/** UUIDs that rise with every event, so that events of one millisecond keep their order. */
const idOf = (count: number): string =>
  `00000000-0000-8000-8000-${count.toString(16).padStart(12, '0')}`;

function newestFirst(a: RecordedAuditEvent, b: RecordedAuditEvent): number {
  const apart = b.occurredAt.getTime() - a.occurredAt.getTime();
  return apart === 0 ? Number(b.id > a.id) - Number(b.id < a.id) : apart;
}
