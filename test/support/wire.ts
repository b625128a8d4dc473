import { connect, type Socket } from 'node:net';

/** An answer as it came over the wire; names of headers in lower case. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Opens a connection to the server at `url`. */
export async function openSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return socket;
}

/**
 * Sends bytes that no HTTP client would, and reads until the server closes. The bytes must ask it
 * to (`Connection: close`), unless they are so wrong that it will in any case.
 */
export async function exchange(url: string, ...bytes: (string | Buffer)[]): Promise<WireAnswer> {
  const socket = await openSocket(url);
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  for (const part of bytes) socket.write(part);
  await new Promise((resolve) => socket.once('close', resolve));
  return parseAnswer(Buffer.concat(received).toString('utf8'));
}

/** A request head from its lines, asking the server to close afterwards. */
export function head(requestLine: string, ...headers: readonly string[]): string {
  return [`${requestLine} HTTP/1.1`, 'Host: api', 'Connection: close', ...headers, '', ''].join(
    '\r\n',
  );
}

/** One chunk of a chunked body. */
export function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

export const LAST_CHUNK = '0\r\n\r\n';

function parseAnswer(answer: string): WireAnswer {
  const end = answer.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = answer.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { status: Number(statusLine.split(' ')[1]), headers, text: answer.slice(end + 4) };
}
