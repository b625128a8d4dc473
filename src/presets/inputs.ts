import { kindOf, misconfigured } from '../options/misconfiguration';
import { checked, custom, quoted, type Option } from '../options/option';

/** One name or several. */
export type Names = string | readonly string[];

export const HOUR_SECONDS = 3600;
export const DAY_SECONDS = 24 * HOUR_SECONDS;

/** Lower case alone: `iss` is compared letter by letter. */
const DOMAIN = /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/;
const MAX_NAME_LENGTH = 255;
const NAMES = 'a string of 1–255 characters or a non-empty list of them';

/** Text of a form. None of it is secret: messages show it. */
export function shaped(mustBe: string, form: RegExp, says: string): Option<string> {
  const isGood = (value: unknown): value is string => typeof value === 'string' && form.test(value);
  return checked({ mustBe, isGood }, { says }, quoted);
}

/** A host name, without scheme, port and path. */
export const domain = (example: string, says: string): Option<string> =>
  shaped(`a domain in lower case, such as ${example}, without https:// and path`, DOMAIN, says);

/** Names, as a list. There is no `null`: a preset leaves nothing unchecked. */
export function names(says: string): Option<readonly string[], Names> {
  const read = (value: unknown, name: string): readonly string[] => {
    const all: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (all.length > 0 && all.every(isName)) return all;
    throw misconfigured(name, NAMES, kindOf(value));
  };
  return custom<readonly string[], Names>({ mustBe: NAMES, read }, { says });
}

/**
 * The rule that limits the clients, where there is one. A member that is `undefined` would erase one
 * that stands before the spread.
 */
export const clientRule = (
  clientIds: readonly string[] | undefined,
): { readonly clientIds?: readonly string[] } => (clientIds === undefined ? {} : { clientIds });

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 1 && value.length <= MAX_NAME_LENGTH;
}
