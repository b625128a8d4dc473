import { EVENT_COLUMNS, REVOCATION_COLUMNS } from '../../../../migrations/addition-columns';
import type { Addition } from '../../../revocation/unit-of-work';
import type { Tables } from '../connection/tables';
import { arrayElement, arrayText, NULL_ELEMENT, textLiteral } from './array-literal';
import { eventRow, revocationRow, toJson } from './json-rows';
import { inOneMessage, insertEvents, type Statement } from './insertions';

const REVOCATION_NAMES = Object.keys(REVOCATION_COLUMNS) as (keyof typeof REVOCATION_COLUMNS)[];
const EVENT_NAMES = Object.keys(EVENT_COLUMNS) as (keyof typeof EVENT_COLUMNS)[];

/** For each column an element of an array. */
type Elements<Columns> = Readonly<Record<keyof Columns, string>>;

/** A revocation and its event, as the database takes them. */
export interface StorableAddition {
  /** Of the row of the revocation: two with the same are the same. */
  readonly identity: string;
  readonly revocation: Elements<typeof REVOCATION_COLUMNS>;
  readonly event: Elements<typeof EVENT_COLUMNS>;
}

/** @throws {TypeError} the event's detail is no JSON. */
export function storableAddition({ revocation, event }: Addition): StorableAddition {
  const row = revocationRow(revocation);
  const { detail, ...texts } = eventRow(event);
  const told = { ...texts, detail: detail === undefined ? undefined : toJson(detail) };
  return {
    identity: `${row.key} ${row.issued_before} ${row.expires_at}`,
    revocation: elementsOf(REVOCATION_NAMES, row),
    event: elementsOf(EVENT_NAMES, told),
  };
}

function elementsOf<Name extends string>(
  names: readonly Name[],
  row: Readonly<Record<Name, string | undefined>>,
): Readonly<Record<Name, string>> {
  const elements = names.map((name) => [name, arrayElement(row[name])] as const);
  return Object.fromEntries(elements) as Record<Name, string>;
}

/** Additions of one call: each revocation once. */
export class AdditionBatch {
  private readonly distinct: readonly StorableAddition[];

  constructor(private readonly additions: readonly StorableAddition[]) {
    const first = new Map<string, StorableAddition>();
    for (const addition of additions)
      if (!first.has(addition.identity)) first.set(addition.identity, addition);
    this.distinct = [...first.values()];
  }

  /**
   * Adds the revocations and the events of those that are new, durably once the transaction
   * commits; returns one row, `xid` and `known_places`, see `areNew`.
   *
   * A table named in the statement itself makes the server hear of partitions that were attached
   * since the transaction began; in the function's kept plan it does not.
   */
  statement(tables: Tables): Statement {
    const values: string[] = [];
    // As text: drivers differ in what they make of an array.
    const call = this.call(
      tables,
      (text, type) => `$${values.push(text)}::pg_catalog.text::pg_catalog.${type}[]`,
    );
    return {
      text: `${call} WHERE NOT EXISTS (SELECT FROM ${tables.revokedTokens} WHERE false)`,
      values,
    };
  }

  /**
   * A durable transaction of its own that adds the revocations and the events of those that are
   * new, and then more events. One message: a process that stops, or a network that breaks, in the
   * midst of several would leave locks behind that other logouts of the same tokens wait for.
   * @param events as JSON.
   */
  message(tables: Tables, timeoutMs: number, events: readonly string[]): string {
    const append = events.length === 0 ? '' : `${insertEvents(tables, events)}; `;
    return inOneMessage(`${this.call(tables, textLiteral)}; ${append}`, timeoutMs);
  }

  /**
   * For each addition whether this call added it; of several that are the same, the first.
   * @param knownPlaces of those that were there before, from 1, with commas between them.
   */
  areNew(knownPlaces: string | null): boolean[] {
    const known = new Set((knownPlaces ?? '').split(',').map(Number));
    const added = new Set(this.distinct.filter((_, at) => !known.has(at + 1)));
    return this.additions.map((addition) => added.has(addition));
  }

  /** An array that is omitted says what `add_revocations` takes a NULL for. */
  private call(tables: Tables, valueOf: (text: string, type: string) => string): string {
    const nulls = arrayText(this.distinct.map(() => NULL_ELEMENT));
    const defaults = new Map<string, string>();
    const parameters: string[] = [];
    const add = (text: string, type: string, omitted = nulls): void => {
      parameters.push(text === omitted ? 'NULL' : valueOf(text, type));
    };
    for (const name of REVOCATION_NAMES) {
      const text = arrayText(this.distinct.map(({ revocation }) => revocation[name]));
      defaults.set(name, text);
      add(text, REVOCATION_COLUMNS[name]);
    }
    const keys = defaults.get('key') ?? '';
    defaults.set('token_fingerprint', keys.replaceAll(String.raw`\\x`, ''));
    for (const name of EVENT_NAMES) {
      const text = arrayText(this.distinct.map(({ event }) => event[name]));
      add(text, EVENT_COLUMNS[name], defaults.get(name));
    }
    return `SELECT xid, known_places FROM ${tables.qualify('add_revocations')}(${parameters.join(', ')})`;
  }
}
