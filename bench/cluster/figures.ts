import { setTimeout as sleep } from 'node:timers/promises';
import type { BrokerName } from '../brokers';
import { percentile } from '../statistics';
import type { Connections, Cores } from './servers';

/** How long after its logout a token may be accepted, as stores have it by default. */
export const BOUND_MS = 2000;
/** Idle connections of a pool are closed by then. */
export const SETTLE_MS = 12_000;

/** What instances learn from: PostgreSQL itself, or a broker that relays write into. */
export type Source = 'postgres' | BrokerName;

/** What it takes over some time. */
export interface Costs {
  readonly cores: Cores;
  /** Of one follower, on the average. */
  readonly reads?: { readonly perSecond: number; readonly bytes: number };
}

/** What becomes of logouts at one rate. */
export interface Spread extends Costs {
  readonly logoutsPerSecond: number;
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
  readonly source: Source;
  readonly count: number;
  /** Without any logout. */
  readonly idle: Costs;
  /** Of all instances, relays and the one that logs out. */
  readonly postgresConnections: Connections;
  /** The same, to the broker. */
  readonly brokerConnections?: Connections;
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

/** What logouts have shown. */
export interface Seen {
  /** For each logout and other instance, when it was seen there, in ms after the 200. */
  readonly delays: readonly number[];
  readonly acceptedLate: number;
}

export function spreadOf(logoutsPerSecond: number, costs: Costs, seen: readonly Seen[]): Spread {
  const delays = seen.flatMap((each) => each.delays);
  return {
    logoutsPerSecond,
    ...costs,
    p50Ms: percentile(delays, 50),
    p99Ms: percentile(delays, 99),
    acceptedLate: seen.reduce((sum, { acceptedLate }) => sum + acceptedLate, 0),
  };
}

/** Begins so many logouts a second, evenly. Resolves when the last one has begun. */
export async function atRate<Result>(
  perSecond: number,
  seconds: number,
  logOut: (index: number) => Promise<Result>,
): Promise<readonly Promise<Result>[]> {
  const from = performance.now();
  const begun: Promise<Result>[] = [];
  for (let index = 0; index < perSecond * seconds; index += 1) {
    await sleep(Math.max(0, from + (index * 1000) / perSecond - performance.now()));
    begun.push(logOut(index));
  }
  return begun;
}
