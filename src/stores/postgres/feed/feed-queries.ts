import type {
  AbsoluteGroup,
  Cutoff,
  FeedCursor,
  FeedSlice,
} from '../../../revocation/revocation-feed';
import { ANY_ISSUE_TIME } from '../../../revocation/revocation';
import { framesOf } from '../../../../migrations/revocation-frames';
import { quoteText } from '../../../../migrations/schema-names';
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

const HEADER = 'is_standby, now, snapshot, server, trimmed';
const FRAME = 'expires_before, prefixes, cutoffs';

export const headerQuery = (tables: Tables): string =>
  `SELECT ${HEADER} FROM ${tables.readRevocationLog}('1', '{}', 0)`;

/** The header, and some of the frames that the cursor does not see: all, if fewer than a page. */
export const fewQuery = (tables: Tables, since: FeedCursor): string =>
  `SELECT ${HEADER}, ${FRAME} FROM ${logSince(tables, since)}, ${FRAMES_PER_PAGE})`;

/** Exactly the frames that the cursor does not see. */
export const newQuery = (tables: Tables, since: FeedCursor): string =>
  `SELECT ${FRAME} FROM ${logSince(tables, since)}, NULL) WHERE expires_before IS NOT NULL`;

/** Below its xmin all had ended, and what was under way in between is its xip. */
function logSince({ readRevocationLog }: Tables, { snapshot }: FeedCursor): string {
  const { xmax, underWay } = partsOf(snapshot);
  return `${readRevocationLog}(${quoteText(xmax)}, ${quoteText(`{${underWay.join(',')}}`)}`;
}

export function headerIn([row]: readonly TextRow[]): FeedHeader {
  const { is_standby, now, snapshot, server, trimmed } = row ?? {};
  if (!snapshot || !server) throw new TypeError('the server did not say where it stands');
  return {
    isStandby: is_standby !== 'false',
    now: Number(now),
    cursor: { snapshot, server },
    trimmed: trimmed ?? null,
  };
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
