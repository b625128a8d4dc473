import { quoteText } from './schema-names';

/** The scopes of revocations that cover tokens of every age, as of the first release. */
export const ABSOLUTE_SCOPES = ['token', 'session', 'server-session'] as const;

/** So many revocations are in one frame at most. */
export const MAX_PER_FRAME = 512;

const HOUR_SECONDS = 3600;

/** Hours since the epoch: `date_trunc` would look up the zone for each row. */
const HOUR = `floor(date_part('epoch', expires_at) / ${HOUR_SECONDS})`;

const IS_ABSOLUTE = `scope IN (${ABSOLUTE_SCOPES.map(quoteText).join(', ')})`;

/**
 * SQL for revocations as replicas take them: frames of up to `MAX_PER_FRAME` that expire in one
 * hour. `expires_before`: the end of that hour, in seconds since the epoch. `prefixes`: of absolute
 * revocations the first 16 bytes of each key, as one hexadecimal text, a million of which Node reads
 * in a fraction of the time of as many rows. `cutoffs`: the others, as a JSON array of key,
 * milliseconds (`null`: for good) and milliseconds. Either is null where it would be empty.
 * @param rows SQL for what has `key`, `scope`, `issued_before` and `expires_at`.
 */
export const framesOf = (rows: string): string => `
  SELECT ((hour + 1) * ${HOUR_SECONDS})::bigint AS expires_before,
    encode(string_agg(substring(key FOR 16), '') FILTER (WHERE ${IS_ABSOLUTE}), 'hex') AS prefixes,
    (json_agg(json_build_array(encode(key, 'hex'),
      CASE WHEN issued_before < 'infinity' THEN floor(extract(epoch FROM issued_before) * 1000) END,
      ceil(extract(epoch FROM expires_at) * 1000)))
      FILTER (WHERE NOT (${IS_ABSOLUTE})))::text AS cutoffs
  FROM (
    SELECT *, (row_number() OVER (PARTITION BY hour) - 1) / ${MAX_PER_FRAME} AS place
    FROM (
      SELECT key, scope, issued_before, expires_at, ${HOUR} AS hour
      FROM ${rows}
    ) AS timed
  ) AS placed
  GROUP BY hour, place`;
