import type { AuditEvent } from './audit-event';
import type { AuditReason } from './reasons';
import { networkOf } from './request-source';

const SECOND_MS = 1000;
/** Distinct networks or keys remembered at once: bounds the memory an attacker can take. */
const MAX_REMEMBERED = 10_000;
const MAX_NETWORKS_IN_SUMMARY = 100;

/**
 * How many failures may be written: `perSecond` for this instance, and repeats of one key once a
 * window. What is over the budget is counted, so that a flood is told in one row, not in millions.
 */
export class AuditBudget {
  private second = 0;
  private spent = 0;
  private readonly windowEnds = new Map<string, number>();
  private nextForgetting = 0;
  private readonly causes = new Map<string, number>();
  private readonly networks = new Map<string, number>();

  constructor(
    private readonly perSecond: number,
    private readonly clock: () => number,
  ) {}

  /** Whether this is the first event with `key` for `windowMs`. */
  isFirst(key: string, windowMs: number): boolean {
    const now = this.clock();
    if ((this.windowEnds.get(key) ?? 0) > now) return false;
    if (this.windowEnds.size >= MAX_REMEMBERED && now >= this.nextForgetting) this.forgetEnded(now);
    // Full of live windows: counting is left to the summary rather than growing without end.
    if (this.windowEnds.size < MAX_REMEMBERED) this.windowEnds.set(key, now + windowMs);
    return true;
  }

  /** Takes one row from this second's budget; `false` when it is spent: the event is counted. */
  take(event: AuditEvent): boolean {
    const second = Math.floor(this.clock() / SECOND_MS);
    if (second !== this.second) {
      this.second = second;
      this.spent = 0;
    }
    if (this.spent < this.perSecond) {
      this.spent += 1;
      return true;
    }
    this.count(event);
    return false;
  }

  /** Counts an event that is not written on its own. */
  count(event: AuditEvent): void {
    increment(this.causes, `${event.event}:${event.reason ?? event.outcome}`);
    increment(this.networks, networkOf(event.ip) ?? 'unknown');
  }

  /** The one row that tells what was only counted since the last summary, if anything was. */
  summary(): AuditEvent | undefined {
    if (this.causes.size === 0) return undefined;
    const detail = {
      causes: Object.fromEntries(this.causes),
      networks: Object.fromEntries(
        [...this.networks].sort(([, a], [, b]) => b - a).slice(0, MAX_NETWORKS_IN_SUMMARY),
      ),
    };
    this.causes.clear();
    this.networks.clear();
    return {
      event: 'excess_rate_limit_exceeded',
      outcome: 'summary',
      reason: 'audit_budget' satisfies AuditReason,
      detail,
    };
  }

  /** Once a second at most: under a flood each event would walk through all of them. */
  private forgetEnded(now: number): void {
    this.nextForgetting = now + SECOND_MS;
    for (const [key, end] of this.windowEnds) if (end <= now) this.windowEnds.delete(key);
  }
}

function increment(counts: Map<string, number>, key: string): void {
  const known = counts.has(key) || counts.size < MAX_REMEMBERED ? key : 'other';
  counts.set(known, (counts.get(known) ?? 0) + 1);
}
