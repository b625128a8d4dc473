import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from './history';
import { outcomeOf, type Instance } from './instance';
import type { TestToken, Traffic } from './traffic';

const FIRST_BUSY_MS = 600;
const BUSY_MS = 1200;

/**
 * Stops the process of an instance in the midst of a round of its event loop, so that the first
 * that it does when it runs again is to read from connections that had something to say before. What
 * was sent there meanwhile is read in the same round, before any timer runs.
 */
export class SameTickRequests {
  private constructor(
    private readonly instance: Instance,
    private readonly sockets: readonly Socket[],
  ) {}

  /** The process is stopped when this resolves. */
  static async stopInstance(instance: Instance, connections: number): Promise<SameTickRequests> {
    const { hostname, port } = new URL(instance.url);
    const sockets = await Promise.all(
      Array.from({ length: connections + 2 }, async () => {
        const socket = connect(Number(port), hostname);
        await once(socket, 'connect');
        return socket;
      }),
    );
    const [first, second, ...rest] = sockets;
    // While the first is served the others arrive; so the next round has all of them to serve.
    first?.write(requestOf(`/busy/${FIRST_BUSY_MS}`));
    await sleep(FIRST_BUSY_MS / 4);
    second?.write(requestOf(`/busy/${BUSY_MS}`));
    await sleep(20);
    for (const socket of rest) socket.write(requestOf('/status'));
    await sleep(FIRST_BUSY_MS + BUSY_MS / 4);
    instance.signal('SIGSTOP');
    return new SameTickRequests(instance, rest);
  }

  /** Presents a token on each connection, as far as there are tokens; answers come when they come. */
  present(traffic: Traffic, testTokens: readonly TestToken[]): void {
    this.sockets.forEach((socket, index) => {
      const testToken = testTokens[index];
      if (testToken === undefined) return;
      const act = (): Promise<Outcome> => secondAnswer(socket, testToken.text);
      void traffic.presentBy(this.instance, testToken, act);
    });
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

const requestOf = (path: string, token?: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: fault.example\r\n` +
  `${token === undefined ? '' : `Authorization: Bearer ${token}\r\n`}\r\n`;

/** The first answer is to what was asked before. */
function secondAnswer(socket: Socket, token: string): Promise<Outcome> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const [, second] = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)];
      if (second !== undefined) resolve(outcomeOf(Number(second[1])));
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve('unanswered');
    });
    socket.write(requestOf('/protected', token));
  });
}
