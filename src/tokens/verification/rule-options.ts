import { type Algorithm, isAlgorithm, SIGNATURE_ALGORITHMS } from '../keys/algorithms';
import { type KeyInput, MAX_CANDIDATES } from '../keys/keys';
import { kindOf, misconfigured } from '../../options/misconfiguration';
import { custom, type About, type Option } from '../../options/option';
import { isFetchable } from '../jwks/https-document';
import { normalizeType } from './token-header';

const ALGORITHMS = Object.keys(SIGNATURE_ALGORITHMS).join(', ');
const MAX_NAME_LENGTH = 255; // a longer one could never match: claims end there too
const TYPES = 'a non-empty list of strings of 1–255 characters';
const NAMES = 'a string of 1–255 characters or a non-empty list of them';
const UNCHECKED =
  'Without it a token that the same key signed for another service is accepted (RFC 8725 §3.8–9).';

/** Names of algorithms, each once. */
export const algorithmList = (about: About<readonly Algorithm[]>): Option<readonly Algorithm[]> =>
  custom(
    { mustBe: `a list out of ${ALGORITHMS}`, read: readAlgorithms, fromText: algorithmsIn },
    about,
  );

type Keys = KeyInput | readonly KeyInput[];

/** Keys are read together with their algorithms: see `resolveTokenRules`. */
export const keyList = (about: About<Keys>): Option<unknown, Keys> =>
  custom<unknown, Keys>(
    {
      mustBe: `a key or a list of keys, at most ${MAX_CANDIDATES} without a \`kid\` for each algorithm`,
      read: (value) => value,
    },
    about,
  );

const FETCHABLE = 'an https URL, or http on this machine, without user and password';

const ENCRYPTED =
  'By http from another machine, keys could be replaced on their way. Serve them by https; for a CA ' +
  'of your own, set NODE_EXTRA_CA_CERTS.';

/** Where keys are fetched. */
export const jwksUri = (about: About<string>): Option<string> =>
  custom(
    {
      mustBe: FETCHABLE,
      read: readJwksUri,
      fromText: (text) => (isFetchable(text) ? text : undefined),
    },
    about,
  );

/** Values of the header `typ`, normalized. */
export const typeList = (
  about: About<readonly string[]>,
): Option<ReadonlySet<string>, readonly string[]> =>
  custom<ReadonlySet<string>, readonly string[]>({ mustBe: TYPES, read: readTypes }, about);

function readJwksUri(value: unknown, option: string): string {
  if (isFetchable(value)) return value;
  throw misconfigured(option, FETCHABLE, kindOf(value), ENCRYPTED);
}

function readAlgorithms(value: unknown, option: string): readonly Algorithm[] {
  const names: readonly unknown[] = Array.isArray(value) ? value : [];
  if (names.length === 0) throw misconfigured(option, 'a non-empty list', kindOf(value));
  names.forEach((name, index) => {
    if (isAlgorithm(name) && names.indexOf(name) === index) return;
    const mustBe = `one of ${ALGORITHMS}, each once`;
    const got = isAlgorithm(name) ? `${name} again` : describeName(name);
    throw misconfigured(`${option}[${index}]`, mustBe, got);
  });
  return names.filter(isAlgorithm);
}

function algorithmsIn(text: string): readonly Algorithm[] | undefined {
  const names = text.split(',').flatMap((name) => name.trim() || []);
  return names.every(isAlgorithm) ? names : undefined;
}

function describeName(value: unknown): string {
  return typeof value === 'string' ? 'an unknown name' : kindOf(value);
}

type Accepted = string | readonly string[] | null;

/** One name or several; `null`: unchecked. */
export function accepted(about: About<Accepted>): Option<ReadonlySet<string> | null, Accepted> {
  const mustBe = `${NAMES}, or null to leave it unchecked`;
  const read = (value: unknown, option: string): ReadonlySet<string> | null => {
    const found = value === null ? null : namesIn(value);
    if (found !== undefined) return found;
    throw misconfigured(option, mustBe, kindOfNames(value), UNCHECKED);
  };
  const fromText = (text: string): string | undefined =>
    isAcceptableName(text) ? text : undefined;
  return custom({ mustBe, read, fromText, textMustBe: 'a string of 1–255 characters' }, about);
}

/** One name or several. */
export const names = (
  about: About<string | readonly string[]>,
): Option<ReadonlySet<string>, string | readonly string[]> =>
  custom<ReadonlySet<string>, string | readonly string[]>(
    {
      mustBe: NAMES,
      read: (value, option) => {
        const found = namesIn(value);
        if (found !== undefined) return found;
        throw misconfigured(option, NAMES, kindOfNames(value));
      },
    },
    about,
  );

function readTypes(value: unknown, option: string): ReadonlySet<string> {
  const found = Array.isArray(value) ? namesIn(value) : undefined;
  if (found !== undefined) return new Set([...found].map(normalizeType));
  throw misconfigured(option, TYPES, kindOfNames(value));
}

/** @returns `undefined`: it is neither a name nor a list of names. */
function namesIn(value: unknown): ReadonlySet<string> | undefined {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.length > 0 && values.every(isAcceptableName) ? new Set(values) : undefined;
}

function kindOfNames(value: unknown): string {
  return Array.isArray(value) && value.length > 0 ? 'a list with something else' : kindOf(value);
}

function isAcceptableName(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 1 && value.length <= MAX_NAME_LENGTH;
}
