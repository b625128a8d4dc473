import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostileCase } from './hostile-case';
import { headOf, openConnection, parseAnswer, type Route, send, type WireRequest } from './wire';

/** What became of clients that hardly move. */
export interface SlowOutcome {
  /** Of each connection. */
  readonly statuses: readonly number[];
  readonly closedAfterMs: readonly number[];
  /** What others were answered meanwhile. */
  readonly others: readonly { readonly status: number; readonly elapsedMs: number }[];
}

export interface SlowClients {
  /** Resolves when the last connection is closed. */
  readonly outcome: Promise<SlowOutcome>;
}

const PROBE_EVERY_MS = 500;
/** When even a server without limits of its own is given up. */
const PATIENCE_MS = 45_000;
const PROBE: WireRequest = {
  method: 'GET',
  path: '/health/ready',
  headers: [],
  body: Buffer.alloc(0),
};

/**
 * Connects clients that send their request slowly: the head byte by byte, or, where the case
 * declares a longer body than it has, all there is at once and then nothing. How many and how slow
 * stands in the title. Resolves when all are connected.
 */
export async function startSlowClients(
  { title }: HostileCase,
  route: Route,
  request: WireRequest,
): Promise<SlowClients> {
  const count = Number(/(\d+) sockets/.exec(title)?.[1] ?? 1);
  const stepSeconds = Number(/per (\d+) s\b/.exec(title)?.[1] ?? 10);
  const sockets = await Promise.all(Array.from({ length: count }, () => openConnection(route)));
  const start = performance.now();
  const endings = sockets.map((socket) => ending(socket, start));
  for (const socket of sockets) talk(socket, request, stepSeconds * 1000);
  return { outcome: collect(endings, route) };
}

function talk(socket: Socket, request: WireRequest, stepMs: number): void {
  const head = headOf(request);
  const isSlowBody = Number(/\r\ncontent-length: (\d+)/i.exec(head.toString())?.[1] ?? 0);
  if (isSlowBody > request.body.length) {
    socket.write(Buffer.concat([head, request.body]));
    return;
  }
  let sent = 1;
  socket.write(head.subarray(0, sent));
  const timer = setInterval(() => {
    socket.write(head.subarray(sent, (sent += 1)));
  }, stepMs);
  socket.once('close', () => {
    clearInterval(timer);
  });
}

async function ending(socket: Socket, start: number): Promise<[status: number, ms: number]> {
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  const patience = setTimeout(() => socket.destroy(), PATIENCE_MS);
  // Not `once` of node:events: an error, such as a reset, is an end like any other.
  await new Promise((resolve) => socket.once('close', resolve));
  clearTimeout(patience);
  return [parseAnswer(Buffer.concat(received)).status, performance.now() - start];
}

async function collect(
  endings: readonly Promise<[status: number, ms: number]>[],
  route: Route,
): Promise<SlowOutcome> {
  const others: { status: number; elapsedMs: number }[] = [];
  const over = new AbortController();
  const probing = (async () => {
    while (!over.signal.aborted) {
      others.push(await probe(route));
      await sleep(PROBE_EVERY_MS);
    }
  })();
  const ended = await Promise.all(endings).finally(() => {
    over.abort();
  });
  await probing;
  return {
    statuses: ended.map(([status]) => status),
    closedAfterMs: ended.map(([, ms]) => ms),
    others,
  };
}

/** Whether another client is served; a service that has ended serves no client. */
async function probe(route: Route): Promise<{ status: number; elapsedMs: number }> {
  try {
    const { status, elapsedMs } = await send(route, PROBE);
    return { status, elapsedMs };
  } catch {
    return { status: 0, elapsedMs: 0 };
  }
}
