import type { RedisClient, RedisConnection } from './redis-client';

const RETRY_MS = 500;

interface Subscription {
  readonly channel: string;
  readonly onMessage: () => void;
  /** Grows with each attempt; only the last one counts. */
  attempts: number;
  open: Pick<RedisConnection, 'close'> | null;
}

/**
 * Our connections to one Redis. A client can hang for ever on a connection that is half open. So
 * every command has a time limit here, and where one misses it, all connections are made anew.
 */
export class RedisLink {
  private connection: Promise<RedisConnection> | null = null;
  private subscriptions: readonly Subscription[] = [];

  constructor(
    private readonly client: RedisClient,
    private readonly timeoutMs: number,
  ) {}

  /** Whether every channel is listened to. */
  get isListening(): boolean {
    return this.subscriptions.length > 0 && this.subscriptions.every(({ open }) => open !== null);
  }

  /** Sends one command, and connects before where that is due. Nothing is sent after the limit. */
  async call(command: readonly string[]): Promise<unknown> {
    const [reply] = await this.callTogether([command]);
    return reply;
  }

  /** As `call`, for commands that must reach the server through one connection, in this order. */
  async callTogether(commands: readonly (readonly string[])[]): Promise<readonly unknown[]> {
    const connection = this.connect();
    const ready = await this.inTime(connection);
    return this.inTime(Promise.all(commands.map((command) => ready.call(command))), () => {
      if (connection === this.connection) this.beginAnew();
    });
  }

  /** Calls `onMessage` for what comes, and after each reconnect; goes on until `close`. */
  listen(channel: string, onMessage: () => void): void {
    const subscription = { channel, onMessage, attempts: 0, open: null };
    this.subscriptions = [...this.subscriptions, subscription];
    void this.subscribe(subscription);
  }

  /** `call` and `listen` may follow. Idempotent. */
  close(): void {
    for (const subscription of this.subscriptions) end(subscription);
    this.subscriptions = [];
    this.disconnect();
  }

  private connect(): Promise<RedisConnection> {
    if (this.connection !== null) return this.connection;
    const connection = this.client.connect();
    this.connection = connection;
    connection.catch(() => {
      if (connection === this.connection) this.connection = null;
    });
    return connection;
  }

  private disconnect(): void {
    const { connection } = this;
    this.connection = null;
    connection?.then(
      (open) => {
        open.close();
      },
      () => undefined,
    );
  }

  private beginAnew(): void {
    this.disconnect();
    for (const subscription of this.subscriptions) void this.subscribe(subscription);
  }

  private async subscribe(subscription: Subscription): Promise<void> {
    end(subscription);
    const attempt = subscription.attempts;
    const isCurrent = (): boolean => attempt === subscription.attempts;
    try {
      const open = await this.client.subscribe(subscription.channel, subscription.onMessage);
      if (isCurrent()) subscription.open = open;
      else open.close();
    } catch {
      // Until then polling has to do; that Redis is away stands in the error of the next command.
      setTimeout(() => {
        if (isCurrent()) void this.subscribe(subscription);
      }, RETRY_MS).unref();
    }
  }

  private async inTime<T>(work: Promise<T>, onLate: () => void = () => undefined): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    let isOver = false;
    const late = new Promise<never>((_, reject) => {
      // Node runs timers before it reads sockets, and immediates after it has.
      const fail = (): void => {
        if (isOver) return;
        onLate();
        reject(new Error(`Redis did not answer within ${this.timeoutMs} ms.`));
      };
      timer = setTimeout(() => setImmediate(fail), this.timeoutMs);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      isOver = true;
      clearTimeout(timer);
    }
  }
}

/** No attempt of it counts any more. */
function end(subscription: Subscription): void {
  subscription.attempts += 1;
  subscription.open?.close();
  subscription.open = null;
}
