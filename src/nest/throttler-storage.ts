import { withTimeout } from '../logout/with-timeout';
import type { RequestCounter, ThrottleRules } from '../web/request-counter';

const SECOND_MS = 1000;

/** A client that waits until its server is back must not keep a logout waiting. */
const TIMEOUT_MS = 1000;

/** What we use of a storage of @nestjs/throttler. */
export interface ThrottlerStorage {
  /**
   * Counts one request.
   * @param ttl how long a request counts, in ms.
   * @param limit how many may count at once before the key is blocked.
   * @param blockDuration how long a block lasts, in ms.
   * @returns whether the key is blocked, and for how many seconds.
   */
  increment(
    key: string,
    ttl: number,
    limit: number,
    blockDuration: number,
    throttlerName: string,
  ): Promise<{ readonly isBlocked: boolean; readonly timeToBlockExpire: number }>;
}

/** Counts where the host counts. */
export class ThrottlerStorageCounter implements RequestCounter {
  constructor(private readonly storage: ThrottlerStorage) {}

  async count(key: string, { limit, windowMs }: ThrottleRules): Promise<number | undefined> {
    // A full bucket stays full for a window. Without a block, storages as old as that of
    // @nestjs/throttler 6.4 would empty it instead.
    const { isBlocked, timeToBlockExpire } = await withTimeout(
      'The storage of the throttler',
      this.storage.increment(key, windowMs, limit, windowMs, 'logout'),
      TIMEOUT_MS,
    );
    return isBlocked ? timeToBlockExpire * SECOND_MS : undefined;
  }
}
