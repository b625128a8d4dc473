import type { MigrationInterface, QueryRunner } from 'typeorm';
import { qualified } from './schema-name';

/** What replicas in memory need: what is new since a snapshot, and who answers from memory. */
export class CreateReplicaFeed1795132800003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const since = qualified(runner, 'revoked_since');
    const table = qualified(runner, 'revoked_tokens');
    // Exactly the rows that `seen` does not see: below its xmin all had ended, and what was under way
    // in between is its xip. UNION ALL, because with OR no index is used.
    //
    // A function for the reasons of revoked_cutoffs. Its one plan must suit partitions of all sizes:
    // no workers and no compilation, which cost a hundred times what they save here, and the index
    // on xid alone. The other one has expires_at in it, and all of it would be read for that: the OR
    // leaves that way out, and past partitions still are.
    await runner.query(`
      CREATE FUNCTION ${since}(
        seen pg_snapshot, from_expiry timestamptz, to_expiry timestamptz, most bigint)
      RETURNS TABLE (
        key bytea, scope text, issued_before timestamptz, expires_at timestamptz)
      LANGUAGE plpgsql STABLE -- in the snapshot of the statement that calls it
      SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
      SET enable_bitmapscan = off SET max_parallel_workers_per_gather = 0 SET jit = off
      AS $$
      #variable_conflict use_column
      BEGIN
        RETURN QUERY
          SELECT key, scope, issued_before, expires_at FROM ${table}
          WHERE xid >= pg_snapshot_xmax(seen)
            AND (expires_at = from_expiry OR expires_at > from_expiry AND expires_at < to_expiry)
          UNION ALL
          SELECT key, scope, issued_before, expires_at FROM ${table}
          WHERE xid = ANY (ARRAY(SELECT pg_snapshot_xip(seen)))
            AND (expires_at = from_expiry OR expires_at > from_expiry AND expires_at < to_expiry)
          LIMIT most;
      END $$`);

    // Updated several times a second by each instance: with room in its page, and no index on what
    // changes, an update leaves no more than that page to clean, which the next reader does.
    await runner.query(`
      CREATE TABLE ${qualified(runner, 'replica_instances')} (
        instance_id      uuid        PRIMARY KEY,
        max_staleness_ms integer     NOT NULL CHECK (max_staleness_ms > 0),
        snapshot         pg_snapshot NOT NULL, -- all that is visible in it is in its memory
        server           text        NOT NULL, -- whose transactions the snapshot counts
        seen_at          timestamptz NOT NULL DEFAULT now()
      ) WITH (fillfactor = 10)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ${qualified(runner, 'replica_instances')}`);
    await runner.query(
      `DROP FUNCTION ${qualified(runner, 'revoked_since')}(pg_snapshot, timestamptz, timestamptz, bigint)`,
    );
  }
}
