import { EVENT_COLUMNS } from '../../../../migrations/addition-columns';
import type { AuditEvent } from '../../../audit/audit-event';
import { BEGIN_WRITING } from '../connection/connections';
import { eventToJson, type JsonRows } from './json-rows';
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

/** A transaction whose statements come third; a result for each. @param statements each ends in `;`. */
export const inOneMessage = (statements: string, timeoutMs: number): string =>
  `${BEGIN_WRITING}; SET LOCAL statement_timeout = ${timeoutMs}; ${statements}COMMIT`;

/** Makes a cutoff: returns one row, `xid` and `issued_before` in ms since the epoch. */
export function cutOffStatement(tables: Tables, { revocation, event }: JsonRows): Statement {
  return {
    // The table is named for the reason that `AdditionBatch.statement` has.
    text: `SELECT xid, issued_before FROM ${tables.qualify('cut_off')}(${jsonParameter(1)}, ${jsonParameter(2)})
      WHERE NOT EXISTS (SELECT FROM ${tables.revokedTokens} WHERE false)`,
    values: [revocation, event],
  };
}

/** Adds the events in their order. */
export function appendEvents(tables: Tables, events: readonly AuditEvent[]): Statement {
  return {
    text: insertion(tables, jsonParameter(1)),
    values: [arrayOf(events.map(eventToJson))],
  };
}

/** @param events as JSON. */
export const insertEvents = (tables: Tables, events: readonly string[]): string =>
  insertion(tables, jsonLiteral(arrayOf(events)));

const insertion = (tables: Tables, json: string): string =>
  `INSERT INTO ${tables.authEvents} (${eventNames})
    SELECT ${eventNames} FROM pg_catalog.json_to_recordset(${json}) AS event (${eventTypes})`;

/** As text: some drivers would write what they take for JSON as JSON once more. */
export const jsonParameter = (place: number): string =>
  `$${place}::pg_catalog.text::pg_catalog.json`;

const arrayOf = (objects: readonly string[]): string => `[${objects.join(',')}]`;

/**
 * A message of several statements has no parameters. Only a dollar sign can end this literal, and
 * none is in it: JSON has them in strings alone, where it knows another way to write them.
 */
export const jsonLiteral = (json: string): string =>
  `$json$${json.replaceAll('$', String.raw`\u0024`)}$json$::json`;
