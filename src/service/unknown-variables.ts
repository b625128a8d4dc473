import type { Entries } from '../options/option';
import { badVariable } from '../options/variables';

/** What variables of ours begin with, and not those of most other programs. */
const PREFIXES = ['JWT_', 'JWKS_', 'INTROSPECTION_', 'LOGOUT_', 'THROTTLE_'];

/** Names that others may give the variables of checks that are off where those are not set. */
const OF_CHECKS = [
  { meant: 'JWT_ISSUER', isAlike: /^JWT_ISSUER/ },
  { meant: 'JWT_AUDIENCE', isAlike: /^JWT_AUD(?:IENCE.*)?$/ },
];

const WHERE_SHARED = 'Where another program needs it, set it to nothing for this one';

const isSet = (values: NodeJS.ProcessEnv, name: string): boolean =>
  (values[name] ?? '').trim() !== '';

/**
 * Stops the start for a variable that is none of `names` and can only mean this service: it names a
 * check that would be off without it, or it spells a rule for tokens that has no variable of that name.
 * @param rules the options of issuers.
 * @throws {TypeError} naming the variable, and what is to be set.
 */
export function refuseForeignSpellings(
  values: NodeJS.ProcessEnv,
  names: readonly string[],
  rules: Entries,
): void {
  for (const name of unknownNames(values, names)) {
    const meant = meantBy(name, values, rules);
    if (meant !== undefined)
      throw badVariable(name, `left out: there is no such variable. ${meant}. ${WHERE_SHARED}`);
  }
}

/**
 * What to say at the start of the other variables that begin as ours do: of the programs that share the
 * environment, such as the one that signs, some have variables of their own that do.
 * @returns a sentence, or none.
 */
export function noticesOfUnknown(
  values: NodeJS.ProcessEnv,
  names: readonly string[],
): readonly string[] {
  const unknown = unknownNames(values, names);
  if (unknown.length === 0) return [];
  const prefixes = PREFIXES.filter((prefix) => unknown.some((name) => name.startsWith(prefix)));
  const known = names.filter((name) =>
    // JWKS_URI: JWT_JWKS_URI.
    prefixes.some((prefix) => `_${name}`.includes(`_${prefix}`)),
  );
  const what = unknown.length === 1 ? 'It is no variable' : 'They are no variables';
  return [
    `${unknown.join(', ')}: ignored. ${what} of this service; those are ${known.join(', ')}.`,
  ];
}

function unknownNames(values: NodeJS.ProcessEnv, names: readonly string[]): readonly string[] {
  return Object.keys(values).filter(
    (name) =>
      PREFIXES.some((prefix) => name.startsWith(prefix)) &&
      !names.includes(name) &&
      isSet(values, name),
  );
}

function meantBy(name: string, values: NodeJS.ProcessEnv, rules: Entries): string | undefined {
  const check = OF_CHECKS.find(({ isAlike }) => isAlike.test(name));
  if (check !== undefined && !isSet(values, check.meant) && !isSet(values, 'JWT_ISSUERS'))
    return `${check.meant} was probably meant`;
  const rule = Object.keys(rules).find((option) => `JWT_${inCapitals(option)}` === name);
  if (rule === undefined) return undefined;
  return `${rules[rule]?.about.env ?? `The member ${rule} of JWT_ISSUERS`} was probably meant`;
}

/** `logoutCovers`: `LOGOUT_COVERS`. */
const inCapitals = (option: string): string =>
  option.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
