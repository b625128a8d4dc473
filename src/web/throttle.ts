import type { RequestOrigin } from '../audit/audit-event';
import type { AuditLog } from '../audit/audit-log';
import { networkOf } from '../audit/request-origin';
import type { VerifiedToken } from '../tokens/identity';
import type { Authentication } from '../revocation/revoked-tokens.service';

/** Counts requests by key; the storages of @nestjs/throttler are such. */
export interface RequestCounter {
  /**
   * Counts one request.
   * @param ttl how long a request counts, in ms.
   * @param limit how many may count at once before the key is blocked.
   * @param blockDuration how long a block lasts, in ms.
   */
  increment(
    key: string,
    ttl: number,
    limit: number,
    blockDuration: number,
    throttlerName: string,
  ): Promise<{ readonly isBlocked: boolean; readonly timeToBlockExpire: number }>;
}

export interface ThrottleRules {
  /** Requests per window and bucket. */
  readonly limit: number;
  readonly windowMs: number;
}

/**
 * Two buckets. By address (IPv6: by /64) every request counts, and when it is full only a live
 * bearer passes; by token identity those with a live bearer count. So nobody is kept signed in by
 * neighbours behind one address, nor by a thief who spends somebody's budget: hence never by
 * subject.
 */
export class Throttle {
  constructor(
    private readonly storage: RequestCounter,
    private readonly rules: ThrottleRules,
    private readonly audit: AuditLog,
    private readonly onStorageError: (error: unknown) => void,
  ) {}

  /**
   * Counts a request.
   * @returns after how many seconds to try again, or `undefined`: the request may pass.
   */
  async retryAfterSeconds(
    bearer: Authentication,
    origin: RequestOrigin,
    throttledBy: 'token' | 'address' = 'token',
  ): Promise<number | undefined> {
    const waitForAddress = await this.countAddress(origin);
    if (throttledBy === 'token' && bearer.verdict === 'live')
      return this.retryAfterSecondsForToken(bearer.token, origin);
    return this.refused(addressKey(origin), waitForAddress, origin);
  }

  /** Counts a request by its live token alone. @returns as `retryAfterSeconds`. */
  async retryAfterSecondsForToken(
    { revocationKey }: VerifiedToken,
    origin: RequestOrigin,
  ): Promise<number | undefined> {
    const byToken = `logout:token:${revocationKey}`;
    return this.refused(byToken, await this.count(byToken), origin);
  }

  /** Counts a request by its address alone. @returns seconds to wait when the bucket is full. */
  countAddress(origin: RequestOrigin): Promise<number | undefined> {
    return this.count(addressKey(origin));
  }

  private async count(key: string): Promise<number | undefined> {
    const { limit, windowMs } = this.rules;
    try {
      const { isBlocked, timeToBlockExpire } = await this.storage.increment(
        key,
        windowMs,
        limit,
        // A full bucket stays full for a window. Without a block, storages as old as
        // that of @nestjs/throttler 6.4 would empty it instead.
        windowMs,
        'logout',
      );
      return isBlocked ? Math.max(1, Math.ceil(timeToBlockExpire)) : undefined;
    } catch (error) {
      // Losing the counter must keep nobody signed in; tokens are checked regardless.
      this.onStorageError(error);
      return undefined;
    }
  }

  /** One row per bucket and window tells of the requests that were refused. */
  private refused(
    key: string,
    waitSeconds: number | undefined,
    origin: RequestOrigin,
  ): number | undefined {
    if (waitSeconds !== undefined)
      this.audit.failedOnce(key, this.rules.windowMs, {
        ...origin,
        event: 'excess_rate_limit_exceeded',
        outcome: 'failure',
        reason: key.startsWith('logout:token:') ? 'limit_by_token' : 'limit_by_address',
      });
    return waitSeconds;
  }
}

function addressKey({ ip }: RequestOrigin): string {
  return `logout:address:${networkOf(ip) ?? 'unknown'}`;
}
