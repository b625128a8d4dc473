import { once } from 'node:events';
import { WebSocket } from 'ws';

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A client of `ws`, and how it was closed. */
export class WsClient {
  readonly messages: unknown[] = [];
  readonly closed: Promise<Closed>;
  isClosed = false;

  /** @param socket one that is connecting. */
  constructor(readonly socket: WebSocket) {
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => this.messages.push(JSON.parse(data.toString())));
    this.closed = once(socket, 'close').then((args) => {
      this.isClosed = true;
      const [code, reason] = args as [number, Buffer];
      return { code, reason: reason.toString() };
    });
  }

  /** As servers send the token: in the header. */
  static withHeader(url: string, token: string): WsClient {
    return new WsClient(new WebSocket(url, { headers: { authorization: `Bearer ${token}` } }));
  }

  /** As browsers send the token: behind the subprotocol `bearer`. */
  static withProtocol(url: string, token: string): WsClient {
    return new WsClient(new WebSocket(url, ['bearer', token]));
  }

  async opened(): Promise<this> {
    if (this.socket.readyState === WebSocket.CONNECTING) await once(this.socket, 'open');
    return this;
  }

  send(event: string, data: unknown = {}): void {
    this.socket.send(JSON.stringify({ event, data }));
  }

  /** Sends, and waits for the next message. */
  async ask(event: string, data: unknown = {}): Promise<unknown> {
    const answered = once(this.socket, 'message');
    this.send(event, data);
    await answered;
    return this.messages.at(-1);
  }
}
