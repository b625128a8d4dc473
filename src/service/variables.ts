import { defaultText } from '../options/default-text';
import type { Entries } from '../options/option';
import { VARIABLE_TABLES } from './environment';

/** A variable of the service, in the words of docs/options.md and of `--help`. */
export interface Variable {
  readonly name: string;
  readonly mustBe: string;
  readonly default: string;
  readonly says: string;
}

/** What `readEnvironment` gives where the module has no default. */
const SERVICE_DEFAULTS = new Map([
  ['algorithms', '`HS256` for a secret'],
  ['issuer', 'unchecked'],
  ['audience', 'unchecked'],
]);

/** @param print for defaults that are plain values. */
export function describeVariables(print: (value: unknown) => string = String): Variable[] {
  const entries = VARIABLE_TABLES.flatMap((table: Entries) => Object.entries(table));
  return entries.flatMap(([optionName, option]) => {
    const { about, mustBe, textMustBe } = option;
    if (about.env === undefined) return [];
    return {
      name: about.env,
      mustBe: textMustBe ?? mustBe,
      default: SERVICE_DEFAULTS.get(optionName) ?? defaultText(option, print),
      says: about.says,
    };
  });
}
