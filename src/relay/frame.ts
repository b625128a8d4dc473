import { sizeOf } from '../revocation/feed-slice';
import { ANY_ISSUE_TIME } from '../revocation/revocation';
import {
  PREFIX_BYTES,
  type AbsoluteGroup,
  type Cutoff,
  type FeedCursor,
  type FeedSlice,
} from '../revocation/revocation-feed';

/** What a relay tells, in one message. */
export interface Frame {
  /** The nonces that were taken before the read of what the frame brings. */
  readonly answers: readonly string[];
  /** Where that read stands. A relay goes on from here, whichever wrote the frame. */
  readonly cursor: FeedCursor;
  /** The store's clock at that read, in ms since the epoch. */
  readonly storeMs: number;
  readonly slice: FeedSlice;
}

/** What an instance asks: for an answer to this nonce, on which its lease may rest. */
export interface Question {
  readonly nonce: string;
  readonly maxStalenessMs: number;
}

const VERSION = 1;
/** 64 KB of prefixes. */
const MAX_PER_SLICE = 4096;

type SliceText = readonly [
  absolute: readonly (readonly [expiresBefore: number, prefixes: string])[],
  cutoffs: readonly (readonly [key: string, issuedBefore: number | null, expiresAt: number])[],
];

type FrameText = readonly [
  version: number,
  answers: readonly string[],
  cursor: readonly [snapshot: string, server: string],
  storeMs: number,
  slice: SliceText,
];

/**
 * The texts of a cursor go into statements. What a relay finds in a broker is none of a feed unless
 * it has the form of one: digits, letters and marks without a meaning in SQL.
 */
const CURSOR_TEXT = /^[\w.:,/]*$/;
const QUESTION = /^([0-9a-f]{16}) (\d{1,6})$/;
const KEY = /^[0-9a-f]{64}$/;

export function encodeFrame({ answers, cursor, storeMs, slice }: Frame): string {
  const { snapshot, server } = cursor;
  const text: FrameText = [VERSION, answers, [snapshot, server], storeMs, textOf(slice)];
  return JSON.stringify(text);
}

/** @throws {Error} it is none, or one of another version. */
export function decodeFrame(text: string): Frame {
  const [version, answers, [snapshot, server], storeMs, slice] = JSON.parse(text) as FrameText;
  if (version !== VERSION || !Number.isFinite(storeMs)) throw unreadable();
  if (![snapshot, server].every((part) => CURSOR_TEXT.test(part))) throw unreadable();
  return { answers, cursor: { snapshot, server }, storeMs, slice: sliceOf(slice) };
}

export const encodePage = (slice: FeedSlice): string => JSON.stringify(textOf(slice));

/** @throws {Error} it is none. */
export const decodePage = (text: string): FeedSlice => sliceOf(JSON.parse(text) as SliceText);

export const encodeQuestion = ({ nonce, maxStalenessMs }: Question): string =>
  `${nonce} ${maxStalenessMs}`;

/** @returns nothing where the text is no question. */
export function questionsIn(text: string): Question[] {
  const [, nonce, maxStalenessMs] = QUESTION.exec(text) ?? [];
  return nonce === undefined ? [] : [{ nonce, maxStalenessMs: Number(maxStalenessMs) }];
}

/** The same revocations in slices of about 4096; of none, no slice. */
export function packed(slices: readonly FeedSlice[]): FeedSlice[] {
  const packs: { absolute: AbsoluteGroup[]; cutoffs: Cutoff[]; size: number }[] = [];
  for (const slice of slices) {
    const size = sizeOf(slice);
    if (size === 0) continue;
    const last = packs.at(-1);
    const { absolute, cutoffs } = slice;
    if (last === undefined || last.size + size > MAX_PER_SLICE) {
      packs.push({ absolute: [...absolute], cutoffs: [...cutoffs], size });
    } else {
      last.absolute.push(...absolute);
      last.cutoffs.push(...cutoffs);
      last.size += size;
    }
  }
  return packs;
}

export const EMPTY_SLICE: FeedSlice = { absolute: [], cutoffs: [] };

const textOf = ({ absolute, cutoffs }: FeedSlice): SliceText => [
  absolute.map(
    ({ expiresBefore, prefixes }) =>
      [expiresBefore.getTime(), prefixes.toString('base64')] as const,
  ),
  cutoffs.map(({ key, issuedBefore, expiresAt }) => {
    const before = issuedBefore === ANY_ISSUE_TIME ? null : issuedBefore.getTime();
    return [key, before, expiresAt.getTime()] as const;
  }),
];

const sliceOf = ([absolute, cutoffs]: SliceText): FeedSlice => ({
  absolute: absolute.map(([expiresBefore, prefixes]) => ({
    expiresBefore: instant(expiresBefore),
    prefixes: wholePrefixes(Buffer.from(prefixes, 'base64')),
  })),
  cutoffs: cutoffs.map(([key, issuedBefore, expiresAt]) => {
    if (!KEY.test(key)) throw unreadable();
    const before = issuedBefore === null ? ANY_ISSUE_TIME : instant(issuedBefore);
    return { key, issuedBefore: before, expiresAt: instant(expiresAt) };
  }),
});

function instant(ms: number): Date {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) throw unreadable();
  return date;
}

function wholePrefixes(prefixes: Buffer): Buffer {
  if (prefixes.length % PREFIX_BYTES !== 0) throw unreadable();
  return prefixes;
}

const unreadable = (): Error =>
  new Error('The broker holds what this version cannot read. Run one version everywhere.');
