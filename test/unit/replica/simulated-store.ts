import type { Revocation } from '../../../src/revocation/revocation';

/** What a transaction sees, as Postgres tells it. */
export interface Snapshot {
  /** From here on nothing is seen. */
  readonly xmax: number;
  /** Below it, what was under way. */
  readonly xip: readonly number[];
}

export function sees({ xmax, xip }: Snapshot, xid: number): boolean {
  return xid < xmax && !xip.includes(xid);
}

export interface Row {
  readonly xid: number;
  readonly revocation: Revocation;
}

interface Transaction extends Row {
  state: 'under way' | 'committed' | 'rolled back';
}

interface Member {
  readonly snapshot: Snapshot | null;
  readonly seenAtMs: number;
}

/**
 * A grow-only set behind transactions that commit in any order, and the instances that have
 * announced themselves.
 */
export class SimulatedStore {
  server = 0;
  readonly members = new Map<string, Member>();
  private transactions: Transaction[] = [];
  private nextXid = 100;

  /** What the next transaction will be numbered. */
  get next(): number {
    return this.nextXid;
  }

  begin(revocation: Revocation): number {
    const xid = this.nextXid++;
    this.transactions.push({ xid, revocation, state: 'under way' });
    return xid;
  }

  /** @returns whether it took effect: the server may have been replaced since it began. */
  end(revocation: Revocation, state: 'committed' | 'rolled back'): boolean {
    const transaction = this.transactions.find((one) => one.revocation === revocation);
    if (transaction?.state !== 'under way') return false;
    transaction.state = state;
    return state === 'committed';
  }

  snapshot(): Snapshot {
    const ended = this.transactions.filter(({ state }) => state !== 'under way');
    const xmax = Math.max(99, ...ended.map(({ xid }) => xid)) + 1;
    const open = this.transactions.filter((one) => one.state === 'under way' && one.xid < xmax);
    return { xmax, xip: open.map(({ xid }) => xid) };
  }

  /** Rows that are committed now and were not seen by `since`: the form of the real feed. */
  rows(since: Snapshot | null): Row[] {
    return this.transactions.filter(
      ({ xid, state }) =>
        state === 'committed' && (since === null || xid >= since.xmax || since.xip.includes(xid)),
    );
  }

  isRevoked(key: string): boolean {
    return this.rows(null).some(({ revocation }) => revocation.key === key);
  }

  restart(): void {
    this.server += 1;
    for (const one of this.transactions) if (one.state === 'under way') one.state = 'rolled back';
  }

  /** A standby is promoted, or an older copy restored, that lacks the last transactions. */
  lose(count: number): void {
    this.restart();
    this.transactions = this.transactions.slice(0, Math.max(0, this.transactions.length - count));
    this.nextXid = Math.max(99, ...this.transactions.map(({ xid }) => xid)) + 1;
  }
}
