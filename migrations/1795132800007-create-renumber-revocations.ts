import type { LogoutMigration } from './logout-migration';
import { createFunction, dropFunction } from './owned-objects';

/** Numbers for rows that came from another server. */
export const createRenumberRevocations: LogoutMigration = {
  name: 'CreateRenumberRevocations1795132800007',
  makes: { relations: [], routines: ['renumber_revocations'] },

  // A dump keeps the transaction numbers of the server that it was taken from. Numbers that this
  // server has not given out yet look new to every reader that follows the table, for as long as
  // the rows live. Such rows get the number of this transaction; returns how many there were, at
  // most \`most\`. With the rights of the owner: the role of the service may not write \`xid\`.
  up: (names) => {
    const table = names.qualify('revoked_tokens');
    return [
      createFunction(
        names,
        'renumber_revocations',
        `(most integer) RETURNS bigint
      LANGUAGE plpgsql SECURITY DEFINER
      SET lock_timeout = '100ms' SET enable_seqscan = off
      SET enable_hashjoin = off SET enable_mergejoin = off`,
        `
      DECLARE
        renumbered bigint;
      BEGIN
        WITH ahead AS MATERIALIZED (
          SELECT key, issued_before, expires_at, span FROM ${table}
          -- Of what this server numbered, nothing that is visible here is beyond the snapshot.
          WHERE xid >= pg_snapshot_xmax(pg_current_snapshot()) AND xid <> pg_current_xact_id()
          LIMIT most
        )
        UPDATE ${table} AS revoked SET xid = pg_current_xact_id()
        FROM ahead
        WHERE revoked.key = ahead.key AND revoked.issued_before = ahead.issued_before
          AND revoked.expires_at = ahead.expires_at AND revoked.span = ahead.span;
        GET DIAGNOSTICS renumbered = ROW_COUNT;
        RETURN renumbered;
      END`,
      ),
    ];
  },

  down: (names) => [dropFunction(names, 'renumber_revocations')],
};
