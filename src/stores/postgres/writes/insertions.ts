import type { AuditEvent } from '../../../audit/audit-event';
import type { Addition } from '../../../revocation/unit-of-work';
import { BEGIN_WRITING } from '../connection/connections';
import { EVENT_COLUMNS, eventToJson, toJsonRows, type JsonRows } from './json-rows';
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
 * Adds the revocations and the events of those that are new, durably once the transaction commits;
 * returns one row: `xid` and `new_places`, see `newPlacesIn`.
 *
 * A table named in the statement itself makes the server hear of partitions that were attached
 * since the transaction began; in the function's kept plan it does not.
 */
export function addRevocations(tables: Tables, additions: readonly Addition[]): Statement {
  const rows = additions.map(toJsonRows);
  return {
    text: `SELECT xid, new_places FROM ${functionOf(tables)}(${jsonParameter(1)}, ${jsonParameter(2)})
      WHERE NOT EXISTS (SELECT FROM ${tables.revokedTokens} WHERE false)`,
    values: [
      arrayOf(rows.map(({ revocation }) => revocation)),
      arrayOf(rows.map(({ event }) => event)),
    ],
  };
}

/** The places of the revocations that were new, from 1. @param text with commas between them. */
export const newPlacesIn = (text: string | null): ReadonlySet<number> =>
  new Set(text?.split(',').map(Number));

/**
 * A durable transaction of its own that adds the revocations and the events of those that are new,
 * and then more events. One message: a process that stops, or a network that breaks, in the midst
 * of several would leave locks behind that other logouts of the same tokens wait for.
 * @param events as JSON.
 */
export function addAndCommit(
  tables: Tables,
  rows: readonly JsonRows[],
  timeoutMs: number,
  events: readonly string[] = [],
): string {
  const revocations = jsonLiteral(arrayOf(rows.map(({ revocation }) => revocation)));
  const told = jsonLiteral(arrayOf(rows.map(({ event }) => event)));
  const append =
    events.length === 0 ? '' : `${insertEvents(tables, jsonLiteral(arrayOf(events)))}; `;
  return inOneMessage(
    `SELECT xid, new_places FROM ${functionOf(tables)}(${revocations}, ${told}); ${append}`,
    timeoutMs,
  );
}

/** A transaction whose statements come third; a result for each. @param statements each ends in `;`. */
export const inOneMessage = (statements: string, timeoutMs: number): string =>
  `${BEGIN_WRITING}; SET LOCAL statement_timeout = ${timeoutMs}; ${statements}COMMIT`;

/** Makes a cutoff: returns one row, `xid` and `issued_before` in ms since the epoch. */
export function cutOffStatement(tables: Tables, { revocation, event }: JsonRows): Statement {
  return {
    // The table is named for the reason that `addRevocations` has.
    text: `SELECT xid, issued_before FROM ${tables.qualify('cut_off')}(${jsonParameter(1)}, ${jsonParameter(2)})
      WHERE NOT EXISTS (SELECT FROM ${tables.revokedTokens} WHERE false)`,
    values: [revocation, event],
  };
}

/** Adds the events in their order. */
export function appendEvents(tables: Tables, events: readonly AuditEvent[]): Statement {
  return {
    text: insertEvents(tables, jsonParameter(1)),
    values: [arrayOf(events.map(eventToJson))],
  };
}

const insertEvents = (tables: Tables, json: string): string =>
  `INSERT INTO ${tables.authEvents} (${eventNames})
    SELECT ${eventNames} FROM pg_catalog.json_to_recordset(${json}) AS event (${eventTypes})`;

/** As text: some drivers would write what they take for JSON as JSON once more. */
export const jsonParameter = (place: number): string =>
  `$${place}::pg_catalog.text::pg_catalog.json`;

const functionOf = (tables: Tables): string => tables.qualify('add_revocations');

const arrayOf = (objects: readonly string[]): string => `[${objects.join(',')}]`;

/**
 * A message of several statements has no parameters. Only a dollar sign can end this literal, and
 * none is in it: JSON has them in strings alone, where it knows another way to write them.
 */
export const jsonLiteral = (json: string): string =>
  `$json$${json.replaceAll('$', String.raw`\u0024`)}$json$::json`;
