import type { AuditEvent, RecordedAuditEvent } from '../../audit/audit-event';
import { AuditTrail, type AuditPage, type AuditQuery } from '../../audit/audit-trail';
import {
  checkAuditQuery,
  filterOf,
  formatCursor,
  positionAt,
  type CheckedAuditQuery,
} from '../../audit/audit-query';
import type { Changes } from './changes';
import type { RedisDatabase, Reply } from './redis-database';

const READ_AT_ONCE = 1000;
const HEX = 16;
const DIGITS = 12;

/** A stream with the newest events. A search reads it from its end. */
export class RedisAuditTrail extends AuditTrail {
  constructor(
    private readonly database: RedisDatabase,
    private readonly changes: Changes,
  ) {
    super();
  }

  async append(events: readonly AuditEvent[]): Promise<void> {
    if (events.length > 0)
      await this.changes.make('append to the audit', { revocations: [], events });
  }

  async find(query: AuditQuery): Promise<AuditPage> {
    const checked = checkAuditQuery(query);
    const found = await this.newest(checked);
    const events = found.slice(0, checked.limit);
    const last = events.at(-1);
    if (last === undefined || found.length <= checked.limit) return { events };
    return { events, nextCursor: formatCursor(positionAt(last.occurredAt, last.id)) };
  }

  /** Those that match, newest first, and one more than is asked for where there is one. */
  private async newest(query: CheckedAuditQuery): Promise<readonly RecordedAuditEvent[]> {
    const matches = filterOf(query);
    const found: RecordedAuditEvent[] = [];
    let end = query.after === undefined ? endOf(query) : `(${streamId(query.after.id)}`;
    for (;;) {
      const entries = await this.read(end);
      found.push(...entries.map(eventIn).filter(matches));
      const last = entries.at(-1);
      if (last === undefined || entries.length < READ_AT_ONCE || found.length > query.limit)
        return found;
      end = `(${last[0]}`;
    }
  }

  private async read(end: string): Promise<readonly Entry[]> {
    const stream = `${this.database.prefix}:audit`;
    const reply = await this.database.command('read the audit', 'reads', [
      ...(['XREVRANGE', stream, end, '-'] as const),
      ...['COUNT', String(READ_AT_ONCE)],
    ]);
    return (reply as readonly [string, readonly Reply[]][]).map(([id, fields]) => [
      id,
      String(fields[1]),
    ]);
  }
}

type Entry = readonly [id: string, event: string];

const endOf = ({ to }: CheckedAuditQuery): string =>
  to === undefined || to.getTime() < 0 ? '+' : `(${to.getTime()}-0`;

function eventIn([id, text]: Entry): RecordedAuditEvent {
  const [ms, count] = id.split('-').map(Number) as [number, number];
  return {
    ...(JSON.parse(text) as AuditEvent),
    id: uuidOf(ms, count),
    occurredAt: new Date(ms),
  };
}

/** Rises as the ids of the stream do, which are ms and a number. */
function uuidOf(ms: number, count: number): string {
  const time = ms.toString(HEX).padStart(DIGITS, '0');
  const number = count.toString(HEX).padStart(DIGITS, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-8000-8000-${number}`;
}

function streamId(uuid: string): string {
  const digits = uuid.replaceAll('-', '');
  const ms = Number.parseInt(digits.slice(0, DIGITS), HEX);
  return `${ms}-${Number.parseInt(digits.slice(-DIGITS), HEX)}`;
}
