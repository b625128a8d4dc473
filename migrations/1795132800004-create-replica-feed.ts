import type { LogoutMigration } from './logout-migration';
import { createFunction, createTable, dropFunction, dropTable } from './owned-objects';
import { SPANS } from './partition-sizes';
import type { SchemaNames } from './schema-names';

/** What replicas in memory need: what is new since a snapshot, and who answers from memory. */
export const createReplicaFeed: LogoutMigration = {
  name: 'CreateReplicaFeed1795132800004',
  makes: { relations: ['replica_instances'], routines: ['live_revocations'] },

  up: (names) => [
    // All that is live, for a load. Each kind of partition has a range of its own, so that a load
    // reads each partition once, and past ones never.
    //
    // A function for the reasons of revoked_cutoffs. Its one plan must suit partitions of all
    // sizes: no workers and no compilation, which cost a hundred times what they save here, and no
    // index, which would be read as a whole.
    createFunction(
      names,
      'live_revocations',
      `(hours_from timestamptz, hours_to timestamptz, days_from timestamptz, days_to timestamptz,
        months_from timestamptz, months_to timestamptz)
      RETURNS TABLE (
        key bytea, scope text, issued_before timestamptz, expires_at timestamptz)
      LANGUAGE plpgsql STABLE -- in the snapshot of the statement that calls it
      SET plan_cache_mode = force_generic_plan SET enable_indexscan = off
      SET enable_bitmapscan = off SET max_parallel_workers_per_gather = 0 SET jit = off`,
      `
      #variable_conflict use_column
      BEGIN
        RETURN QUERY ${SPANS.map((span) => liveIn(names, span)).join('\n UNION ALL ')};
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

  down: (names) => [dropTable(names, 'replica_instances'), dropFunction(names, 'live_revocations')],
};

/** By the name of its own: partitions are then left out by the range alone. */
function liveIn(names: SchemaNames, span: (typeof SPANS)[number]): string {
  const [from, to] = [`${span}s_from`, `${span}s_to`];
  return `
    SELECT key, scope, issued_before, expires_at FROM ${names.qualify(`revoked_tokens_by_${span}`)}
    WHERE expires_at >= ${from} AND expires_at < ${to}`;
}
