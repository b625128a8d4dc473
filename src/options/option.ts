import { copiesLoaded, isOfOtherCopy } from './copies';
import { kindOf, misconfigured } from './misconfiguration';

/** What stands beside the check of an option. */
export interface About<In> {
  /** What it does, in one or two sentences for docs/options.md. */
  readonly says: string;
  /** Holds where the option is `undefined`. Without it the option must be given. */
  readonly default?: In;
  /** How docs/options.md words a default that is computed, or is no plain value. */
  readonly defaultSays?: string;
  /** The variable that sets it in the service. */
  readonly env?: string;
}

/** How a value is checked, and how the text of a variable becomes one. */
export interface Rule<Out, In = Out> {
  /** Completes the sentence "the option must be …". */
  readonly mustBe: string;
  /** @throws {TypeError} naming the option, what it must be and what it was. */
  readonly read: (value: unknown, name: string) => Out;
  /** The value that a variable's text means; `undefined` where it means none. */
  readonly fromText?: (text: string) => In | undefined;
  /** `mustBe` of the variable, where that differs. */
  readonly textMustBe?: string;
}

/** One option: everything that the code, the service and docs/options.md know of it. */
export interface Option<Out, In = Out> extends Rule<Out, In> {
  readonly about: About<In>;
  readonly isOptional?: boolean;
}

/** The entries for the options `Options`, all of them. Use it with `satisfies`. */
export type Table<Options> = {
  readonly [Name in keyof Options]-?: Option<unknown, Exclude<Options[Name], undefined>>;
};

export type Entries = Readonly<Record<string, Option<unknown>>>;

/** What a table makes of the options that it is given. */
export type Resolved<T> = {
  readonly [Name in keyof T]: T[Name] extends Option<infer Out, unknown> ? Out : never;
};

/** An option with a check of its own; `read` is given the default where there is one. */
export function custom<Out, In = Out>(rule: Rule<Out, In>, about: About<In>): Option<Out, In> {
  const read = (value: unknown, name: string): Out =>
    rule.read(value === undefined ? about.default : value, name);
  return { ...rule, about, read };
}

/** Without a default: `undefined` stays `undefined`. */
export function optional<Out, In>(option: Option<Out, In>): Option<Out | undefined, In> {
  const read = (value: unknown, name: string): Out | undefined =>
    value === undefined ? undefined : option.read(value, name);
  return { ...option, isOptional: true, read };
}

/** Takes a value as it is, if `isGood`. */
export function checked<T>(
  rule: Omit<Rule<T>, 'read'> & { readonly isGood: (value: unknown) => value is T },
  about: About<T>,
  describe: (value: unknown) => string = kindOf,
): Option<T> {
  const { isGood, ...rest } = rule;
  const read = (value: unknown, name: string): T => {
    if (isGood(value)) return value;
    throw misconfigured(name, rule.mustBe, describe(value));
  };
  return custom({ ...rest, read }, about);
}

/** A whole number from `min` to `max`, both included. */
export function whole(
  min: number,
  max: number,
  { unit, ...about }: About<number> & { readonly unit?: string },
): Option<number> {
  const mustBe = `a whole number${unit === undefined ? '' : ` of ${unit}`} from ${min} to ${max}`;
  const isGood = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
  const fromText = (text: string): number | undefined =>
    /^\d+$/.test(text) && isGood(Number(text)) ? Number(text) : undefined;
  return checked({ mustBe, isGood, fromText }, about, quoted);
}

/** One of these values. */
export function oneOf<const T extends string | number>(
  choices: readonly T[],
  about: About<NoInfer<T>>,
): Option<T> {
  const mustBe = choices.map((choice) => JSON.stringify(choice)).join(' or ');
  const isGood = (value: unknown): value is T => choices.some((choice) => choice === value);
  const fromText = (text: string): T | undefined =>
    choices.find((choice) => String(choice) === text);
  return checked({ mustBe, isGood, fromText, textMustBe: choices.join(' or ') }, about, quoted);
}

export function flag(about: About<boolean>): Option<boolean> {
  const isGood = (value: unknown): value is boolean => typeof value === 'boolean';
  const fromText = (text: string): boolean | undefined =>
    text === 'true' || text === 'false' ? text === 'true' : undefined;
  return checked({ mustBe: 'true or false', isGood, fromText }, about);
}

