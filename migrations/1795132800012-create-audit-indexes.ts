import { AUDIT_DAY_INDEXES } from './audit-day-indexes';
import type { LogoutMigration } from './logout-migration';
import { createFunction, dropFunction } from './owned-objects';
import { quoteText } from './schema-names';

/** What makes the indexes of the days of the audit that have closed. */
export const createAuditIndexes: LogoutMigration = {
  name: 'CreateAuditIndexes1795132800012',
  makes: { relations: [], routines: ['next_audit_index', 'index_audit_day'] },

  up: (names) => {
    const home = quoteText(names.quotedSchema);
    const wanted = Object.entries(AUDIT_DAY_INDEXES)
      .map(([name, definition]) => `(${quoteText(name)}, ${quoteText(definition)})`)
      .join();
    return [
      // The index that is to be made next; no row: none. It looks into the catalog alone. A minute
      // after its end a day is closed: what is written then is of the next one. A bound is read
      // from text.
      createFunction(
        names,
        'next_audit_index',
        `() RETURNS TABLE (day text, name text, definition text)
        LANGUAGE plpgsql STABLE
        SET TimeZone = 'UTC' SET DateStyle = 'ISO'`,
        `
        BEGIN
          RETURN QUERY
            SELECT part.relname::text, part.relname || '_' || wanted.name, wanted.definition
            FROM pg_inherits JOIN pg_class part ON part.oid = inhrelid,
              substring(pg_get_expr(relpartbound, part.oid) FROM 'TO \\(''([^'']+)''\\)')
                AS upper_bound,
              (VALUES ${wanted}) AS wanted (name, definition)
            WHERE inhparent = ${quoteText(names.qualify('auth_events'))}::regclass
              AND upper_bound::timestamptz < now() - interval '1 minute'
              AND to_regclass(format('%s.%I', ${home}, part.relname || '_' || wanted.name)) IS NULL
            ORDER BY upper_bound::timestamptz DESC, wanted.name LIMIT 1;
        END`,
      ),

      // Makes it; returns its name, or NULL where none is missing. It is all or nothing: of a call
      // that was broken off nothing is left. Meanwhile the day can be read, and other days written.
      // With the rights of the owner, like make_logout_partition.
      createFunction(
        names,
        'index_audit_day',
        `() RETURNS text
        LANGUAGE plpgsql SECURITY DEFINER
        SET lock_timeout = '100ms' SET max_parallel_maintenance_workers = 0`,
        `
        DECLARE
          missing record;
        BEGIN
          SELECT * INTO missing FROM ${names.qualify('next_audit_index')}();
          IF missing.name IS NOT NULL THEN
            EXECUTE format('CREATE INDEX %I ON %s.%I %s',
              missing.name, ${home}, missing.day, missing.definition);
          END IF;
          RETURN missing.name;
        END`,
      ),
    ];
  },

  down: (names) => [
    dropFunction(names, 'index_audit_day'),
    dropFunction(names, 'next_audit_index'),
  ],
};
