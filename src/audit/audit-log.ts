import { textOf } from '../tokens/verification/claims';
import type { ParsedToken } from '../tokens/verified-token';
import { AuditBudget } from './audit-budget';
import { failureKindOf, type AuditEvent, type AuditOutcome, type FailedEvent } from './audit-event';
import { AuditQueue } from './audit-queue';
import type { AuditPage, AuditQuery, AuditTrail } from './audit-trail';
import { OncePerWindow } from './once-per-window';
import { escapeControls, type LazyRequestSource } from './request-source';

/** Of each kind. */
const FAILURES_PER_SECOND = 50;
const MINUTE_MS = 60_000;
/** Twenty seconds of the budget: what an outage of the database may hold back in memory. */
const MAX_WAITING = FAILURES_PER_SECOND * 20;

/** Receives every event as one line of JSON, free of control characters. */
export type AuditPrinter = (line: string, outcome: AuditOutcome) => void;

type TokenFields = Pick<
  AuditEvent,
  'issuer' | 'subject' | 'tokenId' | 'sessionId' | 'tokenFingerprint'
>;

/** What the audit keeps of a token: enough to identify it, never its text. */
export function tokenFields(token: ParsedToken): TokenFields {
  const { claims, subject, sessionId, revocationKey } = token;
  return {
    issuer: claims.iss,
    subject,
    tokenId: textOf(claims.jti),
    sessionId: textOf(sessionId),
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
  private readonly windows: OncePerWindow;
  private readonly queue: AuditQueue;
  private readonly summaryTimer: NodeJS.Timeout;

  /** @param onError told of a row that the trail can never store. */
  constructor(
    private readonly trail: AuditTrail,
    private readonly print: AuditPrinter,
    onError: (error: unknown) => void = () => undefined,
    clock: () => number = () => Date.now(),
  ) {
    this.budget = new AuditBudget(FAILURES_PER_SECOND, clock);
    this.windows = new OncePerWindow(clock);
    this.queue = new AuditQueue(trail, MAX_WAITING, (event, { cause }) => {
      this.budget.count(event);
      onError(droppedRow(event, cause));
    });
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
    this.write(event);
  }

  /** Writes the event when none with `key` was written for `windowMs`. */
  failedOnce(key: string, windowMs: number, event: FailedEvent): void {
    if (this.windows.isWritten(key)) return;
    // What was only counted comes again: the next event with `key` may be written.
    if (this.write(event)) this.windows.written(key, windowMs);
  }

  /** A token was presented after its revocation: one row per token and minute. */
  reused(token: ParsedToken, source: LazyRequestSource): void {
    const key = `reuse:${token.revocationKey}`;
    // Asked here too: most requests of a token that is used on and on shall not build an event.
    if (this.windows.isWritten(key)) return;
    this.failedOnce(key, MINUTE_MS, {
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
    await this.queue.close();
  }

  private summarise(): void {
    // It would only be counted itself; what it has to tell stays in the budget until there is room.
    if (!this.queue.hasRoomFor('other')) return;
    const summary = this.budget.summary();
    if (summary !== undefined) this.enqueue(summary);
  }

  /** @returns whether it will be written; otherwise it was counted. */
  private write(event: AuditEvent): boolean {
    return this.budget.take(event) && this.enqueue(event);
  }

  private enqueue(event: AuditEvent): boolean {
    this.say(event);
    if (!this.queue.hasRoomFor(failureKindOf(event))) {
      this.budget.count(event);
      return false;
    }
    this.queue.add(event);
    return true;
  }

  private say(event: AuditEvent): void {
    try {
      this.print(line(event), event.outcome);
    } catch {
      // The row is what counts: for want of a line, no committed logout becomes a failure.
    }
  }
}

function droppedRow({ event }: AuditEvent, cause: unknown): Error {
  return new Error(
    `A row of the audit (${event}) can never be stored and was left out. Its log line was printed, ` +
      'and the next summary counts it.',
    { cause },
  );
}

function line(event: AuditEvent): string {
  return escapeControls(JSON.stringify(event));
}
