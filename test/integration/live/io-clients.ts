import { io, type Socket } from 'socket.io-client';
import { until } from '../../support/until';

/** A client of socket.io that connects when it is told to, and what came over the wire. */
export class IoClient {
  readonly socket: Socket;
  /** Of each event that came, before the library decides whether to hand it on. */
  readonly eventsOnWire: string[] = [];
  /** Why its connections have ended. */
  readonly ends: string[] = [];
  readonly refusals: (Error & { data?: unknown })[] = [];

  constructor(url: string, token: string | undefined, namespace = '', header = false) {
    this.socket = io(url + namespace, {
      transports: ['websocket'],
      reconnection: false,
      autoConnect: false,
      forceNew: true,
      ...(header
        ? { extraHeaders: { authorization: `Bearer ${token ?? ''}` } }
        : { auth: { token } }),
    });
    this.socket.on('disconnect', (reason) => this.ends.push(reason));
    this.socket.on('connect_error', (error) => this.refusals.push(error));
    this.socket.io.on('open', () => {
      this.socket.io.engine.on('packet', ({ data }) => {
        const text = String(data ?? '');
        if (text.startsWith('2')) this.eventsOnWire.push(text);
      });
    });
  }

  async connect(): Promise<this> {
    this.socket.connect();
    await until(() => this.socket.connected);
    return this;
  }

  /** @returns why it was refused. */
  async refused(): Promise<Error & { data?: unknown }> {
    const known = this.refusals.length;
    this.socket.connect();
    return until(() => this.refusals[known]);
  }

  async ended(): Promise<string> {
    return until(() => this.ends.at(-1));
  }

  /** Loses its transport, as with a network that goes away: the server may let it recover. */
  async drop(): Promise<void> {
    this.socket.io.engine.close();
    await until(() => !this.socket.connected);
  }

  close(): void {
    this.socket.close();
  }
}
