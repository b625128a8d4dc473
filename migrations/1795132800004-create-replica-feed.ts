import type { LogoutMigration } from './logout-migration';
import { createFunction, createTable, dropFunction, dropTable } from './owned-objects';
import { SPANS } from './partition-sizes';
import type { SchemaNames } from './schema-names';

/** What replicas in memory need: what is new since a snapshot, and who answers from memory. */
export const createReplicaFeed: LogoutMigration = {
  name: 'CreateReplicaFeed1795132800004',
  makes: { relations: ['replica_instances'], routines: ['revoked_since'] },

  up: (names) => [
    // Exactly the rows that `seen` does not see: below its xmin all had ended, and what was under
    // way in between is its xip. UNION ALL, because with OR no index is used. Each kind of
    // partition has a range of its own: a load reads each partition once.
    //
    // A function for the reasons of revoked_cutoffs. Its one plan must suit partitions of all
    // sizes: no workers and no compilation, which cost a hundred times what they save here, and the
    // index on xid alone. The other one has expires_at in it, and all of it would be read for that:
    // the OR leaves that way out, and past partitions still are.
    createFunction(
      names,
      'revoked_since',
      `(seen pg_snapshot, hours_from timestamptz, hours_to timestamptz,
        days_from timestamptz, days_to timestamptz,
        months_from timestamptz, months_to timestamptz, most bigint)
      RETURNS TABLE (
        key bytea, scope text, issued_before timestamptz, expires_at timestamptz)
      LANGUAGE plpgsql STABLE -- in the snapshot of the statement that calls it
      SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
      SET enable_bitmapscan = off SET max_parallel_workers_per_gather = 0 SET jit = off`,
      `
      #variable_conflict use_column
      BEGIN
        RETURN QUERY
          ${SPANS.map((span) => unseen(names, span)).join('\n UNION ALL ')}
          LIMIT most;
      END`,
    ),

    // Updated several times a second by each instance: with room in its page, and no index on what
    // changes, an update leaves no more than that page to clean, which the next reader does.
    createTable(
      names,
      'replica_instances',
      `(
        instance_id      uuid        PRIMARY KEY,
        max_staleness_ms integer     NOT NULL CHECK (max_staleness_ms > 0),
        snapshot         pg_snapshot NOT NULL, -- all that is visible in it is in its memory
        server           text        NOT NULL, -- whose transactions the snapshot counts
        seen_at          timestamptz NOT NULL DEFAULT now(),
        speaks           smallint    NOT NULL DEFAULT 1 -- see SPEAKS; the first versions wrote none
      ) WITH (fillfactor = 10)`,
    ),
  ],

  down: (names) => [dropTable(names, 'replica_instances'), dropFunction(names, 'revoked_since')],
};

/** By the name of its own: a condition on the span would let the planner read the primary key. */
function unseen(names: SchemaNames, span: (typeof SPANS)[number]): string {
  const table = names.qualify(`revoked_tokens_by_${span}`);
  const [from, to] = [`${span}s_from`, `${span}s_to`];
  const inRange = `(expires_at = ${from} OR expires_at > ${from} AND expires_at < ${to})`;
  return `
    SELECT key, scope, issued_before, expires_at FROM ${table}
    WHERE xid >= pg_snapshot_xmax(seen) AND ${inRange}
    UNION ALL
    SELECT key, scope, issued_before, expires_at FROM ${table}
    WHERE xid = ANY (ARRAY(SELECT pg_snapshot_xip(seen))) AND ${inRange}`;
}
