import type { LogoutMigration } from './logout-migration';
import { createFunction, dropFunction } from './owned-objects';
import { MOST_DAYS_AHEAD, MOST_DAYS_BACK, SPANS, SPANS_NEARBY } from './partition-sizes';
import { quoteText } from './schema-names';

/**
 * Partitions are made and purged with the rights of the role that migrates: the role that the
 * service runs as needs none but EXECUTE, and so cannot drop a day of the audit.
 *
 * lock_timeout: what waits for a lock stops every insert that comes after it for as long.
 */
export const createPartitionFunctions: LogoutMigration = {
  name: 'CreatePartitionFunctions1795132800006',
  makes: {
    relations: [],
    routines: ['missing_logout_partitions', 'make_logout_partition', 'purge_revocations'],
  },

  up: (names) => {
    const home = quoteText(names.quotedSchema);
    const holders = SPANS.map(
      (span) => `${quoteText(names.qualify(`revoked_tokens_by_${span}`))}::regclass`,
    ).join();
    return [
      // The partitions that an instant of revoked_tokens or auth_events needs and that are not
      // there. An hour or a day before its span changes a revocation needs both: it may be added later.
      createFunction(
        names,
        'missing_logout_partitions',
        `(parent text, instant timestamptz)
        RETURNS TABLE (holder text, child text, lower_bound timestamptz, upper_bound timestamptz)
        LANGUAGE plpgsql STABLE
        SET TimeZone = 'UTC' SET DateStyle = 'ISO'`,
        `
        BEGIN
          RETURN QUERY
            SELECT part.holder, part.name, part.first, part.first + ('1 ' || part.unit)::interval
            FROM (
              SELECT size.holder, size.unit, date_trunc(size.unit, instant) AS first,
                parent || '_' || to_char(date_trunc(size.unit, instant), size.digits) AS name
              FROM (
                SELECT 'revoked_tokens_by_' || span.name AS holder, span.name AS unit, span.digits
                FROM ${SPANS_NEARBY} AS span (name, digits, is_near)
                WHERE parent = 'revoked_tokens' AND span.is_near
                UNION ALL
                SELECT parent, 'day', 'YYYYMMDD' WHERE parent = 'auth_events'
              ) AS size
            ) AS part
            WHERE NOT EXISTS (
              SELECT FROM pg_inherits
              WHERE inhrelid = to_regclass(format('%s.%I', ${home}, part.name))
            );
        END`,
      ),

      // Makes them. Nothing of the caller's gets into a statement but one of the two names.
      // LIKE and ATTACH wait for no reader or writer of the parent; PARTITION OF would.
      createFunction(
        names,
        'make_logout_partition',
        `(parent text, instant timestamptz) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER
        SET lock_timeout = '100ms' SET TimeZone = 'UTC' SET DateStyle = 'ISO'`,
        `
        DECLARE
          part record;
          full_name text;
        BEGIN
          IF (parent IN ('revoked_tokens', 'auth_events')
            AND instant BETWEEN now() - interval '${MOST_DAYS_BACK} days'
              AND now() + interval '${MOST_DAYS_AHEAD} days') IS NOT TRUE
          THEN
            RAISE EXCEPTION 'no such partition' USING ERRCODE = 'invalid_parameter_value';
          END IF;
          FOR part IN
            SELECT * FROM ${names.qualify('missing_logout_partitions')}(parent, instant)
          LOOP
            full_name := format('%s.%I', ${home}, part.child);
            EXECUTE format('CREATE TABLE %s (LIKE %s.%I INCLUDING ALL)',
              full_name, ${home}, part.holder);
            PERFORM ${names.qualify('keep_table_to_owner')}(full_name::regclass);
            IF parent = 'auth_events' THEN
              -- Unlike the trigger on rows, this one does not come with the parent.
              EXECUTE format('CREATE TRIGGER auth_events_keep_table BEFORE TRUNCATE ON %s
                FOR EACH STATEMENT EXECUTE FUNCTION %s.auth_events_refuse_change()',
                full_name, ${home});
              EXECUTE format(
                'ALTER TABLE %s ENABLE ALWAYS TRIGGER auth_events_keep_table', full_name);
            END IF;
            EXECUTE format('ALTER TABLE %s.%I ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
              ${home}, part.holder, full_name, part.lower_bound, part.upper_bound);
          END LOOP;
        END`,
      ),

      // Drops the oldest partition of revoked_tokens whose every row has expired; whether there
      // was one. A bound is read from text.
      createFunction(
        names,
        'purge_revocations',
        `() RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER
        SET lock_timeout = '100ms' SET TimeZone = 'UTC' SET DateStyle = 'ISO'`,
        `
        DECLARE
          oldest regclass;
        BEGIN
          SELECT inhrelid INTO oldest
          FROM pg_inherits JOIN pg_class part ON part.oid = inhrelid,
            substring(pg_get_expr(relpartbound, part.oid) FROM 'TO \\(''([^'']+)''\\)') AS upper_bound
          WHERE inhparent IN (${holders})
            AND upper_bound::timestamptz < now()
          ORDER BY upper_bound::timestamptz LIMIT 1;
          IF oldest IS NULL THEN
            RETURN false;
          END IF;
          EXECUTE format('DROP TABLE %s', oldest);
          RETURN true;
        END`,
      ),
    ];
  },

  down: (names) => [
    dropFunction(names, 'purge_revocations'),
    dropFunction(names, 'make_logout_partition'),
    dropFunction(names, 'missing_logout_partitions'),
  ],
};
