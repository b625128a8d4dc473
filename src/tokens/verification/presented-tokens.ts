import { LRUCache } from 'lru-cache';
import { isClaims } from './claims';
import { tokenKey, type TokenIdentity } from '../identity';
import { queryOf } from '../scopes';
import type { VerifiedToken } from '../verified-token';
import { parseJsonObject, type JsonObject } from './json-object';
import { ownText } from './verified-token-cache';
import { SeenOnceFilter } from './seen-once-filter';

/** A token as it was found in a text. Its signature was not checked: it may be forged. */
export interface UnverifiedToken extends VerifiedToken {
  readonly header: JsonObject;
  /** `header.payload` as received: what the signature covers (RFC 7515 §5.2). */
  readonly signingInput: string;
  /** What stands behind it, up to the next dot: the signature, in whatever spelling. */
  readonly signature: string;
}

/** More tokens than this in one text are nothing that a client of ours sends. */
const MAX_TOKENS = 8;
const MAX_TEXT_LENGTH = 16 * 1024;
/** How many parts are decoded in search of them: it bounds what a hostile text costs. */
const MAX_DECODED = 64;

/** `{"exp":1}` in base64url: no shorter payload can be a token that was accepted. */
const MIN_OBJECT_LENGTH = 12;
/** How base64url begins `{"`, `{}`, `{` with a blank behind it, and a blank. */
const OBJECT_BEGINS = /^(?:e[yw3]|[ICD])/;
const DOT = 0x2e;

/**
 * Every token in a text, whatever stands around it: a scheme, quotes, the signature of a signed
 * cookie. Escapes of URLs and of JSON are read first, and JSON in base64 is looked into, as
 * cookie-session writes it. A token is known by its first two parts alone: verifiers differ in how
 * they read the third.
 * @returns `undefined`: the text is longer than 16 KiB or holds more than 8 of them.
 */
export function presentedTokens(
  text: string,
  identity: TokenIdentity,
): readonly UnverifiedToken[] | undefined {
  if (text.length > MAX_TEXT_LENGTH) return undefined;
  const plain = withoutEscapes(text);
  const texts = [plain, ...encodedObjects(plain)];
  const found = texts.map((each) => tokensIn(each, identity));
  if (found.includes(undefined)) return undefined;
  const tokens = found.flatMap((each) => each ?? []);
  return tokens.length > MAX_TOKENS ? undefined : tokens;
}

/** Whether a text can have a token in it at all: a dot, or something that may hide one. */
export function mayHoldToken(text: string): boolean {
  return /[.%\\]/.test(text) || LONG_OBJECT.test(text);
}

/** JSON that is long enough to have a token in it. */
const LONG_OBJECT = /ey[\w+/-]{60}/;

/** What stands in base64, where it looks like JSON and is no part of a token itself. */
function encodedObjects(plain: string): readonly string[] {
  if (!LONG_OBJECT.test(plain)) return [];
  const runs = plain.match(/(?<![\w+/.-])(?:[\w-]*?-)?ey[\w+/-]{60,}(?![\w+/.-])/g) ?? [];
  return runs
    .slice(0, MAX_TOKENS)
    .map((run) => Buffer.from(run.slice(run.indexOf('ey')), 'base64').toString('utf8'))
    .map(withoutEscapes);
}

function tokensIn(plain: string, identity: TokenIdentity): readonly UnverifiedToken[] | undefined {
  const found: UnverifiedToken[] = [];
  let decoded = 0;
  let objects = 0;
  // By character codes: a header may have thousands of dots.
  for (let at = 0; at < plain.length; at += 1) {
    if (plain.charCodeAt(at) !== DOT || !mayBeginObject(plain.charCodeAt(at + 1))) continue;
    const end = endOfRun(plain, at + 1);
    if (end - at <= MIN_OBJECT_LENGTH) continue;
    const payload = plain.slice(at + 1, end);
    if (!looksLikeObject(payload)) continue;
    decoded += 1;
    if (decoded > MAX_DECODED) return undefined;
    if (!endsLikeObject(payload)) continue;
    objects += 1;
    if (objects > MAX_TOKENS) return undefined;
    const token = tokenAt(plain, at, payload, identity);
    if (token !== undefined) found.push(token);
  }
  return found;
}

