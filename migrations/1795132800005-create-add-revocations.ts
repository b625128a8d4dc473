import { ADDITION_PARAMETERS, EVENT_COLUMNS, REVOCATION_COLUMNS } from './addition-columns';
import type { LogoutMigration } from './logout-migration';
import { refuseBesideOutdated } from './outdated-instances';
import { createFunction, dropFunction } from './owned-objects';
import { SPAN_ENDS, spanOf } from './partition-sizes';
import { quoteText } from './schema-names';

/** What makes a revocation: no two rows have the same. */
const KEY_COLUMNS = ['key', 'issued_before', 'expires_at'] as const;
const namesIn = (columns: object): string => Object.keys(columns).join(', ');
const arraysOf = (prefix: string, columns: readonly string[]): string =>
  columns.map((name) => `${prefix}_${name}`).join(', ');

/**
 * SQL for the rows that the call is given, with their places from 1. PL/pgSQL keeps an array with
 * its elements apart, so each is found at once; `unnest` would write every column to a store.
 */
const given = (columns: readonly string[], elementOf: (column: string) => string): string => `(
  SELECT place, ${columns.map((name) => `${elementOf(name)} AS ${name}`).join(', ')}
  FROM generate_series(1, cardinality(revocation_key)) AS place)`;

const ofRevocation = (name: string): string => `revocation_${name}[place]`;

function ofEvent(name: string): string {
  const own = `event_${name}`;
  if (name in REVOCATION_COLUMNS) return `(coalesce(${own}, revocation_${name}))[place]`;
  if (name !== 'token_fingerprint') return `${own}[place]`;
  return `CASE WHEN ${own} IS NULL THEN encode(revocation_key[place], 'hex') ELSE ${own}[place] END`;
}

const ASKED = `${given(KEY_COLUMNS, ofRevocation)} AS asked`;

/** The addition: many revocations at once, and the event of each that is new. */
export const createAddRevocations: LogoutMigration = {
  name: 'CreateAddRevocations1795132800005',
  makes: { relations: [], routines: ['add_revocations'] },

  up: (names) => {
    const revoked = names.qualify('revoked_tokens');
    const wider = ['day', 'month']
      .map((span) => `${quoteText(names.qualify(`revoked_tokens_by_${span}`))}::regclass`)
      .join();
    // A function keeps its plans for the session, also behind PgBouncer; planning the statements
    // anew takes longer than adding dozens of rows.
    //
    // Arrays of one length, an element for each revocation and its event. One that is NULL: the
    // column is, in all of them; of the events: it is that of the revocations, and the fingerprint
    // their key. No revocation is given twice. The events are recorded as they are given.
    //
    // known_places: of the revocations that were there before, from 1, with commas between.
    // xid: of this transaction. An insert that conflicts with a row in flight waits for the commit
    // of that row. So where this transaction is visible, all of these revocations are visible,
    // including those that another transaction added.
    //
    // A plan that names a partitioned table locks and opens each partition, which costs more than
    // the rows of a commit. So the usual call only inserts, which opens where a row goes.
    return [
      createFunction(
        names,
        'add_revocations',
        `(${ADDITION_PARAMETERS.map((parameter) => parameter.join(' ')).join(', ')})
      RETURNS TABLE (xid text, known_places text)
      LANGUAGE plpgsql
      SET plan_cache_mode = force_generic_plan SET enable_seqscan = off`,
        `
      #variable_conflict use_column
      DECLARE
        known bigint[];
        first timestamptz;
        last timestamptz;
        hour_ends CONSTANT timestamptz := ${SPAN_ENDS.hour};
        day_ends CONSTANT timestamptz := ${SPAN_ENDS.day};
        ${KEY_COLUMNS.map((name) => `added_${name} ${REVOCATION_COLUMNS[name]}[];`).join('\n')}
      BEGIN
        -- A commit that the server only promises to write is not one that a logout may report.
        IF current_setting('synchronous_commit') = 'off' THEN
          PERFORM set_config('synchronous_commit', 'on', true);
        END IF;
        ${refuseBesideOutdated(names, 'revocation_scope')}

        -- Where a revocation is to be kept for an hour now, it may have been added before, when it
        -- was to be kept for days from then on. Two transactions that add the same one in the
        -- moment in which its span changes may both find it new. It is refused all the same, and
        -- the audit has two rows of it.
        IF EXISTS (SELECT FROM pg_inherits WHERE inhparent IN (${wider})) THEN
          SELECT min(expires_at), max(expires_at) INTO first, last FROM ${ASKED};
          known := ARRAY(
            SELECT place FROM ${ASKED}
            JOIN ${revoked} AS earlier USING (${KEY_COLUMNS.join(', ')})
            WHERE earlier.span IN ('day', 'month')
              AND earlier.expires_at BETWEEN first AND last);
        END IF;

        WITH added AS (
          INSERT INTO ${revoked} (span, ${namesIn(REVOCATION_COLUMNS)})
          SELECT ${spanOf('expires_at', { hour: 'hour_ends', day: 'day_ends' })}, ${namesIn(REVOCATION_COLUMNS)}
          FROM ${given(Object.keys(REVOCATION_COLUMNS), ofRevocation)} AS asked
          WHERE known IS NULL OR place <> ALL (known)
          -- All callers insert in the same order. Otherwise two with the same rows deadlock.
          ORDER BY ${KEY_COLUMNS.join(', ')}
          ON CONFLICT DO NOTHING
          RETURNING ${KEY_COLUMNS.join(', ')}
        )
        SELECT ${KEY_COLUMNS.map((name) => `array_agg(${name})`).join(', ')}
        INTO ${arraysOf('added', KEY_COLUMNS)} FROM added;

        IF cardinality(added_key) IS DISTINCT FROM cardinality(revocation_key) THEN
          known := ARRAY(
            SELECT place FROM ${ASKED}
            LEFT JOIN unnest(${arraysOf('added', KEY_COLUMNS)})
              AS added (${KEY_COLUMNS.join(', ')}) USING (${KEY_COLUMNS.join(', ')})
            WHERE added.key IS NULL);
        END IF;

        INSERT INTO ${names.qualify('auth_events')} (${namesIn(EVENT_COLUMNS)})
        SELECT ${namesIn(EVENT_COLUMNS)}
        FROM ${given(Object.keys(EVENT_COLUMNS), ofEvent)} AS happened
        WHERE known IS NULL OR place <> ALL (known);

        RETURN QUERY SELECT pg_current_xact_id()::text, array_to_string(known, ',');
      END`,
      ),
    ];
  },

  down: (names) => [dropFunction(names, 'add_revocations')],
};
