import { inTime } from '../relay/call-timeout';
import type { RedisClient, RedisCommand, RedisConnection, RedisSubscription } from './redis-client';

const SERVER = 'Redis';
const RETRY_MS = 500;
/** For a connection; one that is half open never becomes ready. */
const CONNECT_TIMEOUT_MS = 2000;

interface Listener {
  readonly channel: string;
  readonly onMessage: () => void;
  subscription: RedisSubscription | null;
  isReady: boolean;
}

/**
 * Our connections to one Redis. A client can hang for ever on a connection that is half open. So
 * every command has a time limit here, and where one misses it, all connections are made anew.
 */
export class RedisLink {
  private connection: RedisConnection | null = null;
  private listeners: readonly Listener[] = [];

  constructor(
    private readonly client: RedisClient,
    private readonly timeoutMs: number,
  ) {}

  /** Whether every channel is listened to. */
  get isListening(): boolean {
    return this.listeners.length > 0 && this.listeners.every(({ isReady }) => isReady);
  }

  /** Sends one command, and connects before where that is due. Nothing is sent after the limit. */
  async call(command: RedisCommand): Promise<unknown> {
    const [reply] = await this.callTogether([command]);
    return reply;
  }

  /** As `call`, for commands that must reach the server through one connection, in this order. */
  async callTogether(commands: readonly RedisCommand[]): Promise<readonly unknown[]> {
    const connection = this.connection ?? this.connect();
    await inTime(SERVER, this.timeoutMs, connection.ready);
    const replies = Promise.all(commands.map((command) => connection.call(command)));
    return inTime(SERVER, this.timeoutMs, replies, () => {
      if (connection === this.connection) this.beginAnew();
    });
  }

  /** Calls `onMessage` for what comes, and after each reconnect; goes on until `close`. */
  listen(channel: string, onMessage: () => void): void {
    const listener: Listener = { channel, onMessage, subscription: null, isReady: false };
    this.listeners = [...this.listeners, listener];
    void this.subscribe(listener);
  }

  /** `call` and `listen` may follow. Idempotent. */
  close(): void {
    for (const listener of this.listeners) end(listener);
    this.listeners = [];
    this.disconnect();
  }

  private connect(): RedisConnection {
    const connection = this.client.connect();
    this.connection = connection;
    inTime(SERVER, CONNECT_TIMEOUT_MS, connection.ready).catch(() => {
      if (connection === this.connection) this.disconnect();
    });
    return connection;
  }

  private disconnect(): void {
    this.connection?.close();
    this.connection = null;
  }

  private beginAnew(): void {
    this.disconnect();
    for (const listener of this.listeners) void this.subscribe(listener);
  }

  private async subscribe(listener: Listener): Promise<void> {
    end(listener);
    const subscription = this.client.subscribe(listener.channel, listener.onMessage);
    listener.subscription = subscription;
    const isCurrent = (): boolean => subscription === listener.subscription;
    try {
      await inTime(SERVER, CONNECT_TIMEOUT_MS, subscription.ready);
      listener.isReady = isCurrent();
    } catch {
      // Until then polling has to do; that Redis is away stands in the error of the next command.
      setTimeout(() => {
        if (isCurrent()) void this.subscribe(listener);
      }, RETRY_MS).unref();
    }
  }
}

function end(listener: Listener): void {
  listener.subscription?.close();
  listener.subscription = null;
  listener.isReady = false;
}
