/** A connection of our own. */
export interface RedisConnection {
  /** Sends one command, once, or fails. @returns texts, numbers, `null`, and lists of them. */
  call(command: readonly string[]): Promise<unknown>;
  /** What is under way fails or is never answered. Idempotent. */
  close(): void;
}

/**
 * A client of Redis: `fromNodeRedis`, `fromIoredis`, or ten lines of yours. It keeps no command for
 * later and sends none twice: one that came late would be carried out when nobody waits for it.
 */
export interface RedisClient {
  /** Resolves when the connection is ready. */
  connect(): Promise<RedisConnection>;
  /** Calls `onMessage` for each message, and after each (re)connect, as messages were lost before. */
  subscribe(channel: string, onMessage: () => void): Promise<Pick<RedisConnection, 'close'>>;
}
