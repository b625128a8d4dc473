import type { ParsedToken } from '../verified-token';
import { parseJsonObject, type JsonObject } from './json-object';
import type { PayloadReader } from './payload-reader';
import { parseAnyHeader } from './token-header';

/** A token as it was found in a text. Its signature was not checked: it may be forged. */
export interface UnverifiedToken extends ParsedToken {
  readonly header: JsonObject;
  /** `header.payload` as received: what the signature covers (RFC 7515 §5.2). */
  readonly signingInput: string;
  /** What stands behind it, up to the next dot, in each way the text may be read; none is empty. */
  readonly signatures: readonly string[];
}

/** More tokens than this in one text are nothing that a client of ours sends. */
const MAX_TOKENS = 8;
/** The longest token that `maxTokenBytes` allows, with what stands before it. */
const MAX_TEXT_LENGTH = 17 * 1024;
/** How many parts are decoded in search of them: it bounds what a hostile text costs. */
const MAX_DECODED = 64;

/** `{"exp":1}` in base64url: no shorter payload can be a token that was accepted. */
const MIN_OBJECT_LENGTH = 12;
/** How base64url begins `{"`, `{}`, `{` with a blank behind it, and a blank. */
const OBJECT_BEGINS = /^(?:e[yw3]|[ICD])/;
const DOT = 0x2e;

/**
 * Every token in a text, whatever stands around it: a scheme, quotes, the signature of a signed
 * cookie. The text is read as it was sent, and as hosts rewrite it: without the escapes of URLs and
 * of JSON; without schemes, blanks and quotes, wherever they stand; and JSON in base64 is looked
 * into, as cookie-session writes it. A token is known by its first two parts alone: verifiers
 * differ in how they read the third.
 * @returns `undefined`: the text is longer than 17 KiB or holds more than 8 of them.
 */
export function presentedTokens(
  text: string,
  payloads: PayloadReader,
): readonly UnverifiedToken[] | undefined {
  if (text.length > MAX_TEXT_LENGTH) return undefined;
  const compact = compactToken(text, payloads);
  if (compact !== undefined) return [compact];
  const found = new Map<string, UnverifiedToken>();
  const budget = { decoded: MAX_DECODED };
  for (const reading of readingsOf(text)) {
    const tokens = tokensIn(reading, payloads, budget);
    if (tokens === undefined) return undefined;
    for (const token of tokens) found.set(token.signingInput, joined(token, found));
  }
  return found.size > MAX_TOKENS ? undefined : [...found.values()];
}

function joined(
  token: UnverifiedToken,
  found: ReadonlyMap<string, UnverifiedToken>,
): UnverifiedToken {
  const known = found.get(token.signingInput)?.signatures ?? [];
  return known.length === 0
    ? token
    : { ...token, signatures: [...new Set([...known, ...token.signatures])] };
}

/** The text as hosts may read it. */
function readingsOf(text: string): readonly string[] {
  const plain = withoutEscapes(text);
  return [...new Set([text, plain, ...withoutRemovable(plain), ...encodedObjects(plain)])];
}

/** A token alone, or behind its scheme (RFC 7515 §7.1), as nearly all texts are. */
const COMPACT = /^(?:(?:bearer|jwt|token) +)?([\w-]+)\.([\w-]+)\.([\w-]+)$/i;

function compactToken(text: string, payloads: PayloadReader): UnverifiedToken | undefined {
  const [, headerText = '', payload = '', signature = ''] = COMPACT.exec(text) ?? [];
  // A host may remove the scheme from wherever it stands.
  if (headerText === '' || /(?!^)bearer/i.test(text)) return undefined;
  const header = parseAnyHeader(headerText);
  if (header === undefined) return undefined;
  return unverifiedToken({ headerText, header, payload, signatures: [signature] }, payloads);
}

interface Parts {
  readonly headerText: string;
  readonly header: JsonObject;
  readonly payload: string;
  readonly signatures: readonly string[];
}

function unverifiedToken(
  { headerText, header, payload, signatures }: Parts,
  payloads: PayloadReader,
): UnverifiedToken | undefined {
  const signingInput = `${headerText}.${payload}`;
  // A token without `exp` was never accepted, so it was never revoked. One without a subject may
  // have been, when the subject stood elsewhere.
  const token = payloads.peek(payload, signingInput);
  if (token === undefined) return undefined;
  const { claims, subject, sessionId, revocationKey, keys } = token;
  // Written out: with a spread V8 makes a hidden class for each token, which costs microseconds.
  return { claims, subject, sessionId, revocationKey, keys, header, signingInput, signatures };
}

