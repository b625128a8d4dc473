/** A connection of our own that hears messages. */
export interface RedisSubscription {
  /** Resolves when it can be used; rejects when it never will. */
  readonly ready: Promise<unknown>;
  /** Also of one that is not ready yet. What is under way need not settle. Idempotent. */
  close(): void;
}

/** Its name, and its arguments. */
export type RedisCommand = readonly [string, ...string[]];

/** A connection of our own that sends commands. */
export interface RedisConnection extends RedisSubscription {
  /** Sends one command, once, or fails. @returns texts, numbers, `null`, and lists of them. */
  call(command: RedisCommand): Promise<unknown>;
}

/**
 * A client of Redis: `fromNodeRedis`, `fromIoredis`, or ten lines of yours. It keeps no command for
 * later and sends none twice: one that came late would be carried out after its caller has given up.
 */
export interface RedisClient {
  connect(): RedisConnection;
  /** Calls `onMessage` for each message, and after each (re)connect, as messages were lost before. */
  subscribe(channel: string, onMessage: () => void): RedisSubscription;
}
