import {
  PREFIX_BYTES,
  type AbsoluteGroup,
  type Cutoff,
  type FeedCursor,
  type FeedSlice,
} from '../../../revocation/revocation-feed';
import { ANY_ISSUE_TIME } from '../../../revocation/revocation';
import { SCOPES } from '../../../tokens/scopes';
import { SERVER_IDENTITY } from './server-identity';
import { SEES_NOTHING } from './snapshot';
import { quoteText } from '../../../../migrations/schema-names';
import type { Tables } from '../connection/tables';

/** So many revocations are handed over as one row at most. */
export const MAX_PER_ROW = 512;

/** A row of text, whatever type parsers the host has set. */
export type TextRow = Readonly<Record<string, string | null>>;

/** Where a read stands, and whom it asked. */
interface FeedHeader {
  readonly isStandby: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly cursor: FeedCursor;
}

export const HEADER_QUERY = `
  SELECT pg_is_in_recovery()::text AS is_standby, pg_current_snapshot()::text AS snapshot,
    round(extract(epoch FROM now()) * 1000)::text AS now, ${SERVER_IDENTITY} AS server`;

export function headerIn(rows: readonly TextRow[]): FeedHeader {
  const [{ is_standby, snapshot, now, server } = {}] = rows;
  if (!snapshot || !server) throw new TypeError('the server did not say where it stands');
  return { isStandby: is_standby !== 'false', now: Number(now), cursor: { snapshot, server } };
}

/** The first of what is new, `MAX_PER_ROW` at most, in a form that costs the server least. */
export const newestQuery = (tables: Tables, since: FeedCursor): string =>
  groupedQuery(
    tables,
    since,
    `(VALUES (now(), ${NEVER}, now(), ${NEVER}, now(), ${NEVER}))`,
    MAX_PER_ROW,
  );

/** All that is live, or only what is new. Part by part, so that no side holds all of it at once. */
export const wholeQuery = (tables: Tables, since: FeedCursor | null): string =>
  groupedQuery(tables, since, PARTS);

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

/** The scopes of which a token says the keys at once. */
const IS_ABSOLUTE = `scope IN (${Object.entries(SCOPES)
  .flatMap(([scope, { kind }]) => (kind === 'absolute' ? [quoteText(scope)] : []))
  .join(', ')})`;

/**
 * Absolute revocations come as the first halves of their keys in one text, a million of which Node
 * reads in a fraction of the time of as many rows; cutoffs as JSON: key, milliseconds (`null`: for good),
 * milliseconds.
 */
function groupedQuery(
  tables: Tables,
  since: FeedCursor | null,
  ranges: string,
  most?: number,
): string {
  const seen = quoteText(since?.snapshot ?? SEES_NOTHING);
  return `
    SELECT part.* FROM ${ranges} AS range (
      hours_from, hours_to, days_from, days_to, months_from, months_to), LATERAL (
      SELECT extract(epoch FROM date_trunc('hour', expires_at, 'UTC') + interval '1 hour')::bigint
          ::text AS expires_before,
        encode(string_agg(substring(key FOR ${PREFIX_BYTES}), '')
          FILTER (WHERE ${IS_ABSOLUTE}), 'hex') AS prefixes,
        (json_agg(json_build_array(encode(key, 'hex'),
          CASE WHEN issued_before < 'infinity'
            THEN floor(extract(epoch FROM issued_before) * 1000) END,
          ceil(extract(epoch FROM expires_at) * 1000)))
          FILTER (WHERE NOT (${IS_ABSOLUTE})))::text AS cutoffs
      FROM (
        SELECT *, (row_number() OVER () - 1) / ${MAX_PER_ROW} AS place
        FROM ${tables.revokedSince}(
          ${seen}, hours_from, hours_to, days_from, days_to, months_from, months_to,
          ${most ?? 'NULL'})
      ) AS revoked
      GROUP BY date_trunc('hour', expires_at, 'UTC'), place
    ) AS part`;
}

/** @param rows of one of the queries above. */
export function sliceIn(rows: readonly TextRow[]): FeedSlice {
  return { absolute: rows.flatMap(absoluteIn), cutoffs: rows.flatMap(cutoffsIn) };
}

/** How many revocations are in a slice. */
export const sizeOf = ({ absolute, cutoffs }: FeedSlice): number =>
  absolute.reduce((sum, { prefixes }) => sum + prefixes.length / PREFIX_BYTES, cutoffs.length);

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