/** As `.replace('Bearer ', '')` leaves it, and `.replace('Bearer', '')`; without blanks and quotes. */
function withoutRemovable(plain: string): readonly string[] {
  if (!/bearer|[\s"']/i.test(innerPart(plain))) return [];
  return [
    plain.replace(/(?:bearer|jwt|token)\s+|[\s"']+/gi, ''),
    plain.replace(/bearer|[\s"']+/gi, ''),
  ];
}

/** Without the scheme, blanks and quotes at its ends. By a loop: a pattern would take quadratic time. */
function innerPart(plain: string): string {
  const [start = ''] = /^\s*(?:(?:bearer|jwt|token)\s+)?["']?/i.exec(plain) ?? [];
  let end = plain.length;
  while (end > start.length && /[\s"']/.test(plain.charAt(end - 1))) end -= 1;
  return plain.slice(start.length, end);
}

/** Whether a text can have a token in it at all: long enough, and with a dot or what may hide one. */
export function mayHoldToken(text: string): boolean {
  return text.length >= SHORTEST_TOKEN && (/[.%\\]/.test(text) || LONG_OBJECT.test(text));
}

/** `{"alg":"HS256"}`, a dot, and `{"exp":2e9}`; its signature may be away. */
const SHORTEST_TOKEN = 36;

/** JSON that is long enough to have a token in it. */
const LONG_OBJECT = /ey[\w+/-]{60}/;

/** What stands in base64, where it looks like JSON and is no part of a token itself. */
function encodedObjects(plain: string): readonly string[] {
  if (!LONG_OBJECT.test(plain)) return [];
  const runs = plain.match(/(?<![\w+/.-])(?:[\w-]*?-)?ey[\w+/-]{60,}(?![\w+/-])/g) ?? [];
  return runs
    .slice(0, MAX_TOKENS)
    .map((run) => Buffer.from(run.slice(run.indexOf('ey')), 'base64').toString('utf8'))
    .map(withoutEscapes);
}

function tokensIn(
  plain: string,
  payloads: PayloadReader,
  budget: { decoded: number },
): readonly UnverifiedToken[] | undefined {
  const found: UnverifiedToken[] = [];
  let objects = 0;
  // By character codes: a header may have thousands of dots.
  for (let at = 0; at < plain.length; at += 1) {
    if (plain.charCodeAt(at) !== DOT || !mayBeginObject(plain.charCodeAt(at + 1))) continue;
    const end = endOfRun(plain, at + 1);
    if (end - at <= MIN_OBJECT_LENGTH) continue;
    const payload = plain.slice(at + 1, end);
    if (!looksLikeObject(payload)) continue;
    budget.decoded -= 1;
    if (budget.decoded < 0) return undefined;
    if (!endsLikeObject(payload)) continue;
    objects += 1;
    if (objects > MAX_TOKENS) return undefined;
    const token = tokenAt(plain, at, payload, payloads);
    if (token !== undefined) found.push(token);
  }
  return found;
}

function tokenAt(
  text: string,
  dot: number,
  payload: string,
  payloads: PayloadReader,
): UnverifiedToken | undefined {
  const found = findHeader(runBefore(text, dot));
  if (found === undefined) return undefined;
  const signatures = signaturesAfter(text, dot + 1 + payload.length);
  return unverifiedToken({ ...found, payload, signatures }, payloads);
}

/** The header at the end of a run: a prefix such as `jwt-` may stand before it. */
function findHeader(run: string): Pick<Parts, 'headerText' | 'header'> | undefined {
  for (let tries = 0, start = 0; start !== -1 && tries < MAX_TOKENS; tries += 1) {
    const headerText = run.slice(start);
    const isObject = looksLikeObject(headerText) && endsLikeObject(headerText);
    const header = isObject ? parseJsonObject(headerText) : undefined;
    if (header !== undefined) return { headerText, header };
    start = indexOfObject(run, start + 1);
  }
  return undefined;
}

function indexOfObject(run: string, from: number): number {
  const at = run.slice(from).search(/ey|ew/);
  return at === -1 ? -1 : from + at;
}

/** The first character of `OBJECT_BEGINS`, as a code: most dots are followed by something else. */
function mayBeginObject(code: number): boolean {
  return code === 0x65 || code === 0x49 || code === 0x43 || code === 0x44;
}

function looksLikeObject(part: string): boolean {
  return part.length >= MIN_OBJECT_LENGTH && OBJECT_BEGINS.test(part);
}

function endsLikeObject(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('latin1').trimEnd().endsWith('}');
}

/** Where the characters of base64url end that begin at `start`. */
function endOfRun(text: string, start: number): number {
  let end = start;
  while (isBase64url(text.charCodeAt(end))) end += 1;
  return end;
}

function runBefore(text: string, dot: number): string {
  let start = dot;
  while (isBase64url(text.charCodeAt(start - 1))) start -= 1;
  return text.slice(start, dot);
}

/** Letters, digits, `-` and `_`; beyond the end of a text the code is NaN. */
function isBase64url(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2d ||
    code === 0x5f
  );
}

function signaturesAfter(text: string, end: number): readonly string[] {
  if (text.charCodeAt(end) !== DOT) return [];
  const next = text.indexOf('.', end + 1);
  const signature = text.slice(end + 1, next === -1 ? undefined : next);
  return signature === '' ? [] : [signature];
}

/** A text as a host reads it that decodes URLs, and then JSON. */
function withoutEscapes(text: string): string {
  const plain = decodePercent(text);
  if (!plain.includes('\\u')) return plain;
  return plain.replace(/\\u([\dA-Fa-f]{4})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
}

/** Broken escapes stay as they are, and do not hide the others. */
function decodePercent(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/%([0-7][\dA-Fa-f])/g, (_, hex: string) =>
      String.fromCharCode(parseInt(hex, 16)),
    );
  }
}