/** Text of this form. Messages do not show it: it may hold a secret. */
export function text(mustBe: string, form: RegExp, about: About<string>): Option<string> {
  const isGood = (value: unknown): value is string => typeof value === 'string' && form.test(value);
  const fromText = (value: string): string | undefined => (isGood(value) ? value : undefined);
  return checked({ mustBe, isGood, fromText }, about);
}

/** An instance of this class. */
export function instance<T>(
  type: abstract new (...args: never[]) => T,
  mustBe: string,
  about: About<T>,
): Option<T> {
  const read = (value: unknown, name: string): T => {
    if (value instanceof type) return value;
    if (!isOfOtherCopy(value, type)) throw misconfigured(name, mustBe, kindOf(value));
    throw misconfigured(name, mustBe, 'one of another copy of nestjs-logout', copiesLoaded());
  };
  return custom({ mustBe, read }, about);
}

/** An object that has this method. */
export function having<T>(method: string, mustBe: string, about: About<T>): Option<T> {
  const isGood = (value: unknown): value is T =>
    typeof value === 'object' && value !== null && typeof Reflect.get(value, method) === 'function';
  return checked({ mustBe, isGood }, about);
}

const FUNCTION = 'a function';

export function func<F>(about: About<F>): Option<F> {
  const isGood = (value: unknown): value is F => typeof value === 'function';
  return checked({ mustBe: FUNCTION, isGood }, about);
}

/** A function that reports; what it throws is dropped: no caller could act on it. */
export function reporter<E>(about: About<(error: E) => void>): Option<(error: E) => void> {
  const given = func(about);
  const read = (value: unknown, name: string): ((error: E) => void) => {
    const report = given.read(value, name);
    return (error) => {
      try {
        report(error);
      } catch {
        // Called from timers, sockets and requests, which must go on.
      }
    };
  };
  return { ...given, read };
}

/** A list; `each` says what a member must be. */
export function list<T>(
  each: string,
  isMember: (member: unknown, at: number, all: readonly unknown[]) => member is T,
  about: About<readonly T[]>,
): Option<readonly T[]> {
  const read = (value: unknown, name: string): readonly T[] => {
    if (!Array.isArray(value)) throw misconfigured(name, 'a list', kindOf(value));
    return value.map((member: unknown, at, all) => {
      if (isMember(member, at, all)) return member;
      throw misconfigured(`${name}[${at}]`, each, kindOf(member));
    });
  };
  return custom({ mustBe: `a list; each member ${each}`, read }, about);
}

/** For values that are no secret: their text may be shown. */
export function quoted(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : kindOf(value);
}

/**
 * The options of a table, checked, with every default in place. Other options are not looked at.
 * @param prefix what messages put before the name of an option, such as `issuers[0].`.
 */
export function readOptions<T extends Entries>(
  table: T,
  options: object,
  prefix = '',
): Resolved<T> {
  const entries = Object.entries(table).map(([name, option]) => [
    name,
    option.read(withoutHoles(Reflect.get(options, name)), prefix + name),
  ]);
  return Object.freeze(Object.fromEntries(entries)) as Resolved<T>;
}

/** Methods of lists pass over holes, and so would every check: each becomes `undefined`. */
export const withoutHoles = (value: unknown): unknown =>
  Array.isArray(value) ? Array.from<unknown>(value) : value;

/**
 * As `readOptions`; a misspelt `audience`, ignored, would leave it unchecked.
 * @param others a table of options that are read elsewhere.
 * @param prefix see `readOptions`.
 * @throws {TypeError} naming the option, what it must be and what it was; also for an option that
 * no table has, and for one that is inherited, as a polluted prototype would set it.
 */
export function resolve<T extends Entries>(
  table: T,
  options: unknown,
  others: Entries = {},
  prefix = '',
): Resolved<T> {
  if (typeof options !== 'object' || options === null)
    throw misconfigured(prefix.slice(0, -1) || 'options', 'an object', kindOf(options));
  const known = { ...table, ...others };
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined)
    throw misconfigured(
      prefix + unknown,
      'left out',
      'an option that does not exist',
      'Check its spelling.',
    );
  const inherited = Object.keys(known).find(
    (name) => name in options && !Object.hasOwn(options, name),
  );
  if (inherited !== undefined)
    throw misconfigured(
      prefix + inherited,
      'a property of the options object itself',
      'inherited',
      'Pass a plain object.',
    );
  return readOptions(table, options, prefix);
}
