import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { RequestReason } from '../audit/reasons';

/** What a route takes as its body. */
export type BodyKind = 'json' | 'form' | 'none';

/** What a route asks of a body. */
export interface BodyRules {
  readonly body: BodyKind;
  readonly maxBodyBytes: number;
}

/** Why a body was not read. */
export type BodyReason = Extract<
  RequestReason,
  'unsupported_media_type' | 'content_too_large' | 'bad_request'
>;

export type Body =
  /** `value` is `undefined` where no body came. */
  | { readonly kind: 'read'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly reason: BodyReason }
  /** The client left before the body was whole. */
  | { readonly kind: 'aborted' };

/** A request, as far as its body goes. */
export interface BodyRequest {
  readonly headers: IncomingHttpHeaders;
  readonly httpVersionMajor?: number | undefined;
  /** Where the bytes come from, if they were not read yet. */
  readonly stream: Readable;
  /** What a parser of the host's, or its platform, has left. */
  readonly body?: unknown;
  /** The bytes, where the host or its platform keeps them; looked at again once they have ended. */
  readonly rawBody?: unknown;
}

const TOKEN = "[\\w!#$%&'*+.^`|~-]+";
/** A parameter of a media type, or the mere end of one, which may be empty (RFC 9110 §5.6.6). */
const PARAMETER = new RegExp(
  String.raw`[ \t]*(?:;[ \t]*(?:(${TOKEN})=(?:(${TOKEN})|"((?:[^"\\]|\\.)*)"))?|$)`,
  'y',
);
const MEDIA_TYPES: Readonly<Record<BodyKind, string>> = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  none: '',
};
const EMPTY: Body = { kind: 'read', value: undefined };
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Whether the head announces a body (RFC 9112 §6.3). HTTP/2 need not announce it. */
export function announcesBody(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * Reads a body whole and parses it, or takes what was read before. Only the route's media type in
 * UTF-8 without content encoding passes: any web page may send a form or plain text without asking
 * (CSRF), and an encoding may be a bomb. A body without bytes needs no media type. What is over the
 * limit is not kept. Never rejects.
 */
export async function readBody(request: BodyRequest, rules: BodyRules): Promise<Body> {
  if (rules.body === 'none') return EMPTY;
  const { headers, stream } = request;
  const isAcceptable = isMediaType(headers, rules.body);
  if (announcesBody(headers)) {
    const length = Number(headers['content-length'] ?? 0);
    if (!isAcceptable && length > 0) return refused('unsupported_media_type');
    if (length > rules.maxBodyBytes) return refused('content_too_large');
  }
  if (isBeingRead(request)) {
    const rest = await readBytes(stream, rules.maxBodyBytes, isAcceptable);
    if (!Buffer.isBuffer(rest)) return rest;
  }
  if (isReadAlready(request)) return fromHost(request, rules, isAcceptable);
  if (!announcesBody(headers) && (request.httpVersionMajor ?? 1) < 2) return EMPTY;
  // A destroyed stream emits neither `end` nor `close`.
  if (stream.destroyed) return { kind: 'aborted' };
  const bytes = await readBytes(stream, rules.maxBodyBytes, isAcceptable);
  return Buffer.isBuffer(bytes) ? parse(bytes, rules.body) : bytes;
}

/**
 * Does `work` while a stream that flows to listeners of the host's waits: what they were told before
 * `work` listens would be lost to it.
 */
export async function holding<T>(stream: Readable, work: () => Promise<T>): Promise<T> {
  if (stream.readableFlowing !== true) return work();
  stream.pause();
  try {
    return await work();
  } finally {
    stream.resume();
  }
}

/** Parsers of the platform shall look for no body: there is none, or it was read here. */
export function forgetBody({ headers }: { readonly headers: IncomingHttpHeaders }): void {
  delete headers['content-type'];
  delete headers['content-length'];
  delete headers['transfer-encoding'];
}

/** Whether the body would be of the route's media type. */
export function isMediaType(headers: IncomingHttpHeaders, kind: BodyKind): boolean {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = headers;
  const mediaType = MEDIA_TYPES[kind];
  return (
    type.slice(0, mediaType.length).toLowerCase() === mediaType &&
    isUtf8(type.slice(mediaType.length)) &&
    encoding.toLowerCase() === 'identity'
  );
}

/** Whether these are parameters that name no other charset. What else they say means nothing here. */
function isUtf8(parameters: string): boolean {
  PARAMETER.lastIndex = 0;
  while (PARAMETER.lastIndex < parameters.length) {
    const found = PARAMETER.exec(parameters);
    if (found === null) return false;
    const [, name = '', plain, quoted = ''] = found;
    const value = plain ?? quoted.replaceAll(/\\(.)/g, '$1');
    if (name.toLowerCase() === 'charset' && value.toLowerCase() !== 'utf-8') return false;
  }
  return true;
}

/** A middleware of the host's keeps the bytes, and has some of them by now. */
function isBeingRead({ rawBody, stream }: BodyRequest): boolean {
  const isUnderWay = stream.readableDidRead && !stream.readableEnded && !stream.destroyed;
  return isUnderWay && rawBody !== undefined;
}

/** A parser of the host's, or a function platform, took the stream before us. */
function isReadAlready({ body, rawBody, stream }: BodyRequest): boolean {
  if (stream.readableEnded || (rawBody !== undefined && !isEmpty(rawBody))) return true;
  if (body === undefined) return false;
  // Parsers of other media types leave an empty object (body-parser 1), and the stream as it is.
  return hasMembers(body) || typeof body !== 'object' || stream.readableDidRead;
}

/** Middleware may begin with nothing, and add each chunk as it comes. */
const isEmpty = (rawBody: unknown): boolean =>
  rawBody === '' || (Buffer.isBuffer(rawBody) && rawBody.length === 0);

function fromHost({ body, rawBody }: BodyRequest, rules: BodyRules, isAcceptable: boolean): Body {
  const bytes = [rawBody, body].find((each) => typeof each === 'string' || Buffer.isBuffer(each));
  if (bytes === undefined) {
    if (isAcceptable) return { kind: 'read', value: body };
    return hasMembers(body) ? refused('unsupported_media_type') : EMPTY;
  }
  const buffer = Buffer.from(bytes);
  if (buffer.length > rules.maxBodyBytes) return refused('content_too_large');
  if (buffer.length > 0 && !isAcceptable) return refused('unsupported_media_type');
  return parse(buffer, rules.body);
}

/** Parsers leave an empty object where no body came. */
function hasMembers(body: unknown): boolean {
  return typeof body === 'object' && body !== null && Object.keys(body).length > 0;
}

function readBytes(
  stream: Readable,
  maxBytes: number,
  isAcceptable: boolean,
): Promise<Buffer | Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on('data', (chunk: unknown) => {
      const bytes = bytesOf(chunk, stream);
      size += bytes?.length ?? 0;
      // Keep draining, so that the client can read the answer, but hold nothing.
      if (!isAcceptable) resolve(refused('unsupported_media_type'));
      else if (bytes === undefined) resolve(refused('bad_request'));
      else if (size > maxBytes) resolve(refused('content_too_large'));
      else chunks.push(bytes);
    });
    stream.once('end', () => {
      resolve(Buffer.concat(chunks));
    });
    stream.once('error', () => {
      resolve({ kind: 'aborted' });
    });
    stream.once('close', () => {
      resolve({ kind: 'aborted' });
    });
    if (stream.isPaused()) stream.resume();
  });
}

/**
 * The bytes of a chunk, which is text where a middleware of the host's has called `setEncoding`.
 * `undefined`: it is neither. An error in a listener of a stream would end the process.
 */
function bytesOf(chunk: unknown, { readableEncoding }: Readable): Buffer | undefined {
  if (typeof chunk === 'string') return Buffer.from(chunk, readableEncoding ?? 'utf8');
  return Buffer.isBuffer(chunk) ? chunk : undefined;
}

function parse(bytes: Buffer, kind: BodyKind): Body {
  if (bytes.length === 0) return EMPTY;
  try {
    const text = utf8.decode(bytes);
    return { kind: 'read', value: kind === 'form' ? formOf(text) : JSON.parse(text) };
  } catch {
    // The parser's message quotes the input; nothing of it may leave.
    return refused('bad_request');
  }
}

/** @throws {TypeError} a parameter comes twice (RFC 6749 §3.1). */
function formOf(text: string): Readonly<Record<string, string>> {
  const pairs = [...new URLSearchParams(text)];
  const form = Object.fromEntries(pairs);
  if (Object.keys(form).length < pairs.length) throw new TypeError('a parameter is repeated');
  return form;
}

function refused(reason: BodyReason): Body {
  return { kind: 'refused', reason };
}
