import { createHash } from 'node:crypto';
import { kindOf, misconfigured } from '../options/misconfiguration';
import {
  custom,
  flag,
  optional,
  quoted,
  resolve,
  whole,
  type Option,
  type Table,
} from '../options/option';
import { jsonList } from '../options/variables';
import type { Caller } from './introspection-callers';

/** A resource server that may ask what tokens are worth. */
export interface IntrospectionCaller {
  /** Its name, the user of HTTP Basic: 1–255 characters, without `:` and controls; unique. */
  readonly id: string;
  /**
   * The SHA-256 of its secret in hex, 64 digits; of two secrets while one replaces the other. A
   * secret has at least 32 random bytes, and each is of one caller alone.
   */
  readonly secretHashes: string | readonly string[];
  /**
   * It is told of tokens alone whose `aud` names one of these: one name or several, each of 1–255
   * characters. `null`: of tokens for any audience.
   */
  readonly audiences: string | readonly string[] | null;
  /** Whether it is told of refresh tokens, too. @defaultValue false */
  readonly refreshTokens?: boolean;
}

export interface IntrospectionOptions {
  /**
   * Who may ask what a token is worth (RFC 7662): 1–100 resource servers. `AuthModule` then has the
   * route `POST <path>/introspect`, and `createRevocation` the handler `introspect`.
   * @defaultValue none: there is no such route
   */
  readonly introspectionCallers?: readonly IntrospectionCaller[];
  /**
   * Introspections of one caller in a window of `throttleTtlMs`; a whole number, 1–1 000 000.
   * @defaultValue 60 000
   */
  readonly introspectionLimit?: number;
}

const MAX_CALLERS = 100;
const MAX_HASHES = 2;
const ID = 'a string of 1–255 characters without ":" and controls';
const AUDIENCES =
  'a string of 1–255 characters, or a non-empty list of them, or null for any audience';
const HASHES = 'the SHA-256 of a secret in hex (64 digits), or a list of two';
const MADE_BY =
  'Make a secret with `openssl rand -hex 32`, and its hash with ' +
  '`printf %s <secret> | sha256sum | cut -d" " -f1`.';

/** What `sha256sum` says where a variable was not set, or a file was empty. */
const OF_NOTHING = ['', '\n'].map((nothing) => createHash('sha256').update(nothing).digest());

/** The members of a caller. */
export const CALLER_OPTIONS = {
  id: custom<string>({ mustBe: ID, read: readId }, { says: 'The user of HTTP Basic.' }),
  secretHashes: custom<readonly Buffer[], string | readonly string[]>(
    { mustBe: HASHES, read: readHashes },
    { says: 'The SHA-256 of its secrets.' },
  ),
  audiences: custom<ReadonlySet<string> | null, string | readonly string[] | null>(
    { mustBe: AUDIENCES, read: readAudiences },
    { says: 'For which audiences the tokens are that it is told of.' },
  ),
  refreshTokens: flag({ default: false, says: 'Whether it is told of refresh tokens.' }),
} satisfies Table<IntrospectionCaller>;

export const INTROSPECTION_OPTIONS = {
  introspectionCallers: optional(
    custom<readonly Caller[], readonly IntrospectionCaller[]>(
      {
        mustBe: `a list of 1 to ${MAX_CALLERS} callers, each with id, secretHashes and audiences`,
        read: readCallers,
        fromText: jsonList,
        textMustBe:
          'a JSON list of callers, each with id, secretHashes and audiences, none of them twice',
      },
      {
        env: 'INTROSPECTION_CALLERS',
        says:
          'Who may ask what a token is worth (RFC 7662), at `POST <path>/introspect` or the handler ' +
          '`introspect`; without it there is none.',
      },
    ),
  ),
  introspectionLimit: whole(1, 1_000_000, {
    unit: 'requests',
    default: 60_000,
    env: 'INTROSPECTION_LIMIT',
    says: 'How many of them each caller may send in a window of `throttleTtlMs`.',
  }),
} satisfies Readonly<Record<keyof IntrospectionOptions, Option<unknown>>>;

function readCallers(value: unknown, option: string): readonly Caller[] {
  const mustBe = `a list of 1 to ${MAX_CALLERS} callers`;
  if (!Array.isArray(value)) throw misconfigured(option, mustBe, kindOf(value));
  if (value.length < 1 || value.length > MAX_CALLERS)
    throw misconfigured(option, mustBe, `${value.length} of them`, 'Leave it out for no route.');
  const callers = value.map((each: unknown, at) =>
    resolve(CALLER_OPTIONS, each, {}, `${option}[${at}].`),
  );
  for (const [at, { id, secretHashes }] of callers.entries()) {
    const others = callers.slice(0, at);
    if (others.some((other) => other.id === id))
      throw misconfigured(`${option}[${at}].id`, 'the name of one caller alone', quoted(id));
    const known = others.flatMap((other) => other.secretHashes);
    if (secretHashes.some((hash) => isAmong(hash, known)))
      throw misconfigured(
        `${option}[${at}].secretHashes`,
        'of a secret of this caller alone',
        'one that another caller has',
        MADE_BY,
      );
  }
  return callers;
}

function readId(value: unknown, option: string): string {
  if (typeof value === 'string' && value.isWellFormed() && /^[^:\p{Cc}]{1,255}$/u.test(value))
    return value;
  throw misconfigured(option, ID, kindOf(value));
}

function readHashes(value: unknown, option: string): readonly Buffer[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (values.length < 1 || values.length > MAX_HASHES)
    throw misconfigured(option, HASHES, `${values.length} of them`, MADE_BY);
  const hashes = values.map((each) => readHash(each, option));
  if (hashes.some((hash, at) => isAmong(hash, hashes.slice(0, at))))
    throw misconfigured(option, 'two different hashes', 'one twice', MADE_BY);
  return hashes;
}

function readHash(value: unknown, option: string): Buffer {
  if (typeof value !== 'string' || !/^[\da-f]{64}$/i.test(value))
    throw misconfigured(option, HASHES, kindOf(value), MADE_BY);
  const hash = Buffer.from(value, 'hex');
  if (isAmong(hash, OF_NOTHING))
    throw misconfigured(option, HASHES, 'that of an empty secret', MADE_BY);
  return hash;
}

function readAudiences(value: unknown, option: string): ReadonlySet<string> | null {
  if (value === null) return null;
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (values.length === 0) throw misconfigured(option, AUDIENCES, kindOf(value));
  return new Set(
    values.map((each) => {
      if (typeof each === 'string' && each.length >= 1 && each.length <= 255) return each;
      throw misconfigured(option, AUDIENCES, kindOf(each));
    }),
  );
}

const isAmong = (hash: Buffer, others: readonly Buffer[]): boolean =>
  others.some((other) => other.equals(hash));
