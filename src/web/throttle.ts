import type { RequestSource } from '../audit/audit-event';
import type { AuditLog } from '../audit/audit-log';
import { networkOf } from '../audit/request-source';
import type { VerifiedToken } from '../tokens/verified-token';
import type { RequestReason } from '../audit/reasons';
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

/** A request too many: which bucket is full, and when to try again. */
export interface Excess {
  readonly reason: Extract<RequestReason, 'limit_by_token' | 'limit_by_address'>;
  readonly retryAfterSeconds: number;
}

export interface ThrottleRules {
  /** Requests per window and bucket. */
  readonly limit: number;
  readonly windowMs: number;
}

/**
 * Two buckets. Every request counts by address (IPv6: by /64). When that bucket is full, only a
 * live bearer passes. Requests with a live bearer also count by token identity. So neighbours
 * behind one address cannot prevent a logout. There is no bucket by subject: a thief with one token
 * could spend the budget of its owner's other tokens.
 */
export class Throttle {
  constructor(
    private readonly storage: RequestCounter,
    private readonly rules: ThrottleRules,
    private readonly audit: AuditLog,
    private readonly onStorageError: (error: unknown) => void,
  ) {}

  /** Counts a request. @returns `undefined`: it may pass. */
  async excess(
    bearer: Authentication,
    source: RequestSource,
    throttledBy: 'token' | 'address' = 'token',
  ): Promise<Excess | undefined> {
    const waitForAddress = await this.countAddress(source);
    if (throttledBy === 'token' && bearer.verdict === 'live')
      return this.excessOfToken(bearer.token, source);
    return this.refused('limit_by_address', addressKey(source), waitForAddress, source);
  }

  /** Counts a request by its live token alone. @returns as `excess`. */
  async excessOfToken(
    { revocationKey }: VerifiedToken,
    source: RequestSource,
  ): Promise<Excess | undefined> {
    const key = `logout:token:${revocationKey}`;
    return this.refused('limit_by_token', key, await this.count(key), source);
  }

  /** Counts a request by its address alone. @returns seconds to wait when the bucket is full. */
  countAddress(source: RequestSource): Promise<number | undefined> {
    return this.count(addressKey(source));
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
      // A logout must work without the counter. Tokens are checked regardless.
      this.onStorageError(error);
      return undefined;
    }
  }

  /** One row per bucket and window tells of the requests that were refused. */
  private refused(
    reason: Excess['reason'],
    key: string,
    retryAfterSeconds: number | undefined,
    source: RequestSource,
  ): Excess | undefined {
    if (retryAfterSeconds === undefined) return undefined;
    const event = 'excess_rate_limit_exceeded';
    this.audit.failedOnce(key, this.rules.windowMs, {
      ...source,
      event,
      outcome: 'failure',
      reason,
    });
    return { reason, retryAfterSeconds };
  }
}

function addressKey({ ip }: RequestSource): string {
  return `logout:address:${networkOf(ip) ?? 'unknown'}`;
}
