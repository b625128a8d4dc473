/**
 * Asks a route at a steady rate over connections of its own, and notes how long each answer took.
 * The rate is below what the server can do: what is measured is its delays, not a queue.
 */
import { connect } from 'node:net';
import { onGoodbye } from '../processes';

/** Two numbers a request: when it was due, in ms since the epoch, and how many ms it took. */
export type Samples = Float64Array;

const url = new URL(process.env.TARGET_URL ?? '');
const rate = Number(process.env.RATE);
const connections = Number(process.env.CONNECTIONS);
const request =
  `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n` +
  `Authorization: ${process.env.AUTHORIZATION ?? ''}\r\n\r\n`;
const intervalMs = (1000 / rate) * connections;

const samples: number[] = [];

const now = (): number => performance.timeOrigin + performance.now();

/** One connection, which asks once an interval; at once where it is behind its time. */
function ask(first: number): void {
  const socket = connect(Number(url.port), url.hostname).setNoDelay(true).setEncoding('utf8');
  let due = first;
  let startedAt = 0;
  let answer = '';
  const send = (): void => {
    // A timer of ours that is late is not the server's delay; an answer that is late is.
    startedAt = Math.max(due, lastAnswerAt <= due ? now() : due);
    socket.write(request);
  };
  let lastAnswerAt = 0;
  socket.on('data', (chunk: string) => {
    answer += chunk;
    if (!answer.endsWith('}')) return; // the route answers a JSON object
    if (!answer.startsWith('HTTP/1.1 200')) throw new Error(`refused: ${answer.slice(0, 40)}`);
    answer = '';
    lastAnswerAt = now();
    samples.push(startedAt, lastAnswerAt - startedAt);
    due += intervalMs;
    const restMs = due - lastAnswerAt;
    if (restMs <= 0) send();
    else setTimeout(send, restMs);
  });
  setTimeout(send, Math.max(0, due - now()));
}

const begin = now() + 100;
for (let index = 0; index < connections; index += 1)
  ask(begin + (intervalMs * index) / connections);

/** Any message asks for the samples since the last. */
process.on('message', () => {
  process.send?.(Float64Array.from(samples));
  samples.length = 0;
});
process.send?.({});
onGoodbye(() => undefined);
