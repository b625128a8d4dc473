import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Platform } from '../support/app';
import { RUN_ALGORITHMS, type RunAlgorithm } from './signing';
import type { TokenRecipe } from './token-recipe';

/** A request as a case writes it; every text in it may hold templates. */
export interface HostileRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

export interface Expectation {
  readonly status: readonly number[];
  readonly payload?: string;
  readonly property?: readonly string[];
}

/** A case of `cases.json`; the `_legend` there explains the members. */
export interface HostileCase {
  readonly id: string;
  readonly area: string;
  readonly title: string;
  readonly why: string;
  readonly issue: string;
  readonly request: HostileRequest;
  readonly expect: Expectation;
  readonly transport?: 'raw' | 'slow' | 'abort';
  readonly tokens?: Readonly<Record<string, TokenRecipe>>;
  readonly variants?: Readonly<Record<string, readonly string[]>>;
  /** How often in a row; a number, or a sum with `limit` and `instances` in it. */
  readonly repeat?: number | string;
  readonly concurrency?: number;
  readonly instances?: number;
  readonly setup?: readonly string[];
  readonly follow_up?: readonly (HostileRequest & { readonly expect: Expectation })[];
  readonly applies_to?: string;
}

/** Which of the six runs. */
export interface RunName {
  readonly platform: Platform;
  readonly algorithm: RunAlgorithm;
}

// An unknown member could carry a condition that is not checked.
const MEMBERS: Readonly<Record<keyof HostileCase, true>> = {
  id: true,
  area: true,
  title: true,
  why: true,
  issue: true,
  request: true,
  expect: true,
  transport: true,
  tokens: true,
  variants: true,
  repeat: true,
  concurrency: true,
  instances: true,
  setup: true,
  follow_up: true,
  applies_to: true,
};
const TRANSPORTS: readonly unknown[] = [undefined, 'raw', 'slow', 'abort'];

/**
 * The cases of one issue, in their order: those of `cases.json`, or of the file that
 * HOSTILE_CASES names.
 * @throws {Error} a case has a member or a transport that the harness does not know.
 */
export function readCases(issue: string): readonly HostileCase[] {
  const file = process.env.HOSTILE_CASES ?? join(__dirname, 'cases.json');
  const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: HostileCase[] };
  return cases.filter((each) => each.issue === issue).map(checked);
}

/** @throws {Error} see `readCases`. */
export function checked(hostileCase: HostileCase): HostileCase {
  const unknown = Object.keys(hostileCase).find((name) => !Object.hasOwn(MEMBERS, name));
  if (unknown !== undefined) throw new Error(`${hostileCase.id}: unknown member "${unknown}"`);
  if (!TRANSPORTS.includes(hostileCase.transport))
    throw new Error(`${hostileCase.id}: unknown transport "${String(hostileCase.transport)}"`);
  return hostileCase;
}

const FILLER = new Set(['all', 'algorithms', 'algorithm', 'only', 'and', 'or', 'on', 'platforms']);
const ALGORITHM = /^(?:HS|RS|PS|ES)(?:\*|\d{3})$|^EdDSA$/;
const FAMILIES: Readonly<Record<string, RegExp>> = { symmetric: /^HS/, asymmetric: /^(?!HS)/ };
const PLATFORM = /^(?:express|fastify)$/i;

/**
 * Whether a case is for this run: `all algorithms`, `PS* and ES*`, `fastify`, `asymmetric only` …
 * @throws {Error} a word is none of these.
 */
export function appliesTo({ id, applies_to = 'all' }: HostileCase, run: RunName): boolean {
  const words = applies_to.split(/[\s,/]+/).filter((word) => !FILLER.has(word.toLowerCase()));
  const platforms = words.filter((word) => PLATFORM.test(word));
  const algorithms = words.filter((word) => !PLATFORM.test(word)).map((word) => pattern(id, word));
  return (
    (platforms.length === 0 || platforms.some((name) => name.toLowerCase() === run.platform)) &&
    (algorithms.length === 0 || algorithms.some((each) => each.test(run.algorithm)))
  );
}

/** Areas whose cases are about requests, whatever algorithm their tokens are signed with. */
const ANY_ALGORITHM = new Set(['AUTH', 'BODY', 'DOS', 'RATE', 'IDEM', 'WEB']);

/**
 * Whether this run has the case. One about tokens is in the run of every algorithm that it applies
 * to; one about requests is in that of the first of them, once on each platform.
 */
export function runsIn(hostileCase: HostileCase, run: RunName): boolean {
  if (!appliesTo(hostileCase, run)) return false;
  if (!ANY_ALGORITHM.has(hostileCase.area)) return true;
  const first = RUN_ALGORITHMS.find((algorithm) => appliesTo(hostileCase, { ...run, algorithm }));
  return run.algorithm === first;
}

function pattern(id: string, word: string): RegExp {
  const family = FAMILIES[word.toLowerCase()];
  if (family !== undefined) return family;
  if (!ALGORITHM.test(word)) throw new Error(`${id}: applies_to names no algorithm: "${word}"`);
  return new RegExp(`^${word.replace('*', '\\d{3}')}$`);
}
