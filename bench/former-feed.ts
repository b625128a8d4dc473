import { Client } from 'pg';
import { query } from './postgres';

/**
 * A catch-up as it was before there was a log: each row had the number of its transaction, and an
 * index on it; rows were grouped as they were read.
 */
export class FormerFeed {
  private snapshot = '1:1:';

  private constructor(
    private readonly client: Client,
    /** Of its session at the server. */
    readonly pid: number,
  ) {}

  /** @param url of a database that is migrated; it is of no use to a store afterwards. */
  static async open(url: string): Promise<FormerFeed> {
    await query(url, FORMER_TABLES);
    const client = new Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return new FormerFeed(client, rows[0]?.pid ?? 0);
  }

  /** @returns how many revocations were new since the last call. */
  async catchUp(): Promise<number> {
    const { rows: header } = await this.client.query<{ snapshot: string }>(
      'SELECT pg_current_snapshot()::text AS snapshot',
    );
    await this.client.query(`
      BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = pg_catalog, pg_temp;
      DECLARE feed NO SCROLL CURSOR FOR ${formerQuery(this.snapshot)}`);
    let found = 0;
    let page: { prefixes: string }[];
    do {
      ({ rows: page } = await this.client.query<{ prefixes: string }>('FETCH 4 FROM feed'));
      for (const { prefixes } of page) found += prefixes.length / 32;
    } while (page.length === 4);
    await this.client.query('COMMIT');
    this.snapshot = header[0]?.snapshot ?? this.snapshot;
    return found;
  }

  close(): Promise<void> {
    return this.client.end();
  }
}

const SPANS = ['hour', 'day', 'month'];

const unseen = (span: string): string => {
  const [from, to] = [`${span}s_from`, `${span}s_to`];
  const rows = `SELECT key, expires_at FROM nestjs_logout.revoked_tokens_by_${span}
    WHERE (expires_at = ${from} OR expires_at > ${from} AND expires_at < ${to}) AND`;
  return `${rows} xid >= pg_snapshot_xmax(seen)
    UNION ALL ${rows} xid = ANY (ARRAY(SELECT pg_snapshot_xip(seen)))`;
};

const FORMER_TABLES = `
  DROP TRIGGER revoked_tokens_log ON nestjs_logout.revoked_tokens;
  ALTER TABLE nestjs_logout.revoked_tokens
    ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
  CREATE INDEX revoked_tokens_xid ON nestjs_logout.revoked_tokens (xid);
  CREATE FUNCTION nestjs_logout.revoked_since(seen pg_snapshot,
    hours_from timestamptz, hours_to timestamptz, days_from timestamptz, days_to timestamptz,
    months_from timestamptz, months_to timestamptz)
  RETURNS TABLE (key bytea, expires_at timestamptz) LANGUAGE plpgsql STABLE
  SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
  SET enable_bitmapscan = off SET max_parallel_workers_per_gather = 0 SET jit = off
  AS $$
    #variable_conflict use_column
    BEGIN
      RETURN QUERY ${SPANS.map(unseen).join(' UNION ALL ')};
    END $$`;

const NEVER = "'infinity'::timestamptz";

const rangesOf = (unit: string, count: number): string => {
  const first = `date_trunc('${unit}', now() AT TIME ZONE 'UTC')`;
  const last = `${first} + interval '${count} ${unit}'`;
  return `SELECT greatest(part AT TIME ZONE 'UTC', now()) AS first,
      (part + interval '1 ${unit}') AT TIME ZONE 'UTC' AS next
    FROM generate_series(${first}, ${last} - interval '1 ${unit}', interval '1 ${unit}') AS part
    UNION ALL SELECT (${last}) AT TIME ZONE 'UTC', ${NEVER}`;
};

const formerQuery = (seen: string): string => `
  SELECT part.* FROM (
    SELECT first, next, ${NEVER}, ${NEVER}, ${NEVER}, ${NEVER} FROM (${rangesOf('hour', 28)}) AS hours
    UNION ALL
    SELECT ${NEVER}, ${NEVER}, first, next, ${NEVER}, ${NEVER} FROM (${rangesOf('day', 64)}) AS days
    UNION ALL
    SELECT ${NEVER}, ${NEVER}, ${NEVER}, ${NEVER}, first, next FROM (${rangesOf('month', 14)}) AS months
  ) AS range (hours_from, hours_to, days_from, days_to, months_from, months_to), LATERAL (
    SELECT encode(string_agg(substring(key FOR 16), ''), 'hex') AS prefixes
    FROM (
      SELECT *, (row_number() OVER () - 1) / 512 AS place
      FROM nestjs_logout.revoked_since('${seen}',
        hours_from, hours_to, days_from, days_to, months_from, months_to)
    ) AS revoked
    GROUP BY date_trunc('hour', expires_at, 'UTC'), place
  ) AS part`;
