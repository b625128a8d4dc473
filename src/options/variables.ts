import { MisconfiguredError } from './misconfiguration';
import type { Entries, Option } from './option';

/** What a table's variables may set; what no variable sets is absent. */
export type FromVariables<T> = {
  readonly [Name in keyof T]?: T[Name] extends Option<unknown, infer In> ? In : never;
};

/** A name of fewer letters is close to too many others. */
const MIN_LETTERS = 8;
const MAX_EDITS = 3;

/**
 * The options that are set by variables, for those of the table that have one. A variable that is
 * empty counts as absent.
 * @throws {TypeError} naming the variable and what it must be; its value may be a secret.
 */
export function readVariables<T extends Entries>(
  table: T,
  values: NodeJS.ProcessEnv,
): FromVariables<T> {
  const found = Object.entries(table).flatMap(([name, option]) => {
    const text = option.about.env === undefined ? '' : values[option.about.env]?.trim();
    if (text === undefined || text === '') return [];
    const value = option.fromText?.(text);
    if (value !== undefined) return [[name, value]];
    throw badVariable(option.about.env, option.textMustBe ?? option.mustBe);
  });
  return Object.fromEntries(found) as FromVariables<T>;
}

/**
 * A list in JSON; `undefined`: it is none, or an object in it has a member twice, of which
 * `JSON.parse` would take the last. Whatever the option is a list of, its members are checked
 * when the option is.
 */
export function jsonList(text: string): readonly never[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && !repeatsMember(text) ? (value as never[]) : undefined;
  } catch {
    return undefined; // the message would quote it
  }
}

/** What tells members of objects apart: brackets, and texts, which names are before a colon. */
const JSON_PART = /[{}]|("(?:[^"\\]|\\.)*")(\s*:)?/g;

/** @param json well-formed. */
function repeatsMember(json: string): boolean {
  const open: Set<unknown>[] = [];
  for (const [part, text = '', colon] of json.matchAll(JSON_PART)) {
    if (part === '{') open.push(new Set());
    else if (part === '}') open.pop();
    else if (colon !== undefined) {
      const name: unknown = JSON.parse(text);
      if (open.at(-1)?.has(name) === true) return true;
      open.at(-1)?.add(name);
    }
  }
  return false;
}

export function badVariable(name = '', mustBe: string): TypeError {
  return new TypeError(`${name} must be ${mustBe}.`);
}

/**
 * What `read` returns.
 * @param table of the options that `read` may refuse.
 * @param names the variable of each option whose table names none.
 * @throws {TypeError} as `read`, but a bad option is named by the variable that sets it.
 */
export function inVariables<T>(
  table: Entries,
  names: Readonly<Record<string, string>>,
  read: () => T,
): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MisconfiguredError)) throw error;
    const [option = ''] = /^\w+/.exec(error.option) ?? [];
    const name = names[option] ?? table[option]?.about.env;
    if (name === undefined) throw error;
    throw new TypeError(`${name}${error.option.slice(option.length)} ${error.complaint}`);
  }
}

/** The variables of these tables. */
export function variablesOf(...tables: readonly Entries[]): string[] {
  return tables.flatMap((table) => Object.values(table).flatMap(({ about }) => about.env ?? []));
}

/**
 * Stops the boot for a variable that is probably a misspelling of one of `names`: ignored, it would
 * leave a check or a bound unset. Not for one whose right spelling is set too, and not for a name
 * that has one of ours as a part, such as LC_MESSAGES: that is another program's.
 * @throws {TypeError} naming the right one.
 */
export function refuseMisspelt(values: NodeJS.ProcessEnv, names: readonly string[]): void {
  const isSet = (name: string): boolean => (values[name] ?? '').trim() !== '';
  const missing = names.filter((name) => letters(name) >= MIN_LETTERS && !isSet(name));
  const others = Object.keys(values).filter((name) => isSet(name) && !names.includes(name));
  for (const name of others) {
    const meant = nearest(name, missing);
    if (meant !== undefined && !`_${name}_`.includes(`_${meant}_`))
      throw badVariable(name, `left out: there is no such variable. ${meant} was probably meant`);
  }
}

const letters = (name: string): number => name.replace(/[^A-Z]/g, '').length;

function nearest(name: string, candidates: readonly string[]): string | undefined {
  const [first] = candidates
    .map((candidate) => ({ candidate, edits: editsBetween(name, candidate) }))
    .filter(({ edits }) => edits <= MAX_EDITS)
    .sort((a, b) => a.edits - b.edits);
  return first?.candidate;
}

/** The least number of insertions, deletions and substitutions (Levenshtein). */
export function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [line, letter] of Array.from(a).entries()) {
    const next = [line + 1];
    for (const [at, other] of Array.from(b).entries()) {
      const [diagonal = 0, above = 0] = row.slice(at, at + 2);
      const left = next[at] ?? 0;
      next.push(Math.min(diagonal + (letter === other ? 0 : 1), above + 1, left + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
