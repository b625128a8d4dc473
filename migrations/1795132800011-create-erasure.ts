import type { LogoutMigration } from './logout-migration';
import { createFunction, dropFunction } from './owned-objects';
import { ERASING, NAMED } from './personal-data';
import { quoteText, type SchemaNames } from './schema-names';
import { sessionKeys } from './session-sql';

/**
 * What takes days or persons out of the audit. With the rights of the caller, so that only the
 * owner of the tables can do it, also where EXECUTE is granted to others.
 */
export const createErasure: LogoutMigration = {
  name: 'CreateErasure1795132800011',
  makes: { relations: [], routines: ['drop_audit_months', 'erase_subject'] },

  up: (names) => {
    const sessions = names.qualify('auth_sessions');
    return [
      // Drops the days of the audit that ended more than so many months ago; returns how many: the
      // oldest, and a month of them at most, because each takes a dozen locks until the transaction
      // ends. A bound is read from text.
      createFunction(
        names,
        'drop_audit_months',
        `(months integer) RETURNS integer
      LANGUAGE plpgsql
      SET lock_timeout = '100ms' SET TimeZone = 'UTC' SET DateStyle = 'ISO'`,
        `
      DECLARE
        old text;
        dropped integer := 0;
      BEGIN
        IF (months BETWEEN 1 AND 1200) IS NOT TRUE THEN
          RAISE EXCEPTION 'months must be from 1 to 1200'
            USING ERRCODE = 'invalid_parameter_value';
        END IF;
        FOR old IN
          SELECT format('%s.%I', relnamespace::regnamespace, relname)
          FROM pg_inherits JOIN pg_class part ON part.oid = inhrelid,
            substring(pg_get_expr(relpartbound, part.oid) FROM 'TO \\(''([^'']+)''\\)') AS upper_bound
          WHERE inhparent = ${quoteText(names.qualify('auth_events'))}::regclass
            AND upper_bound::timestamptz < now() - make_interval(months => months)
          ORDER BY upper_bound::timestamptz LIMIT 31
        LOOP
          EXECUTE 'DROP TABLE IF EXISTS ' || old; -- another session may be as far
          dropped := dropped + 1;
        END LOOP;
        RETURN dropped;
      END`,
      ),

      // Empties what tells of the subject; returns how many rows changed. The rows stay, and so do the
      // keys of what is refused.
      createFunction(
        names,
        'erase_subject',
        `(issuer text, subject text) RETURNS bigint
      LANGUAGE plpgsql`,
        `
      #variable_conflict use_column
      DECLARE
        sids text[];
        changed bigint;
        total bigint := 0;
        days bigint;
        room bigint;
      BEGIN
        -- Each day is locked, and each of its indexes, to be read and to be written. Where there is
        -- no room for locks, logouts fail.
        SELECT count(*) INTO days FROM pg_inherits
        WHERE inhparent = ${quoteText(names.qualify('auth_events'))}::regclass;
        room := current_setting('max_connections')::bigint
          + current_setting('max_prepared_transactions')::bigint;
        IF days * ${LOCKS_PER_DAY} * 2 > room * current_setting('max_locks_per_transaction')::bigint THEN
          RAISE EXCEPTION 'erasing from % days of the audit takes too many locks: set '
            'max_locks_per_transaction to % and restart the server',
            days, days * ${LOCKS_PER_DAY} * 2 / room + 1
            USING ERRCODE = 'configuration_limit_exceeded';
        END IF;
        sids := ARRAY(
          SELECT sid FROM ${sessions} WHERE ${IS_OF_SUBJECT}
          UNION
          SELECT session_id FROM ${names.qualify('auth_events')}
          WHERE ${IS_OF_SUBJECT} AND session_id IS NOT NULL);
        ${counted(`DELETE FROM ${sessions} AS session
          WHERE ${IS_OF_SUBJECT} AND NOT (${isLive(names)})`)}
        IF EXISTS (SELECT FROM ${sessions} WHERE ${IS_OF_SUBJECT}) THEN
          RAISE EXCEPTION 'the subject has live sessions: end them first, by revokeSubject() of '
            'BulkRevocation or endAll() of SessionsService'
            USING ERRCODE = 'object_in_use';
        END IF;
        PERFORM set_config('${ERASING}', pg_current_xact_id()::text, true);
        ${emptying(names).map(counted).join('\n')}
        PERFORM set_config('${ERASING}', '', true);
        INSERT INTO ${names.qualify('auth_events')} (event, outcome, issuer, actor, detail)
        VALUES ('personal_data_erased', 'success', erase_subject.issuer, current_user,
          jsonb_build_object('rows', total));
        RETURN total;
      END`,
      ),
    ];
  },

  down: (names) => [dropFunction(names, 'erase_subject'), dropFunction(names, 'drop_audit_months')],
};

const LOCKS_PER_DAY = 22;

const IS_OF_ISSUER = 'issuer IS NOT DISTINCT FROM erase_subject.issuer';
const IS_OF_SUBJECT = `${IS_OF_ISSUER} AND subject = erase_subject.subject`;
/** Also what names a session of the subject's, and not the subject. */
const IS_OWN = `${IS_OF_ISSUER}
  AND (subject = erase_subject.subject OR subject IS NULL AND session_id = ANY (sids))`;
const IS_BY_SUBJECT = `${IS_OF_ISSUER} AND actor = erase_subject.subject`;

const counted = (statement: string): string => `${statement};
        GET DIAGNOSTICS changed = ROW_COUNT;
        total := total + changed;`;

/** Revocations come last: a logout that is repeated waits for the lock on its row. */
const emptying = (names: SchemaNames): readonly string[] => {
  const events = names.qualify('auth_events');
  const revoked = names.qualify('revoked_tokens');
  return [
    `UPDATE ${events} SET subject = NULL, actor = nullif(actor, erase_subject.subject),
        token_id = NULL, session_id = NULL, token_fingerprint = NULL, ip = NULL,
        user_agent = NULL, request_id = NULL, detail = NULL
      WHERE ${IS_OWN}`,
    // The token is another's; the request came from the subject.
    `UPDATE ${events} SET actor = NULL, ip = NULL, user_agent = NULL, request_id = NULL
      WHERE ${IS_BY_SUBJECT}`,
    `UPDATE ${events} SET detail = nullif(detail - '${NAMED}', '{}')
      WHERE event = 'authz_fail' AND detail -> '${NAMED}' ->> 'subject' = erase_subject.subject
        AND detail -> '${NAMED}' ->> 'issuer' IS NOT DISTINCT FROM erase_subject.issuer`,
    `UPDATE ${revoked} SET subject = NULL, token_id = NULL, session_id = NULL,
        actor = nullif(actor, erase_subject.subject)
      WHERE ${IS_OWN}`,
    `UPDATE ${revoked} SET actor = NULL WHERE ${IS_BY_SUBJECT}`,
  ];
};

/** A revocation that covers a session ends it and leaves its row as it is. */
const isLive = (names: SchemaNames): string => `session.ended_at IS NULL
  AND session.expires_at > now() AND session.idle_expires_at > now()
  AND NOT EXISTS (
    SELECT FROM ${names.qualify('revoked_tokens')} AS revoked
    WHERE revoked.key = ANY (${sessionKeys})
      AND revoked.issued_before >= date_trunc('milliseconds', session.opened_at)
      AND revoked.expires_at >= now())`;
