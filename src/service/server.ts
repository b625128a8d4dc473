import {
  createServer as createHttpServer,
  STATUS_CODES,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { JSON_IN_UTF8, type Answer, type LogoutAnswers } from '../web/answers';

/** How long a client may take, in ms. OWASP ASVS 5.0 V13; Node's own limits are 60 s and 300 s. */
export const CLIENT_LIMITS = {
  headersMs: 10_000,
  requestMs: 15_000,
  /** Between an answer and the next request on its connection. */
  keepAliveMs: 5000,
  /** Without a byte either way: a client that does not read its answer, say. */
  silenceMs: 20_000,
  /** Node looks for clients that are too slow only this often; 30 s unless told. */
  checkMs: 1000,
};

/** What Node's parser finds; all else is a 400. */
const PARSER_STATUSES = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
]);

/**
 * A server that one client cannot keep from others: it cuts clients that are too slow, and answers
 * one request at a time on a connection. A second one that comes before the first has been answered
 * (pipelining) is not answered: the first answer closes the connection, and the client asks again
 * (RFC 9112 §9.3.2). What Node's parser refuses is answered in our envelope.
 */
export function createServer(
  handle: RequestListener,
  answers: LogoutAnswers,
  limits = CLIENT_LIMITS,
): Server {
  /** What is not answered yet, of each connection. */
  const unanswered = new WeakMap<Duplex, ServerResponse>();
  const server = createHttpServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkMs,
    },
    (request, response) => {
      const { socket } = request;
      const before = unanswered.get(socket);
      if (before !== undefined) {
        // Never served. Otherwise Node gives each an error, with a stack, when the socket closes.
        request.destroyed = true;
        closeAfter(before, socket);
        return;
      }
      unanswered.set(socket, response);
      response.once('finish', () => unanswered.delete(socket));
      handle(request, response);
    },
  );
  server.timeout = limits.silenceMs;
  server.on('checkExpectation', (_, response: ServerResponse) => {
    const { status, headers, body } = answers.answerStatus(417);
    const text = JSON.stringify(body);
    const own = { 'Content-Type': JSON_IN_UTF8, 'Content-Length': Buffer.byteLength(text) };
    response.writeHead(status, { ...headers, ...own }).end(text);
  });
  server.on('clientError', ({ code = '' }: NodeJS.ErrnoException, socket) => {
    const before = unanswered.get(socket);
    // The error is in what follows a whole request: an answer now would be taken for that one's.
    if (before?.req.complete === true && !before.headersSent) closeAfter(before, socket);
    else if (!socket.writable || before?.headersSent === true) socket.destroy();
    else refuse(socket, answers.answerStatus(PARSER_STATUSES.get(code) ?? 400));
  });
  return server;
}

/** Once: each of the pipelined requests in one read comes here. What follows is not read. */
function closeAfter(response: ServerResponse, socket: Duplex): void {
  if (!response.shouldKeepAlive) return;
  response.shouldKeepAlive = false;
  // Behind the parser, which goes on reading at the end of each request.
  process.nextTick(() => socket.pause());
  response.once('finish', () => {
    socket.end(() => socket.destroy());
  });
}

/** There is no response to answer with: the parser has ended. */
function refuse(socket: Duplex, { status, headers, body }: Answer): void {
  const text = JSON.stringify(body);
  const head = {
    ...headers,
    'Content-Type': JSON_IN_UTF8,
    'Content-Length': Buffer.byteLength(text),
    Date: new Date().toUTCString(),
    Connection: 'close',
  };
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...Object.entries(head).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end([...lines, '', text].join('\r\n'), () => {
    socket.destroy();
  });
}
