import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * What a connection is used for, told by the statements that pass on it: to listen; to ring; to look tokens
 * up and to follow the table; to add revocations and events, and to announce an instance.
 */
export type Purpose = 'feed' | 'rings' | 'reads' | 'writes';

const STATEMENTS: Readonly<Record<Purpose, RegExp>> = {
  feed: /\bLISTEN\b/,
  rings: /\bpg_notify\b/,
  reads: /revoked_cutoffs|pg_current_snapshot/,
  writes: /\bINSERT INTO\b|\bREAD WRITE\b/,
};

/**
 * What happens to bytes on their way: they wait until `heal`; they vanish, as does whatever is sent
 * on that connection ever after; or each arrives this many ms late.
 */
export type Treatment = 'held' | 'lost' | number;

export interface Fault {
  /** Which connections; those of a purpose fall to it with their next such statement. */
  readonly on?: Purpose;
  /** From the client to the server. */
  readonly up?: Treatment;
  /** From the server to the client. */
  readonly down?: Treatment;
}

/** A TCP proxy before a PostgreSQL, for the faults that networks have. */
export class FaultProxy {
  private readonly links = new Set<Link>();
  private faults: readonly Fault[] = [];

  private constructor(
    private readonly server: Server,
    private target: number,
  ) {
    server.on('connection', (client) => {
      this.accept(client);
    });
  }

  /** @param target port on 127.0.0.1. */
  static async before(target: number): Promise<FaultProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultProxy(server, target);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The same database, by way of this proxy. */
  url(databaseUrl: string): string {
    const url = new URL(databaseUrl);
    url.port = String(this.port);
    return url.href;
  }

  /** The network has these faults from now on, on connections that are open and on new ones. */
  impose(...faults: readonly Fault[]): void {
    this.faults = faults;
    for (const link of this.links) {
      for (const fault of faults)
        if (fault.on === undefined || (fault.on === 'feed' && link.isFeed)) link.suffer(fault);
    }
  }

  /** What was held arrives now. Connections on which anything was lost stay silent for ever. */
  heal(): void {
    this.faults = [];
    for (const link of this.links) link.recover();
  }

  /** Resets connections (RST): all of them, or the one that listens. */
  cut(purpose?: 'feed'): number {
    const chosen = [...this.links].filter((link) => purpose === undefined || link.isFeed);
    for (const link of chosen) link.reset();
    return chosen.length;
  }

  /** Another server stands behind the same address from now on. */
  switchTo(target: number): void {
    this.target = target;
    this.cut();
  }

  async close(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(client: Socket): void {
    const link = new Link(client, connect(this.target, '127.0.0.1'), (statement) => {
      for (const fault of this.faults)
        if (fault.on !== undefined && STATEMENTS[fault.on].test(statement)) link.suffer(fault);
    });
    this.links.add(link);
    for (const fault of this.faults) if (fault.on === undefined) link.suffer(fault);
    link.whenClosed(() => this.links.delete(link));
  }
}

/** One connection through the proxy. */
class Link {
  isFeed = false;
  private readonly up: Direction;
  private readonly down: Direction;

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    onStatement: (text: string) => void,
  ) {
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined); // resets are what this is for; `close` follows
    }
    client.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      this.isFeed ||= STATEMENTS.feed.test(text);
      onStatement(text); // before the chunk goes on its way: it is the first to suffer
    });
    this.up = new Direction(client, server);
    this.down = new Direction(server, client);
  }

  suffer({ up, down }: Fault): void {
    this.up.treat(up);
    this.down.treat(down);
  }

  recover(): void {
    this.up.treat(undefined);
    this.down.treat(undefined);
  }

  reset(): void {
    for (const socket of [this.client, this.server]) {
      // One that is being closed cannot be reset: Node would keep its handle for ever.
      if (socket.writableEnded) socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  whenClosed(then: () => void): void {
    const closed = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));
    void Promise.all([closed(this.client), closed(this.server)]).then(then);
  }
}

interface Parcel {
  /** `null`: the sender has closed. */
  readonly data: Buffer | null;
  readonly dueAt: number;
}

/** Bytes on their way in one direction: they arrive in their order, or not at all. */
class Direction {
  private readonly parcels: Parcel[] = [];
  private treatment: Treatment | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    from: Socket,
    private readonly to: Socket,
  ) {
    from.on('data', (data: Buffer) => {
      this.send(data);
    });
    from.on('close', () => {
      this.send(null);
    });
    to.on('close', () => {
      clearTimeout(this.timer);
    });
  }

  treat(treatment: Treatment | undefined): void {
    if (this.treatment === 'lost') return; // a stream with a hole in it can never go on
    this.treatment = treatment;
    this.deliver();
  }

  private send(data: Buffer | null): void {
    if (this.treatment === 'lost') return;
    const delayMs = typeof this.treatment === 'number' ? this.treatment : 0;
    this.parcels.push({ data, dueAt: performance.now() + delayMs });
    this.deliver();
  }

  private deliver(): void {
    clearTimeout(this.timer);
    if (this.treatment === 'held' || this.treatment === 'lost') return;
    for (;;) {
      const [next] = this.parcels;
      if (next === undefined) return;
      const waitMs = next.dueAt - performance.now();
      if (waitMs > 0) {
        this.timer = setTimeout(() => {
          this.deliver();
        }, waitMs);
        return;
      }
      this.parcels.shift();
      if (next.data === null) this.to.end();
      else this.to.write(next.data);
    }
  }
}
