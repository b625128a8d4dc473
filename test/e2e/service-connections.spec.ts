import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import request from 'supertest';
import { MESSAGES, LogoutAnswers } from '../../src/web/answers';
import { CLIENT_LIMITS, createServer } from '../../src/service/server';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { LOGOUT, PLATFORMS } from '../support/app';
import { startServiceApp } from '../support/service-app';
import { TestIssuer } from '../support/tokens';
import { until } from '../support/until';
import { exchange, head, openSocket } from '../support/wire';

const BAD_REQUEST = '{"success":false,"message":"Solicitud inválida"}';
const TOO_LARGE = '{"success":false,"message":"Solicitud demasiado grande"}';

/** All that comes until the connection ends. */
async function received(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString();
}

const countOf = (text: string, part: string): number => text.split(part).length - 1;

describe.each(PLATFORMS)('Connections of the service on %s', (platform) => {
  const issuer = new TestIssuer();
  let app: INestApplication;
  let url: string;
  beforeAll(async () => {
    app = await startServiceApp(platform, new MemoryRevocationStore(), issuer.key);
    url = await app.getUrl();
  });
  afterAll(() => app.close());

  const me = () => `Authorization: Bearer ${issuer.token()}`;
  const keepAlive = (path: string, ...headers: string[]) =>
    head(`GET ${path}`, ...headers).replace('Connection: close\r\n', '');

  it.each(['/api/v1/auth/me', '/health/live', '/nowhere'])(
    'answers one of a thousand pipelined requests for %s, and closes; the client may ask again',
    async (path) => {
      const socket = await openSocket(url);
      socket.write(keepAlive(path, me()).repeat(1000));
      const answers = await received(socket);
      expect(countOf(answers, 'HTTP/1.1 ')).toBe(1);
    },
  );

  it('serves a live user between the pipelined requests of twenty connections', async () => {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => openSocket(url)));
    const endings = sockets.map(received);
    for (const socket of sockets) socket.write(keepAlive('/api/v1/auth/me', me()).repeat(1000));
    await request(url)
      .get('/api/v1/auth/me')
      .set('Authorization', `Bearer ${issuer.token()}`)
      .expect(200);
    const answers = await Promise.all(endings);
    expect(answers.map((each) => countOf(each, 'HTTP/1.1 200'))).toEqual(Array(20).fill(1));
  });

  it('has the limits of the service', () => {
    expect(app.getHttpServer()).toMatchObject({
      headersTimeout: CLIENT_LIMITS.headersMs,
      requestTimeout: CLIENT_LIMITS.requestMs,
      keepAliveTimeout: CLIENT_LIMITS.keepAliveMs,
      timeout: CLIENT_LIMITS.silenceMs,
    });
  });

  it('answers one request after the other on a connection', async () => {
    const socket = await openSocket(url);
    let answers = '';
    socket.setEncoding('utf8').on('data', (text: string) => (answers += text));
    for (let asked = 1; asked <= 3; asked += 1) {
      socket.write(keepAlive('/health/live'));
      await until(() => countOf(answers, '{"status":"ok"}') === asked);
    }
    socket.destroy();
  });

  it.each([
    ['no HTTP', 'nonsense\r\n\r\n', 400, BAD_REQUEST],
    [
      'two lengths',
      head(`POST ${LOGOUT}`, 'Content-Length: 1', 'Content-Length: 2'),
      400,
      BAD_REQUEST,
    ],
    [
      'a bad chunk',
      `${head(`POST ${LOGOUT}`, 'Content-Type: application/json', 'Transfer-Encoding: chunked')}x\r\n`,
      400,
      BAD_REQUEST,
    ],
    ['a head of 20 KB', head('GET /', `X: ${'x'.repeat(20_000)}`), 431, BAD_REQUEST],
    [
      'a chunk extension of 20 KB',
      `${head(`POST ${LOGOUT}`, 'Content-Type: application/json', 'Transfer-Encoding: chunked')}1;${'x'.repeat(20_000)}\r\n`,
      413,
      TOO_LARGE,
    ],
    ['an expectation it does not know', head(`POST ${LOGOUT}`, 'Expect: tea'), 417, BAD_REQUEST],
  ])('answers %s in the envelope', async (_what, bytes, status, text) => {
    const answer = await exchange(url, bytes);
    expect(answer).toMatchObject({
      status,
      text,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        connection: 'close',
      },
    });
  });

  it('answers a whole request before it closes for what follows it', async () => {
    const answer = await exchange(url, `${keepAlive('/health/live')}nonsense\r\n\r\n`);
    expect(answer).toMatchObject({ status: 200, text: '{"status":"ok"}' });
  });
});

describe('A server of the service', () => {
  const answers = new LogoutAnswers(MESSAGES.es, 403);
  const limits = { ...CLIENT_LIMITS, headersMs: 200, requestMs: 300, silenceMs: 400, checkMs: 50 };
  let server: Server;
  const listen = async (made: Server): Promise<string> => {
    server = made;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  it('answers a client that never ends its request with 408, in the envelope', async () => {
    const url = await listen(createServer(() => undefined, answers, limits));
    expect(await exchange(url, 'GET / HTTP/1.1\r\n')).toMatchObject({
      status: 408,
      text: BAD_REQUEST,
    });
  });

  it('cuts a client that does not read its answer', async () => {
    const megabytes = Buffer.alloc(64 * 1024 * 1024);
    const url = await listen(
      createServer((_, response) => response.end(megabytes), answers, limits),
    );
    const socket = await openSocket(url);
    socket.pause().write(head('GET /'));
    await until(async () => (await connectionsOf(server)) === 1);
    await until(async () => (await connectionsOf(server)) === 0);
    socket.destroy();
  });

  it('reads no further than the first pipelined requests, and gives those no error', async () => {
    const made = createServer(
      (_, response) => void setTimeout(() => response.end('here'), 200),
      answers,
      CLIENT_LIMITS,
    );
    const parsed: IncomingMessage[] = [];
    made.on('request', (request) => parsed.push(request));
    const socket = await openSocket(await listen(made));
    // Each read of a socket is of 64 KB at most: these are ten of them.
    const one = head('GET /', `X: ${'x'.repeat(600)}`).replace('Connection: close\r\n', '');
    socket.write(one.repeat(1000));
    expect(countOf(await received(socket), 'HTTP/1.1 200')).toBe(1);
    expect(parsed.length).toBeGreaterThan(1);
    expect(parsed.length).toBeLessThan(300);
    await until(() => parsed.every(({ destroyed }) => destroyed));
    expect(parsed.map(({ errored }) => errored)).toEqual(parsed.map(() => null));
  });

  it('closes a connection that asks nothing more', async () => {
    const short = { ...CLIENT_LIMITS, keepAliveMs: 50 };
    const url = await listen(createServer((_, response) => response.end('here'), answers, short));
    const socket = await openSocket(url);
    socket.write(head('GET /').replace('Connection: close\r\n', ''));
    expect(await received(socket)).toContain('here');
  });
});

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => {
      if (error) reject(error);
      else resolve(count);
    });
  });
}
