import type { Option } from './option';

/**
 * How the default of an option is worded.
 * @param print for a default that is a plain value.
 */
export function defaultText(
  { about, isOptional }: Option<unknown>,
  print: (value: unknown) => string,
): string {
  if (about.defaultSays !== undefined) return about.defaultSays;
  if (about.default === undefined) return isOptional === true ? 'none' : '**required**';
  return about.default instanceof Array && about.default.length === 0
    ? 'none'
    : print(about.default);
}
