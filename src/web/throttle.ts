import type { FailedEvent, RequestSource } from '../audit/audit-event';
import type { AuditLog } from '../audit/audit-log';
import type { RequestReason } from '../audit/reasons';
import { networkOf } from '../audit/request-source';
import type { Authentication } from '../revocation/authentication';
import type { VerifiedToken } from '../tokens/verified-token';
import type { RequestCounter, ThrottleRules } from './request-counter';

/** A request too many: which bucket is full, and when to try again. */
export interface Excess {
  readonly reason: Extract<
    RequestReason,
    'limit_by_token' | 'limit_by_address' | 'limit_by_caller'
  >;
  readonly retryAfterSeconds: number;
}

/** Of the refreshes of one session: many tabs of one user, and no loop. */
const REFRESHES: ThrottleRules = { limit: 120, windowMs: 60_000 };

/** The buckets of the logout, which routes of the host's share. */
const LOGOUT = 'logout';

/**
 * Two buckets for each route. Every request counts by address (IPv6: by /64). When that bucket is
 * full, only a live bearer passes, or a genuine refresh or logout token. Requests with a live bearer
 * also count by token identity, those with a genuine refresh token by its session. So neighbours behind one
 * address cannot prevent a logout. There is no bucket by subject: a thief with one token could spend
 * the budget of its owner's other tokens.
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
    { revocationKey }: Pick<VerifiedToken, 'revocationKey'>,
    source: RequestSource,
    bucket = LOGOUT,
  ): Promise<Excess | undefined> {
    return this.audited(source, `${bucket}:token:${revocationKey}`, this.rules);
  }

  /** Counts a request by the session of its refresh token alone. @returns as `excess`. */
  async excessOfSession(
    sessionId: string,
    source: RequestSource,
    bucket: string,
  ): Promise<Excess | undefined> {
    return this.audited(source, `${bucket}:session:${sessionId}`, REFRESHES);
  }

  /** Counts a request by the caller of introspection alone. @returns as `excess`. */
  async excessOfCaller(
    callerId: string,
    limit: number,
    source: RequestSource,
    bucket: string,
  ): Promise<Excess | undefined> {
    const rules = { ...this.rules, limit };
    return this.audited(source, `${bucket}:caller:${callerId}`, rules, 'limit_by_caller');
  }

  /** Counts a request by its address alone. @returns as `excess`. */
  async excessOfAddress(source: RequestSource, bucket = LOGOUT): Promise<Excess | undefined> {
    const excess = await this.countAddress(source, bucket);
    if (excess !== undefined) this.auditAddress(excess, source, bucket);
    return excess;
  }

  /** As `excessOfAddress`, for a request that may pass nevertheless: nothing is audited. */
  countAddress(source: RequestSource, bucket = LOGOUT): Promise<Excess | undefined> {
    return this.count('limit_by_address', addressKey(source, bucket), this.rules);
  }

  /** Audits that a request was refused for its address; `auditOnce` says how often. */
  auditAddress(excess: Excess, source: RequestSource, bucket?: string): void {
    this.auditExcess(excess, source, addressKey(source, bucket));
  }

  /**
   * Audits a request that is refused whatever its token is: one row for each reason, bucket and
   * window, however many requests there are.
   */
  auditOnce(event: FailedEvent, bucket = addressKey(event)): void {
    this.audit.failedOnce(`${event.reason}:${bucket}`, this.rules.windowMs, event);
  }

  private auditExcess({ reason }: Excess, source: RequestSource, key: string): void {
    const event = 'excess_rate_limit_exceeded';
    this.auditOnce({ ...source, event, outcome: 'failure', reason }, key);
  }

  private async audited(
    source: RequestSource,
    key: string,
    rules: ThrottleRules,
    reason: Excess['reason'] = 'limit_by_token',
  ): Promise<Excess | undefined> {
    const excess = await this.count(reason, key, rules);
    if (excess !== undefined) this.auditExcess(excess, source, key);
    return excess;
  }

  private async count(
    reason: Excess['reason'],
    key: string,
    rules: ThrottleRules,
  ): Promise<Excess | undefined> {
    try {
      const waitMs = await this.counter.count(key, rules);
      if (waitMs === undefined) return undefined;
      return { reason, retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) };
    } catch (error) {
      // A logout must work without the counter. Tokens are checked regardless.
      this.onCounterError(error);
      return undefined;
    }
  }
}

function addressKey({ ip }: RequestSource, bucket = LOGOUT): string {
  return `${bucket}:address:${networkOf(ip) ?? 'unknown'}`;
}