function tokenAt(
  text: string,
  dot: number,
  payload: string,
  identity: TokenIdentity,
): UnverifiedToken | undefined {
  const claims = parseJsonObject(payload);
  // A token without the claims that are required was never accepted, so it was never revoked.
  if (claims === undefined || !isClaims(claims)) return undefined;
  const found = findHeader(runBefore(text, dot));
  if (found === undefined) return undefined;
  const signingInput = `${found.text}.${payload}`;
  return {
    claims,
    revocationKey: tokenKey(claims, signingInput, identity),
    keys: queryOf({ claims, signingInput, identity }),
    header: found.header,
    signingInput,
    signature: signatureAfter(text, dot + 1 + payload.length),
  };
}

/** The header at the end of a run: a prefix such as `jwt-` may stand before it. */
function findHeader(run: string): { text: string; header: JsonObject } | undefined {
  for (let tries = 0, start = 0; start !== -1 && tries < MAX_TOKENS; tries += 1) {
    const text = run.slice(start);
    const isObject = looksLikeObject(text) && endsLikeObject(text);
    const header = isObject ? parseJsonObject(text) : undefined;
    if (header !== undefined) return { text, header };
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

function signatureAfter(text: string, end: number): string {
  if (text.charCodeAt(end) !== DOT) return '';
  const next = text.indexOf('.', end + 1);
  return text.slice(end + 1, next === -1 ? undefined : next);
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

/**
 * The bytes that a lenient verifier may take a signature for: blanks, padding and other characters
 * within are skipped, and so is what follows; bits beyond the last byte count for nothing.
 * @param bytes how long a signature of the key is.
 */
export function lenientSignatures(signature: string, bytes: number): readonly Buffer[] {
  const [run = ''] = /[\w+/-]+/.exec(signature) ?? [];
  const all = signature.replace(/[^\w+/-]/g, '');
  return (run === all ? [run] : [run, all]).map((text) => fitted(decode(text), bytes));
}

function decode(text: string): Buffer {
  return Buffer.from(text, 'base64url');
}

/** OpenSSL takes an RSA signature without its leading zero bytes. */
function fitted(signature: Buffer, bytes: number): Buffer {
  const missing = bytes - signature.length;
  if (missing <= 0) return signature.subarray(0, bytes);
  return Buffer.concat([Buffer.alloc(missing), signature]);
}

/** What all remembered texts together may take. */
const MAX_CACHE_BYTES = 8 * 1024 * 1024;
const ENTRY_BYTES = 2000;
/** As long as the shortest signature there is, HS256's: no two tokens share it by chance. */
const NAME_LENGTH = 43;

interface ReadText {
  readonly text: string;
  readonly tokens: readonly UnverifiedToken[];
}

/** Reads texts, and remembers what it read in those that come again. No verdict is remembered. */
export class PresentedTokens {
  private readonly read = new LRUCache<string, ReadText>({ maxSize: MAX_CACHE_BYTES });
  private readonly sighted = new SeenOnceFilter();

  constructor(private readonly identity: TokenIdentity) {}

  /** @returns `undefined`: the text is too long, or holds too many tokens. */
  in(text: string): readonly UnverifiedToken[] | undefined {
    const name = text.slice(-NAME_LENGTH);
    // A part of the text finds it, because hashing all of it is slow; the whole text decides.
    const known = this.read.get(name);
    if (known?.text === text) return known.tokens;
    const tokens = presentedTokens(text, this.identity);
    // What never comes again would push out what does: a text has to come twice to be worth it.
    if (tokens !== undefined && tokens.length > 0 && this.sighted.wasSeen(text))
      this.remember(text);
    return tokens;
  }

  /** Read anew from a copy: what was cut from a header keeps all of that header alive. */
  private remember(text: string): void {
    const own = ownText(text);
    const tokens = presentedTokens(own, this.identity) ?? [];
    this.read.set(own.slice(-NAME_LENGTH), { text: own, tokens }, { size: sizeOf(own, tokens) });
  }
}

/** Claims, key and parts of a token, estimated upwards: two bytes a character, and objects. */
function sizeOf(text: string, tokens: readonly UnverifiedToken[]): number {
  return 2 * text.length + tokens.length * (ENTRY_BYTES + 8 * text.length);
}
