import type { AuditEvent } from '../../../audit/audit-event';
import type { Revocation } from '../../../revocation/revocation';
import { BEGIN_WRITING } from '../connection/connections';
import {
  EVENT_COLUMNS,
  eventToJson,
  storableRevocation,
  type StorableRevocation,
} from './json-rows';
import type { Tables } from '../connection/tables';

const eventNames = Object.keys(EVENT_COLUMNS).join(', ');
const eventTypes = Object.entries(EVENT_COLUMNS)
  .map(([name, type]) => `${name} ${type}`)
  .join(', ');

/** A commit that the server only promises to write is not one that may be reported. */
export const DURABLE_COMMIT =
  "SELECT set_config('synchronous_commit', 'on', true) " +
  "WHERE current_setting('synchronous_commit') = 'off'";

/** A statement and its parameters, for `pg` and for TypeORM. */
export interface Statement {
  readonly text: string;
  readonly values: unknown[];
}

/**
 * Adds the revocation and, if that is new, the event, durably once the transaction commits;
 * returns one row: `is_new` as text.
 *
 * A table named in the statement itself makes the server hear of partitions that were attached
 * since the transaction began; in the function's kept plan it does not.
 */
export function addRevocation(
  tables: Tables,
  revocation: Revocation,
  event: AuditEvent,
): Statement {
  const row = storableRevocation(revocation, event);
  return {
    text: `SELECT (new_places IS NOT NULL)::text AS is_new
      FROM ${functionOf(tables)}($1::json, $2::json)
      WHERE NOT EXISTS (SELECT FROM ${tables.revokedTokens} WHERE false)`,
    values: [arrayOf([row.revocation]), arrayOf([row.event])],
  };
}

/**
 * A durable transaction of its own that adds the revocations and the events of those that are new.
 * One message: a process that stops, or a network that breaks, in the midst of several would leave
 * locks behind that other logouts of the same tokens wait for.
 */
export function addAndCommit(
  tables: Tables,
  rows: readonly StorableRevocation[],
  timeoutMs: number,
): string {
  const revocations = jsonLiteral(arrayOf(rows.map(({ revocation }) => revocation)));
  const events = jsonLiteral(arrayOf(rows.map(({ event }) => event)));
  return (
    `${BEGIN_WRITING}; SET LOCAL statement_timeout = ${timeoutMs}; ` +
    `SELECT xid, new_places FROM ${functionOf(tables)}(${revocations}, ${events}); COMMIT`
  );
}

/** Adds the events in their order. */
export function appendEvents(tables: Tables, events: readonly AuditEvent[]): Statement {
  return {
    text: `INSERT INTO ${tables.authEvents} (${eventNames})
      SELECT ${eventNames} FROM json_to_recordset($1::json) AS event (${eventTypes})`,
    values: [arrayOf(events.map(eventToJson))],
  };
}

const functionOf = (tables: Tables): string => tables.qualify('add_revocations');

const arrayOf = (objects: readonly string[]): string => `[${objects.join(',')}]`;

/**
 * A message of several statements has no parameters. Only a dollar sign can end this literal, and
 * none is in it: JSON has them in strings alone, where it knows another way to write them.
 */
const jsonLiteral = (json: string): string =>
  `$json$${json.replaceAll('$', String.raw`\u0024`)}$json$::json`;
