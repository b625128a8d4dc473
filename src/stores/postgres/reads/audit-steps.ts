import type { CheckedAuditQuery } from '../../../audit/audit-query';
import { DAY_MS } from '../schema/partition-names';
import type { Tables } from '../connection/tables';
import type { Statement } from '../writes/insertions';

/**
 * How far back one statement looks. It locks each of these days and its ten relations; a default
 * server has room for 6400 locks in all, and without room no logout succeeds.
 */
const STEP_MS = 31 * DAY_MS;
const MICROSECONDS_PER_MS = 1000;

/** From when to when there are days of the audit, in ms since the epoch; `null`: there are none. */
export interface AuditSpan {
  readonly first: string | null;
  readonly last: string | null;
}

/** Asks for it in the catalog alone, which locks no day. A bound is read from text. */
export const auditSpanQuery = ({ authEvents }: Tables): Statement => ({
  text: `
    SELECT ${epochMs('min(bounds[1]::timestamptz)')} AS first,
      ${epochMs('max(bounds[2]::timestamptz)')} AS last
    FROM pg_inherits JOIN pg_class part ON part.oid = inhrelid,
      regexp_match(pg_get_expr(relpartbound, part.oid),
        'FROM \\(''([^'']+)''\\) TO \\(''([^'']+)''\\)') AS bounds
    WHERE inhparent = $1::text::regclass`,
  values: [authEvents],
});

const epochMs = (instant: string): string =>
  `(extract(epoch FROM ${instant}) * 1000)::bigint::text`;

/** The query for one stretch of time after the other, the newest first. */
export function* stepsOf(query: CheckedAuditQuery, span: AuditSpan): Generator<CheckedAuditQuery> {
  if (span.first === null || span.last === null) return;
  const { after } = query;
  const first = Math.max(Number(span.first), query.from?.getTime() ?? -Infinity);
  let to = Math.min(
    Number(span.last),
    query.to?.getTime() ?? Infinity,
    after === undefined ? Infinity : Math.floor(after.microseconds / MICROSECONDS_PER_MS) + 1,
  );
  while (to > first) {
    const from = Math.max(first, to - STEP_MS);
    yield { ...query, from: new Date(from), to: new Date(to) };
    to = from;
  }
}
