import type {
  AbsoluteGroup,
  Cutoff,
  FeedCursor,
  FeedSlice,
} from '../../../revocation/revocation-feed';
import { ANY_ISSUE_TIME } from '../../../revocation/revocation';
import { framesOf } from '../../../../migrations/revocation-frames';
import { quoteText } from '../../../../migrations/schema-names';
import { SERVER_IDENTITY } from '../../../../migrations/server-identity';
import type { Tables } from '../connection/tables';
import { partsOf } from './snapshot';

/** So many frames are asked for in one message. */
export const FRAMES_PER_PAGE = 32;

/** A row of text, whatever type parsers the host has set. */
export type TextRow = Readonly<Record<string, string | null>>;

/** Where a read stands, and whom it asked. */
export interface FeedHeader {
  readonly isStandby: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly cursor: FeedCursor;
  /** What is visible in it may be in the log no more; `null` where nothing was deleted yet. */
  readonly trimmed: string | null;
}

/** Two statements, which are planned in less time than one that joins them. */
export const headerQuery = ({ revocationLogSnapshots }: Tables): string => `
  SELECT pg_is_in_recovery()::text AS is_standby, pg_current_snapshot()::text AS snapshot,
    round(extract(epoch FROM now()) * 1000)::text AS now, ${SERVER_IDENTITY} AS server;
  SELECT snapshot::text AS snapshot, server FROM ${revocationLogSnapshots} WHERE is_trimmed`;

/** @param marks of the log; what another server has noted says nothing of this one's transactions. */
export function headerIn(rows: readonly TextRow[], marks: readonly TextRow[]): FeedHeader {
  const [{ is_standby, snapshot, now, server } = {}] = rows;
  if (!snapshot || !server) throw new TypeError('the server did not say where it stands');
  const mark = marks.find((each) => each.server === server);
  return {
    isStandby: is_standby !== 'false',
    now: Number(now),
    cursor: { snapshot, server },
    trimmed: mark?.snapshot ?? null,
  };
}

/** For `newQuery`: the log may have grown since the server has last counted what is in it. */
export const BY_INDEX = 'SET LOCAL enable_seqscan = off';

/**
 * Exactly the frames that the cursor does not see: below its xmin all had ended, and what was under
 * way in between is its xip. UNION ALL, because with OR no index is used.
 */
export function newQuery({ revocationLog }: Tables, { snapshot }: FeedCursor): string {
  const { xmax, underWay } = partsOf(snapshot);
  const frames = `SELECT expires_before::text, prefixes, cutoffs FROM ${revocationLog} WHERE xid`;
  const begun = `${frames} >= ${quoteText(xmax)}::xid8`;
  if (underWay.length === 0) return begun;
  const ids = underWay.map((xid) => `${quoteText(xid)}::xid8`).join(', ');
  return `${begun} UNION ALL ${frames} IN (${ids})`;
}

/** All that is live. Part by part, so that no side holds all of it at once. */
export const liveQuery = ({ liveRevocations }: Tables): string => `
  SELECT expires_before::text, prefixes, cutoffs FROM ${PARTS} AS range (
    hours_from, hours_to, days_from, days_to, months_from, months_to), LATERAL (
    ${framesOf(
      `${liveRevocations}(hours_from, hours_to, days_from, days_to, months_from, months_to)`,
    )}
  ) AS frame`;

const NEVER = "'infinity'::timestamptz";

/** Ranges one after the other, and then the rest: nothing that is live is left out. */
function rangesOf(unit: 'hour' | 'day' | 'month', count: number): string {
  // In UTC, where every day has 24 hours.
  const first = `date_trunc('${unit}', now() AT TIME ZONE 'UTC')`;
  const last = `${first} + interval '${count} ${unit}'`;
  return `
    SELECT greatest(part AT TIME ZONE 'UTC', now()) AS first,
      (part + interval '1 ${unit}') AT TIME ZONE 'UTC' AS next
    FROM generate_series(${first}, ${last} - interval '1 ${unit}', interval '1 ${unit}') AS part
    UNION ALL SELECT (${last}) AT TIME ZONE 'UTC', ${NEVER}`;
}

const NO_RANGE = `${NEVER}, ${NEVER}`;

/** Each partition by itself: first those of an hour, then those of a day, then those of a month. */
const PARTS = `(
  SELECT first, next, ${NO_RANGE}, ${NO_RANGE} FROM (${rangesOf('hour', 28)}) AS hours
  UNION ALL
  SELECT ${NO_RANGE}, first, next, ${NO_RANGE} FROM (${rangesOf('day', 64)}) AS days
  UNION ALL
  SELECT ${NO_RANGE}, ${NO_RANGE}, first, next FROM (${rangesOf('month', 14)}) AS months)`;

/** @param frame a row of one of the queries above. */
export const sliceIn = (frame: TextRow): FeedSlice => ({
  absolute: absoluteIn(frame),
  cutoffs: cutoffsIn(frame),
});

function absoluteIn({ expires_before, prefixes }: TextRow): AbsoluteGroup[] {
  if (!prefixes) return [];
  const expiresBefore = new Date(Number(expires_before) * 1000);
  return [{ expiresBefore, prefixes: Buffer.from(prefixes, 'hex') }];
}

function cutoffsIn({ cutoffs }: TextRow): Cutoff[] {
  if (!cutoffs) return [];
  const revocations = JSON.parse(cutoffs) as [string, number | null, number][];
  return revocations.map(([key, issuedBefore, expiresAt]) => ({
    key,
    issuedBefore: issuedBefore === null ? ANY_ISSUE_TIME : new Date(issuedBefore),
    expiresAt: new Date(expiresAt),
  }));
}
