import { failureKindOf, type AuditEvent, type FailureKind } from './audit-event';
import type { AuditReason } from './reasons';
import { networkOf } from './request-source';

const SECOND_MS = 1000;
/** Distinct networks or causes counted at once: bounds the memory an attacker can take. */
const MAX_COUNTED = 10_000;
const MAX_NETWORKS_IN_SUMMARY = 100;
/** One network may spend half of a budget, so that attempts from others are written too. */
const NETWORK_SHARE = 0.5;

/** What was spent of one budget in this second. */
interface Spending {
  rows: number;
  readonly byNetwork: Map<string, number>;
}

/**
 * How many failures this instance may write: `perSecond` of each kind, of which one network gets
 * half. What is over the budget is counted, so that a flood is told in one row, not in millions.
 */
export class AuditBudget {
  private second = 0;
  private readonly spent = new Map<FailureKind, Spending>();
  private readonly causes = new Map<string, number>();
  private readonly networks = new Map<string, number>();

  constructor(
    private readonly perSecond: number,
    private readonly clock: () => number,
  ) {}

  /** Takes one row from this second's budget; `false` when it is spent: the event is counted. */
  take(event: AuditEvent): boolean {
    const spending = this.spendingOf(failureKindOf(event));
    // An event without an address, of no request, is limited by the whole budget alone.
    const network = networkOf(event.ip);
    const byNetwork = network === undefined ? 0 : (spending.byNetwork.get(network) ?? 0);
    if (spending.rows >= this.perSecond || byNetwork >= this.perSecond * NETWORK_SHARE) {
      this.count(event);
      return false;
    }
    spending.rows += 1;
    if (network !== undefined) spending.byNetwork.set(network, byNetwork + 1);
    return true;
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

  private spendingOf(kind: FailureKind): Spending {
    const second = Math.floor(this.clock() / SECOND_MS);
    if (second !== this.second) {
      this.second = second;
      this.spent.clear();
    }
    const known = this.spent.get(kind);
    if (known !== undefined) return known;
    const fresh = { rows: 0, byNetwork: new Map<string, number>() };
    this.spent.set(kind, fresh);
    return fresh;
  }
}

function increment(counts: Map<string, number>, key: string): void {
  const known = counts.has(key) || counts.size < MAX_COUNTED ? key : 'other';
  counts.set(known, (counts.get(known) ?? 0) + 1);
}
