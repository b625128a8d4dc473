import type { Socket } from 'node:net';
import { headOf, isWhole, openConnection, type Route, type WireRequest } from './wire';

/** How long each request takes, the median of many. */
export interface Timing {
  readonly mediansMs: readonly number[];
  /** Between the fastest and the slowest of them. */
  readonly differenceMs: number;
  /** What a difference must exceed to be one, on a machine that does other things, too. */
  readonly noiseFloorMs: number;
}

const SMALLEST_FLOOR_MS = 0.5;
const FLOOR_SHARE = 0.35;

/**
 * Sends the requests in turn, over one connection that is kept alive. In turn, so that whatever
 * else the machine does falls on all of them alike.
 */
export async function compareTimes(
  route: Route,
  requests: readonly WireRequest[],
  rounds: number,
): Promise<Timing> {
  const socket = await openConnection(route);
  const messages = requests.map((request) => Buffer.concat([headOf(request), request.body]));
  const times: number[][] = requests.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, message] of messages.entries())
      times[index]?.push(await roundTrip(socket, message));
  }
  socket.destroy();
  const mediansMs = times.map(median);
  const fastest = Math.min(...mediansMs);
  return {
    mediansMs,
    differenceMs: Math.max(...mediansMs) - fastest,
    noiseFloorMs: Math.max(SMALLEST_FLOOR_MS, fastest * FLOOR_SHARE),
  };
}

async function roundTrip(socket: Socket, message: Buffer): Promise<number> {
  const start = performance.now();
  let received = Buffer.alloc(0);
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      if (isWhole(received)) resolve();
    };
    socket.removeAllListeners('data').removeAllListeners('close');
    socket.on('data', read).once('close', reject);
    socket.write(message);
  });
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
