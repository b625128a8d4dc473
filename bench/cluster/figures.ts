import { percentile } from '../statistics';

/** What becomes of logouts at one rate. */
export interface Spread {
  readonly logoutsPerSecond: number;
  /** CPU time of PostgreSQL, in cores. */
  readonly cores: number;
  /** From the 200 of a logout until another instance refuses the token, in ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How often a token was accepted later than the bound after its logout. Must be 0. */
  readonly acceptedLate: number;
}

/** What was measured with so many instances. */
export interface Size {
  /** `instances`: applications in processes of their own; `followers`: stores in two processes. */
  readonly kind: 'instances' | 'followers';
  readonly count: number;
  /** CPU time of PostgreSQL without any logout, in cores. */
  readonly idleCores: number;
  /** Connections of one instance, on the average, when nothing happens. */
  readonly connectionsForGood: number;
  /** The same, the most that was seen. */
  readonly connectionsAtMost: number;
  /** What PostgreSQL sent for one read of the feed, on the average; of followers alone. */
  readonly bytesPerRead?: number;
  readonly spreads: readonly Spread[];
}

/** How each size is measured. */
export interface Plan {
  /** Logouts a second, one after the other. */
  readonly rates: readonly number[];
  /** How long each figure is measured. */
  readonly seconds: number;
  /** Told of each step as it begins. */
  readonly step: (what: string) => void;
}

/** What one round of logouts has shown. */
export interface Seen {
  /** For each logout and other instance, when it was seen there, in ms after the 200. */
  readonly delays: readonly number[];
  readonly acceptedLate: number;
}

export function spreadOf(logoutsPerSecond: number, cores: number, seen: Seen): Spread {
  const delays = [...seen.delays];
  return {
    logoutsPerSecond,
    cores,
    p50Ms: percentile(delays, 50),
    p99Ms: percentile(delays, 99),
    acceptedLate: seen.acceptedLate,
  };
}
