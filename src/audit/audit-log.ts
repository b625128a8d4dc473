import { textOf } from '../tokens/verification/claims';
import type { ParsedToken } from '../tokens/verified-token';
import { AuditBudget } from './audit-budget';
import type { AuditEvent, AuditOutcome, FailedEvent } from './audit-event';
import type { AuditPage, AuditQuery, AuditTrail } from './audit-trail';
import { escapeControls, type LazyRequestSource } from './request-source';

const FAILURES_PER_SECOND = 50;
const MINUTE_MS = 60_000;
const FLUSH_AFTER_MS = 100;
const RETRY_AFTER_MS = 1000;
const BATCH_ROWS = 100;
/** Twenty seconds of the budget: what an outage of the database may hold back in memory. */
const MAX_WAITING = FAILURES_PER_SECOND * 20;

/** Receives every event as one line of JSON, free of control characters. */
export type AuditPrinter = (line: string, outcome: AuditOutcome) => void;

type TokenFields = Pick<
  AuditEvent,
  'issuer' | 'subject' | 'tokenId' | 'sessionId' | 'tokenFingerprint'
>;

/** What the audit keeps of a token: enough to identify it, never its text. */
export function tokenFields({ claims, subject, revocationKey }: ParsedToken): TokenFields {
  return {
    issuer: claims.iss,
    subject,
    tokenId: textOf(claims.jti),
    sessionId: textOf(claims.sid),
    tokenFingerprint: revocationKey,
  };
}

/**
 * What happened, and how to ask. A success is committed by the store together with its revocation
 * and is only printed here. Failures are written in the background, bounded, and never delay or
 * change an answer.
 */
export class AuditLog {
  private readonly budget: AuditBudget;
  private waiting: AuditEvent[] = [];
  private timer: NodeJS.Timeout | undefined;
  private readonly summaryTimer: NodeJS.Timeout;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly trail: AuditTrail,
    private readonly print: AuditPrinter,
    clock: () => number = Date.now,
  ) {
    this.budget = new AuditBudget(FAILURES_PER_SECOND, clock);
    this.summaryTimer = setInterval(() => {
      this.summarise();
    }, MINUTE_MS).unref();
  }

  /**
   * The events that match, newest first, a page at a time.
   * @throws {TypeError} the query is not of its form.
   * @throws {StoreUnavailableError}
   */
  find(query: AuditQuery): Promise<AuditPage> {
    return this.trail.find(query);
  }

  /** Prints what a store has already committed. */
  committed(event: AuditEvent): void {
    this.say(event);
  }

  /** Writes a failure soon, or counts it where the budget of this second is spent. */
  failed(event: FailedEvent): void {
    if (this.budget.take(event)) this.enqueue(event);
  }

  /** Writes the event when none with `key` was written for `windowMs`. */
  failedOnce(key: string, windowMs: number, event: FailedEvent): void {
    if (this.budget.isFirst(key, windowMs)) this.failed(event);
  }

  /** A token was presented after its revocation: one row per token and minute. */
  reused(token: ParsedToken, source: LazyRequestSource): void {
    if (!this.budget.isFirst(`reuse:${token.revocationKey}`, MINUTE_MS)) return;
    this.failed({
      event: 'authn_token_reuse',
      outcome: 'failure',
      reason: 'token_revoked',
      ...tokenFields(token),
      ...(typeof source === 'function' ? source() : source),
    });
  }

  /** Writes what is waiting, as far as the trail takes it, and stops. Idempotent. */
  async close(): Promise<void> {
    clearInterval(this.summaryTimer);
    this.summarise();
    clearTimeout(this.timer);
    this.writing = this.writing.then(() => this.flush());
    await this.writing;
    clearTimeout(this.timer);
  }

  private summarise(): void {
    // It would only be counted itself; what it has to tell stays in the budget until there is room.
    if (this.waiting.length >= MAX_WAITING) return;
    const summary = this.budget.summary();
    if (summary !== undefined) this.enqueue(summary);
  }

  private enqueue(event: AuditEvent): void {
    this.say(event);
    if (this.waiting.length >= MAX_WAITING) {
      this.budget.count(event);
      return;
    }
    this.waiting.push(event);
    this.flushIn(FLUSH_AFTER_MS);
  }

  private say(event: AuditEvent): void {
    try {
      this.print(line(event), event.outcome);
    } catch {
      // The row is what counts: for want of a line, no committed logout becomes a failure.
    }
  }

  /** Unless that is under way: the timer counts as set until its writing has ended. */
  private flushIn(delayMs: number): void {
    this.timer ??= setTimeout(() => {
      this.writing = this.writing.then(() => this.flush());
    }, delayMs).unref();
  }

  /** One at a time: two would write the same rows twice, and then forget rows unwritten. */
  private async flush(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.slice(0, BATCH_ROWS);
      try {
        await this.trail.append(batch);
      } catch {
        // The trail is away; the store reports that itself. The rows wait, bounded, for its return.
        this.timer = undefined;
        this.flushIn(RETRY_AFTER_MS);
        return;
      }
      this.waiting = this.waiting.slice(batch.length);
    }
    this.timer = undefined;
  }
}

function line(event: AuditEvent): string {
  return escapeControls(JSON.stringify(event));
}
