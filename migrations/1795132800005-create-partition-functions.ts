import type { MigrationInterface, QueryRunner } from 'typeorm';
import { qualified } from './schema-name';

/**
 * Partitions are made and purged with the rights of the role that migrates: the role that the
 * service runs as needs none but EXECUTE, and so cannot drop a month of the audit.
 */
export class CreatePartitionFunctions1795132800005 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const make = qualified(runner, 'make_logout_partition');
    const purge = qualified(runner, 'purge_revocations');
    const table = qualified(runner, 'revoked_tokens');
    const [{ home }] = (await runner.query(`
      SELECT quote_literal(relnamespace::regnamespace::text) AS home
      FROM pg_class WHERE oid = '${table.replaceAll("'", "''")}'::regclass`)) as [{ home: string }];

    // The hour of revoked_tokens, or the month of auth_events, that an instant is in. Nothing of
    // the caller's gets into a statement but the name of one of these two.
    //
    // search_path: the caller's must not decide what an operator or a function here is.
    // lock_timeout: what waits for a lock stops every insert that comes after it for as long.
    // LIKE and ATTACH wait for no reader or writer of the parent; PARTITION OF would.
    await runner.query(`
      CREATE FUNCTION ${make}(parent text, instant timestamptz) RETURNS void
      LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms'
      SET TimeZone = 'UTC' SET DateStyle = 'ISO'
      AS $$
      DECLARE
        home CONSTANT text := ${home};
        unit CONSTANT text :=
          CASE parent WHEN 'revoked_tokens' THEN 'hour' WHEN 'auth_events' THEN 'month' END;
        digits CONSTANT text := CASE unit WHEN 'hour' THEN 'YYYYMMDDHH24' ELSE 'YYYYMM' END;
        first CONSTANT timestamptz := date_trunc(unit, instant);
        child CONSTANT text := parent || '_' || to_char(first, digits);
      BEGIN
        IF unit IS NULL OR isfinite(instant) IS NOT TRUE THEN
          RAISE EXCEPTION 'no such partition' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        EXECUTE format('CREATE TABLE %1$s.%2$I (LIKE %1$s.%3$I INCLUDING ALL)', home, child, parent);
        IF parent = 'auth_events' THEN
          -- Unlike the trigger on rows, this one does not come with the parent.
          EXECUTE format('CREATE TRIGGER auth_events_keep_table BEFORE TRUNCATE ON %1$s.%2$I
            FOR EACH STATEMENT EXECUTE FUNCTION %1$s.auth_events_refuse_change()', home, child);
          EXECUTE format(
            'ALTER TABLE %1$s.%2$I ENABLE ALWAYS TRIGGER auth_events_keep_table', home, child);
        END IF;
        EXECUTE format('ALTER TABLE %1$s.%3$I ATTACH PARTITION %1$s.%2$I FOR VALUES FROM (%4$L) TO (%5$L)',
          home, child, parent, first, first + ('1 ' || unit)::interval);
      END $$`);

    // Drops the oldest hour of revoked_tokens whose every row has expired; whether there was one.
    await runner.query(`
      CREATE FUNCTION ${purge}() RETURNS boolean
      LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms'
      SET TimeZone = 'UTC' SET DateStyle = 'ISO' -- a bound is read from text
      AS $$
      DECLARE
        oldest regclass;
      BEGIN
        SELECT inhrelid INTO oldest
        FROM pg_inherits JOIN pg_class part ON part.oid = inhrelid,
          substring(pg_get_expr(relpartbound, part.oid) FROM 'TO \\(''([^'']+)''\\)') AS upper_bound
        WHERE inhparent = format('%s.revoked_tokens', ${home})::regclass
          AND upper_bound::timestamptz < now()
        ORDER BY upper_bound::timestamptz LIMIT 1;
        IF oldest IS NULL THEN
          RETURN false;
        END IF;
        EXECUTE format('DROP TABLE %s', oldest);
        RETURN true;
      END $$`);

    await runner.query(
      `REVOKE EXECUTE ON FUNCTION ${make}(text, timestamptz), ${purge}() FROM PUBLIC`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    const make = qualified(runner, 'make_logout_partition');
    const purge = qualified(runner, 'purge_revocations');
    await runner.query(`DROP FUNCTION ${make}(text, timestamptz), ${purge}()`);
  }
}
