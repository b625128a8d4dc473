/**
 * How wide the partition is that a revocation stands in: the longer it is kept, the wider, so that
 * there are never many. The present hour, and the present day, count as one.
 */
export const SPANS = ['hour', 'day', 'month'] as const;
export const HOURS_BY_HOUR = 27;
const DAYS_BY_DAY = 62;

/** SQL for the instants before which each span takes what expires. */
export const SPAN_ENDS = {
  hour: hoursFromNow(HOURS_BY_HOUR),
  day: daysFromNow(DAYS_BY_DAY),
} as const;

/** SQL for the span of what expires then. @param ends where they were computed once for all rows. */
export const spanOf = (
  expiresAt: string,
  ends: Readonly<Record<keyof typeof SPAN_ENDS, string>> = SPAN_ENDS,
): string => `
  CASE WHEN ${expiresAt} < ${ends.hour} THEN 'hour'
    WHEN ${expiresAt} < ${ends.day} THEN 'day' ELSE 'month' END`;

/** SQL for the spans that what expires at `instant` may have within the coming hour. */
export const SPANS_NEARBY = `(VALUES
  ('hour', 'YYYYMMDDHH24', instant < ${hoursFromNow(HOURS_BY_HOUR + 1)}),
  ('day', 'YYYYMMDD',
    instant >= ${hoursFromNow(HOURS_BY_HOUR)} AND instant < ${daysFromNow(DAYS_BY_DAY + 1)}),
  ('month', 'YYYYMM', instant >= ${daysFromNow(DAYS_BY_DAY)})
)`;

function hoursFromNow(hours: number): string {
  return `date_trunc('hour', clock_timestamp(), 'UTC') + interval '${hours} hours'`;
}

function daysFromNow(days: number): string {
  return `date_trunc('day', clock_timestamp(), 'UTC') + interval '${days * 24} hours'`;
}

/** The longest lifetime that a token may have, and what is kept beyond it for tolerance and skew. */
export const MOST_DAYS_AHEAD = 402;
/** Revocations of tokens that have expired are of use to clocks that differ. */
export const MOST_DAYS_BACK = 3;
