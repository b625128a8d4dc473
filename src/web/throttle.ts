import type { FailedEvent, RequestSource } from '../audit/audit-event';
import type { AuditLog } from '../audit/audit-log';
import type { RequestReason } from '../audit/reasons';
import { networkOf } from '../audit/request-source';
import type { Authentication } from '../revocation/revoked-tokens.service';
import type { VerifiedToken } from '../tokens/verified-token';
import type { RequestCounter, ThrottleRules } from './request-counter';

/** A request too many: which bucket is full, and when to try again. */
export interface Excess {
  readonly reason: Extract<RequestReason, 'limit_by_token' | 'limit_by_address'>;
  readonly retryAfterSeconds: number;
}

/**
 * Two buckets. Every request counts by address (IPv6: by /64). When that bucket is full, only a
 * live bearer passes. Requests with a live bearer also count by token identity. So neighbours
 * behind one address cannot prevent a logout. There is no bucket by subject: a thief with one token
 * could spend the budget of its owner's other tokens.
 */
export class Throttle {
  constructor(
    private readonly counter: RequestCounter,
    private readonly rules: ThrottleRules,
    private readonly audit: AuditLog,
    private readonly onCounterError: (error: unknown) => void,
  ) {}

  /** Counts a request in both buckets. @returns `undefined`: it may pass. */
  async excess(bearer: Authentication, source: RequestSource): Promise<Excess | undefined> {
    if (bearer.verdict !== 'live') return this.excessOfAddress(source);
    await this.countAddress(source);
    return this.excessOfToken(bearer.token, source);
  }

  /** Counts a request by its live token alone. @returns as `excess`. */
  async excessOfToken(
    { revocationKey }: VerifiedToken,
    source: RequestSource,
  ): Promise<Excess | undefined> {
    const key = `logout:token:${revocationKey}`;
    const excess = await this.count('limit_by_token', key);
    if (excess !== undefined) this.auditExcess(excess, source, key);
    return excess;
  }

  /** Counts a request by its address alone. @returns as `excess`. */
  async excessOfAddress(source: RequestSource): Promise<Excess | undefined> {
    const excess = await this.countAddress(source);
    if (excess !== undefined) this.auditExcess(excess, source);
    return excess;
  }

  /** As `excessOfAddress`, for a request that may pass nevertheless: nothing is audited. */
  countAddress(source: RequestSource): Promise<Excess | undefined> {
    return this.count('limit_by_address', addressKey(source));
  }

  /** Audits that a request was refused for this; `auditOnce` says how often. */
  auditExcess({ reason }: Excess, source: RequestSource, bucket?: string): void {
    const event = 'excess_rate_limit_exceeded';
    this.auditOnce({ ...source, event, outcome: 'failure', reason }, bucket);
  }

  /**
   * Audits a request that is refused whatever its token is: one row for each reason, bucket and
   * window, however many requests there are.
   */
  auditOnce(event: FailedEvent, bucket = addressKey(event)): void {
    this.audit.failedOnce(`${event.reason}:${bucket}`, this.rules.windowMs, event);
  }

  private async count(reason: Excess['reason'], key: string): Promise<Excess | undefined> {
    try {
      const waitMs = await this.counter.count(key, this.rules);
      if (waitMs === undefined) return undefined;
      return { reason, retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) };
    } catch (error) {
      // A logout must work without the counter. Tokens are checked regardless.
      this.onCounterError(error);
      return undefined;
    }
  }
}

function addressKey({ ip }: RequestSource): string {
  return `logout:address:${networkOf(ip) ?? 'unknown'}`;
}
