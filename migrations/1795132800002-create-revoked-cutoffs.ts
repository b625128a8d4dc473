import type { MigrationInterface, QueryRunner } from 'typeorm';
import { qualified } from './schema-name';

/** The look-up: the latest live cutoff of each key that has one not before an instant. */
export class CreateRevokedCutoffs1795132800002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const look = qualified(runner, 'revoked_cutoffs');
    const table = qualified(runner, 'revoked_tokens');
    // Planning over two dozen partitions takes several times as long as the look-up itself. A
    // function keeps its plan for the session, also behind PgBouncer, where statements cannot be
    // prepared; the plan must be a generic one for that. Past partitions are left out when it runs.
    // enable_seqscan: the plan may be made while the partitions are empty, and they fill.
    await runner.query(`
      CREATE FUNCTION ${look}(keys bytea[], oldest timestamptz)
      RETURNS TABLE (revoked_key bytea, cutoff timestamptz)
      LANGUAGE plpgsql STABLE ROWS 1
      SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
      AS $$
      BEGIN
        IF pg_is_in_recovery() THEN -- a standby may not have seen a logout yet
          RAISE EXCEPTION 'revocations are looked up on the primary only'
            USING ERRCODE = 'read_only_sql_transaction';
        END IF;
        RETURN QUERY
          SELECT key, max(issued_before) FROM ${table}
          WHERE key = ANY (keys) AND issued_before >= oldest AND expires_at >= now()
          GROUP BY key;
      END $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `DROP FUNCTION ${qualified(runner, 'revoked_cutoffs')}(bytea[], timestamptz)`,
    );
  }
}
