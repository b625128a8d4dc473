import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import { lookUpHost } from './host-lookup';

const TIMEOUT_MS = 5000;
const MAX_BYTES = 64 * 1024;

const NO_REDIRECT = ', and no redirect is followed: configure the address that it leads to';

/** A server has answered, and not with the document. */
export class UnexpectedStatusError extends Error {
  constructor(
    readonly status: number,
    isRedirect: boolean,
  ) {
    super(`The server answered ${status}${isRedirect ? NO_REDIRECT : ''}.`);
  }
}

/** A document as a server gave it. */
export interface FetchedDocument {
  readonly text: string;
  readonly etag: string | undefined;
  /** How long it may be kept: `max-age` of its `Cache-Control`, less its `Age` (RFC 9111 §4.2). */
  readonly maxAgeSeconds: number | undefined;
  /** Whether a cache on the way has had it for a while: its `Age` is not 0 (RFC 9111 §5.1). */
  readonly isFromCache: boolean;
}

/** The server says that it is still as it was (RFC 9110 §15.4.5). */
export interface UnchangedDocument extends Omit<FetchedDocument, 'text'> {
  readonly text: undefined;
}

/** How a document is asked for. */
export interface DocumentRequest extends RequestOptions {
  /**
   * Whether caches on the way must ask the server before they answer (RFC 9111 §5.2.1.4).
   * @defaultValue false
   */
  readonly noCache?: boolean;
}

/** Whether documents may be fetched from there: by https, or by http from this machine. */
export function isFetchable(url: unknown): url is string {
  if (typeof url !== 'string' || !URL.canParse(url)) return false;
  const { protocol, hostname, username, password } = new URL(url);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

/** By name or address: what a name resolves to may change. */
function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/**
 * Fetches a document of at most 64 KB within 5 s. Follows no redirect: where it leads is not what was
 * configured.
 * @param url as `isFetchable` says. @param etag of what is known of it.
 * @throws {Error} it could not be had; the message says why.
 */
export async function fetchDocument(
  url: string,
  etag?: string,
  { noCache = false, ...options }: DocumentRequest = {},
): Promise<FetchedDocument | UnchangedDocument> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const signal =
    options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  try {
    const response = await answerOf(url, {
      ...options,
      signal,
      headers: headersFor(etag, noCache),
    });
    return await documentOf(response, etag);
  } catch (cause) {
    if (!timeout.aborted) throw cause;
    throw new Error(`It was not there within ${TIMEOUT_MS / 1000} s.`, { cause });
  }
}

function headersFor(etag: string | undefined, noCache: boolean): Record<string, string> {
  return {
    Accept: 'application/jwk-set+json, application/json',
    'Accept-Encoding': 'identity', // without it any coding would do (RFC 9110 §12.5.3)
    ...(noCache && { 'Cache-Control': 'no-cache' }),
    ...(etag !== undefined && { 'If-None-Match': etag }),
  };
}

function answerOf(url: string, options: RequestOptions): Promise<IncomingMessage> {
  const request = new URL(url).protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    // A connection of its own: keys are fetched rarely, and none is left open.
    request(url, { lookup: lookUpHost, ...options, agent: options.agent ?? false })
      .once('response', resolve)
      .once('error', reject)
      // The only event where the server switches protocols, with 101.
      .once('close', () => {
        reject(new Error('The connection was closed without an answer.'));
      })
      .end();
  });
}

async function documentOf(
  response: IncomingMessage,
  known: string | undefined,
): Promise<FetchedDocument | UnchangedDocument> {
  const { statusCode = 0, headers } = response;
  const described = {
    etag: headers.etag ?? known,
    maxAgeSeconds: maxAgeIn(headers),
    // An age that cannot be read is that of a cache, too.
    isFromCache: !/^0*$/.test(headers.age ?? ''),
  };
  if (statusCode === 304 && known !== undefined) {
    response.destroy();
    return { text: undefined, ...described };
  }
  const fault = faultOf(statusCode, headers);
  if (fault !== undefined) {
    response.destroy();
    throw fault;
  }
  return { ...described, text: await textOf(response), etag: headers.etag };
}

function faultOf(status: number, headers: IncomingHttpHeaders): Error | undefined {
  if (status !== 200) return new UnexpectedStatusError(status, headers.location !== undefined);
  const { 'content-encoding': coding = '' } = headers;
  // Names of codings have no case (RFC 9110 §8.4.1).
  if (['', 'identity'].includes(coding.toLowerCase())) return undefined;
  return new Error('The server has encoded it, which it was asked not to do.');
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`It is longer than ${MAX_BYTES / 1024} KB.`);
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
}

function maxAgeIn(headers: IncomingHttpHeaders): number | undefined {
  const { 'cache-control': rules = '', age = '' } = headers;
  const [, seconds] = /(?:^|[\s,])max-age=(\d+)(?:$|[\s,])/i.exec(rules) ?? [];
  // A cache on the way may have had it for a while.
  const ageSeconds = /^\d{1,10}$/.test(age) ? Number(age) : 0;
  return seconds === undefined ? undefined : Math.max(0, Number(seconds) - ageSeconds);
}
