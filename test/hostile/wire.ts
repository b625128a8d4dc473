import { METHODS, request as startRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A request as bytes; values of headers and the path are strings of bytes. */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

export interface WireAnswer {
  /** 0: the connection ended without an answer. */
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly text: string;
  /** Everything that came, as it came; empty where Node's client read it. */
  readonly raw: string;
  readonly elapsedMs: number;
  /** Whether the server closed the connection of its own accord, where that was waited for. */
  readonly isClosedByServer?: boolean;
}

export interface Route {
  readonly url: string;
  /** The address to come from; a bucket of its own for the throttle. */
  readonly localAddress?: string | undefined;
}

const TIMEOUT_MS = 20_000;
const CLOSING_MS = 1000;
const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const SET_BY_CLIENT = /^(?:content-length|transfer-encoding|host|connection|expect|upgrade)$/i;

/** Whether a header holds what HTTP forbids (RFC 9110 §5.5), so that a parser may refuse it all. */
export function hasForbiddenField({ headers }: WireRequest): boolean {
  return headers.some(([name, value]) => !NAME.test(name) || !FIELD_VALUE.test(value));
}

/** Whether Node's client would send exactly this. */
export function isSendableByClient({ method, path, headers }: WireRequest): boolean {
  const names = new Set(headers.map(([name]) => name.toLowerCase()));
  return (
    METHODS.includes(method) &&
    method !== 'CONNECT' &&
    /^\/[\x21-\x7e]*$/.test(path) &&
    names.size === headers.length &&
    headers.every(
      ([name, value]) =>
        NAME.test(name) &&
        FIELD_VALUE.test(value) &&
        value === value.trim() &&
        !SET_BY_CLIENT.test(name),
    )
  );
}

/** Sends a request as an HTTP client does. */
export async function send(route: Route, request: WireRequest): Promise<WireAnswer> {
  const { url, localAddress } = route;
  const { method, path, body } = request;
  const { hostname, port } = new URL(url);
  const hasBody = body.length > 0 || /^P/.test(method);
  const length = hasBody ? { 'Content-Length': body.length } : {};
  const headers = { ...Object.fromEntries(request.headers), ...length };
  const start = performance.now();
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const target = { hostname, port, method, path, headers, localAddress, agent: false };
    startRequest({ ...target, timeout: TIMEOUT_MS }, resolve)
      .once('error', reject)
      .once('timeout', () => {
        reject(new Error(`No answer to ${method} ${path} in ${TIMEOUT_MS} ms.`));
      })
      .end(body);
  });
  const text = (await buffer(message)).toString();
  const elapsedMs = performance.now() - start;
  const entries = Object.entries(message.headersDistinct);
  return {
    status: message.statusCode ?? 0,
    headers: Object.fromEntries(entries.map(([name, values]) => [name, values ?? []])),
    text,
    raw: '',
    elapsedMs,
  };
}

/** The request's head as it goes over the wire; the length of a body is declared unless it is. */
export function headOf({ method, path, headers, body }: WireRequest): Buffer {
  const isFramed = headers.some(([name]) => /^(?:content-length|transfer-encoding)$/i.test(name));
  const length = isFramed || body.length === 0 ? [] : [['Content-Length', String(body.length)]];
  const host = headers.some(([name]) => /^host$/i.test(name)) ? [] : [['Host', 'service']];
  const lines = [...host, ...headers, ...length].map(
    ([name = '', value = '']) => `${name}: ${value}`,
  );
  return Buffer.from([`${method} ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'), 'latin1');
}

/** Opens a connection whose errors are an end like any other. */
export async function openConnection({ url, localAddress }: Route): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), localAddress });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject);
  });
  return socket.on('error', () => undefined);
}

/**
 * Sends a request byte for byte, and reads its answer.
 * @param awaitsClose whether to wait, for a second, if the server closes the connection after it.
 */
export async function sendRaw(
  route: Route,
  request: WireRequest,
  awaitsClose = false,
): Promise<WireAnswer> {
  const socket = await openConnection(route);
  const start = performance.now();
  const received: Buffer[] = [];
  const closed = new Promise<true>((resolve) => {
    socket.once('close', () => {
      resolve(true);
    });
  });
  const answered = new Promise<true>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      received.push(chunk);
      if (isWhole(Buffer.concat(received))) resolve(true);
    });
  });
  socket.write(Buffer.concat([headOf(request), request.body]));
  const hasEnded = await within(TIMEOUT_MS, Promise.race([answered, closed]));
  const elapsedMs = performance.now() - start;
  const isClosedByServer = awaitsClose && (await within(CLOSING_MS, closed)) === true;
  socket.destroy();
  if (hasEnded === undefined)
    throw new Error(`No answer to ${request.method} in ${TIMEOUT_MS} ms.`);
  return { ...parseAnswer(Buffer.concat(received)), elapsedMs, isClosedByServer };
}

/** Sends a request, or the part of it that is there, and goes away without a word. */
export async function sendAndLeave(route: Route, request: WireRequest): Promise<void> {
  const socket = await openConnection(route);
  await new Promise<unknown>((done) => {
    socket.write(Buffer.concat([headOf(request), request.body]), done);
  });
  socket.resetAndDestroy();
}

/** `undefined` when it takes longer. */
export async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined);
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether an answer has come as far as it declares. */
export function isWhole(bytes: Buffer): boolean {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(bytes.toString('latin1', 0, end))?.[1];
  return length !== undefined && bytes.length >= end + 4 + Number(length);
}

/** Reads an answer, whole or not. */
export function parseAnswer(bytes: Buffer): Omit<WireAnswer, 'elapsedMs' | 'isClosedByServer'> {
  const raw = bytes.toString();
  const [head = '', ...rest] = raw.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers: Record<string, string[]> = {};
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^:]*):\s*(.*)$/.exec(line) ?? [];
    (headers[name.toLowerCase()] ??= []).push(value);
  }
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1] ?? 0);
  return { status, headers, text: rest.join('\r\n\r\n'), raw };
}
