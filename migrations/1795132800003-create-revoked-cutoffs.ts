import type { LogoutMigration } from './logout-migration';
import { createFunction, dropFunction } from './owned-objects';

/** The look-up: the latest live cutoff of each key that has one not before an instant. */
export const createRevokedCutoffs: LogoutMigration = {
  name: 'CreateRevokedCutoffs1795132800003',
  makes: { relations: [], routines: ['revoked_cutoffs'] },

  // Planning over two dozen partitions takes several times as long as the look-up itself. A
  // function keeps its plan for the session, also behind PgBouncer, where statements cannot be
  // prepared; the plan must be a generic one for that. Past partitions are left out when it runs.
  // enable_seqscan: the plan may be made while the partitions are empty, and they fill.
  up: (names) => [
    createFunction(
      names,
      'revoked_cutoffs',
      `(keys bytea[], oldest timestamptz)
      RETURNS TABLE (revoked_key bytea, cutoff timestamptz)
      LANGUAGE plpgsql STABLE ROWS 1
      SET plan_cache_mode = force_generic_plan SET enable_seqscan = off`,
      `
      BEGIN
        IF pg_is_in_recovery() THEN -- a standby may not have seen a logout yet
          RAISE EXCEPTION 'revocations are looked up on the primary only'
            USING ERRCODE = 'read_only_sql_transaction';
        END IF;
        RETURN QUERY
          SELECT key, max(issued_before) FROM ${names.qualify('revoked_tokens')}
          WHERE key = ANY (keys) AND issued_before >= oldest AND expires_at >= now()
          GROUP BY key;
      END`,
    ),
  ],

  down: (names) => [dropFunction(names, 'revoked_cutoffs')],
};
