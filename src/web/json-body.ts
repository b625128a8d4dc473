import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';

/** Why a body was not read. */
export type BodyRefusal = 'UNSUPPORTED_MEDIA_TYPE' | 'CONTENT_TOO_LARGE' | 'BAD_REQUEST';

export type JsonBody =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly refusal: BodyRefusal }
  /** The client went away before the body was whole: nobody is there to be answered. */
  | { readonly kind: 'aborted' };

/** A logout needs two tokens of at most 8 KB; this bounds what a stranger can make us hold. */
const MAX_BODY_BYTES = 16 * 1024;
const JSON_IN_UTF8 = /^application\/json[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8")[ \t]*)?$/i;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Whether a body is announced (RFC 9112 §6.3). */
export function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * What the headers alone refuse. Only JSON in UTF-8 without content encoding passes: a form or
 * plain text could be sent by any web page without asking (CSRF), an encoding could be a bomb.
 */
export function refusalByHeaders(headers: IncomingHttpHeaders): BodyRefusal | undefined {
  const type = headers['content-type'];
  if (type === undefined ? hasBody(headers) : !JSON_IN_UTF8.test(type))
    return 'UNSUPPORTED_MEDIA_TYPE';
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    return 'UNSUPPORTED_MEDIA_TYPE';
  if (Number(headers['content-length'] ?? 0) > MAX_BODY_BYTES) return 'CONTENT_TOO_LARGE';
  return undefined;
}

/**
 * Reads a body of at most 16 KB whole and parses it; an absent one is the value `undefined`.
 * What is over the limit is not kept. Never rejects.
 */
export async function readJson(stream: Readable, headers: IncomingHttpHeaders): Promise<JsonBody> {
  if (!hasBody(headers)) return { kind: 'json', value: undefined };
  // The client left while its token was looked up: this stream will never say another word.
  if (stream.destroyed) return { kind: 'aborted' };
  const bytes = await readBytes(stream);
  return Buffer.isBuffer(bytes) ? parse(bytes) : bytes;
}

function readBytes(stream: Readable): Promise<Buffer | JsonBody> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      // Too much: keep draining so that the client can read the answer, but hold nothing.
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
      else resolve({ kind: 'refused', refusal: 'CONTENT_TOO_LARGE' });
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
  });
}

function parse(bytes: Buffer): JsonBody {
  // A chunked body may turn out empty: that is no body at all.
  if (bytes.length === 0) return { kind: 'json', value: undefined };
  try {
    return { kind: 'json', value: JSON.parse(utf8.decode(bytes)) };
  } catch {
    // The parser's message quotes the input; nothing of it may leave.
    return { kind: 'refused', refusal: 'BAD_REQUEST' };
  }
}
