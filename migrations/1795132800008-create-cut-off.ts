import type { LogoutMigration } from './logout-migration';
import { refuseBesideOutdated } from './outdated-instances';
import { createFunction, dropFunction } from './owned-objects';
import { spanOf } from './partition-sizes';

/** A cutoff that begins at the instant of the database's clock, with its audit event. */
export const createCutOff: LogoutMigration = {
  name: 'CreateCutOff1795132800008',
  makes: { relations: [], routines: ['cut_off'] },

  up: (names) => [
    // The instant is read behind the lock, which is held until the transaction ends: what begins
    // under the same lock, shared, begins before that instant or after this commit.
    //
    // revocation and event: JSON objects. xid: of this transaction.
    createFunction(
      names,
      'cut_off',
      `(revocation json, event json)
      RETURNS TABLE (xid text, issued_before text)
      LANGUAGE plpgsql`,
      `
      #variable_conflict use_column
      DECLARE
        cut_at timestamptz;
      BEGIN
        IF current_setting('synchronous_commit') = 'off' THEN
          PERFORM set_config('synchronous_commit', 'on', true);
        END IF;
        ${refuseBesideOutdated(names, "ARRAY[revocation ->> 'scope']")}
        PERFORM pg_advisory_xact_lock(
          ('x' || substring(revocation ->> 'key' FROM 3 FOR 16))::bit(64)::bigint);
        cut_at := clock_timestamp();
        INSERT INTO ${names.qualify('revoked_tokens')} (span, key, issued_before, expires_at, scope,
          issuer, subject, client_id, reason, actor)
        SELECT place.span, key, cut_at, expires_at, scope, issuer, subject, client_id, reason, actor
        FROM json_to_record(revocation) AS asked (key bytea, expires_at timestamptz, scope text,
          issuer text, subject text, client_id text, reason text, actor text),
          LATERAL (SELECT ${spanOf('expires_at')} AS span) AS place;
        INSERT INTO ${names.qualify('auth_events')} (event, outcome, scope, issuer, subject, actor,
          ip, user_agent, request_id, reason, detail)
        SELECT * FROM json_to_record(event) AS happened (event text, outcome text, scope text,
          issuer text, subject text, actor text, ip inet, user_agent text, request_id text,
          reason text, detail jsonb);
        RETURN QUERY SELECT pg_current_xact_id()::text,
          floor(extract(epoch FROM cut_at) * 1000)::text;
      END`,
    ),
  ],

  down: (names) => [dropFunction(names, 'cut_off')],
};
