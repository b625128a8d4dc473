import type { AuditEvent } from '../../audit/audit-event';
import { EVERY_AGE, type Revocation } from '../../revocation/revocation';
import { EVENT_COLUMNS, eventsToJson, REVOCATION_COLUMNS, revocationToJson } from './storable';
import type { Tables } from './tables';

const eventNames = Object.keys(EVENT_COLUMNS).join(', ');
const eventTypes = declare(EVENT_COLUMNS);
const revocationNames = Object.keys(REVOCATION_COLUMNS).join(', ');
const revocationTypes = declare(REVOCATION_COLUMNS);

/** A commit that the server only promises to write is not one that a logout may report. */
export const DURABLE_COMMIT =
  "SELECT set_config('synchronous_commit', 'on', true) " +
  "WHERE current_setting('synchronous_commit') = 'off'";

/** A statement and its parameters, for `pg` and for TypeORM. */
export interface Statement {
  readonly text: string;
  readonly values: unknown[];
}

/** Adds the revocation and, if that is new, the event; returns one row: `is_new` as text. */
export function addRevocation(
  tables: Tables,
  revocation: Revocation,
  event: AuditEvent,
): Statement {
  const { key, issuedBefore, expiresAt } = revocation;
  return {
    text: `
      WITH revoked AS (
        INSERT INTO ${tables.revokedTokens} (key, issued_before, expires_at, ${revocationNames})
        SELECT $1::bytea, $2::timestamptz, $3::timestamptz, ${revocationNames}
        FROM json_to_record($4::json) AS revocation (${revocationTypes})
        ON CONFLICT DO NOTHING RETURNING key
      ), recorded AS (
        ${insertEvents(tables, '$5')} WHERE EXISTS (SELECT FROM revoked)
      )
      SELECT EXISTS (SELECT FROM revoked)::text AS is_new`,
    values: [
      Buffer.from(key, 'hex'),
      issuedBefore === EVERY_AGE ? EVERY_AGE : issuedBefore.toISOString(),
      expiresAt.toISOString(),
      revocationToJson(revocation),
      eventsToJson([event]),
    ],
  };
}

/** Adds the events in their order. */
export function appendEvents(tables: Tables, events: readonly AuditEvent[]): Statement {
  return { text: insertEvents(tables, '$1'), values: [eventsToJson(events)] };
}

const insertEvents = (tables: Tables, parameter: string): string =>
  `INSERT INTO ${tables.authEvents} (${eventNames})
   SELECT ${eventNames} FROM json_to_recordset(${parameter}::json) AS event (${eventTypes})`;

function declare(columns: Readonly<Record<string, string>>): string {
  return Object.entries(columns)
    .map(([name, type]) => `${name} ${type}`)
    .join(', ');
}
