/** How a replica is doing. Counters only grow. */
export interface ReplicaStatus {
  /** `memory` while the lease lasts, `store` while every token is looked up. */
  readonly answersFrom: 'memory' | 'store';
  /** Since the begin of the read that the lease rests on, in ms; `null` before the first. */
  readonly leaseAgeMs: number | null;
  /** From the begin of the last successful read to its lease, in ms; `null` before the first. */
  readonly catchUpMs: number | null;
  readonly catchUps: number;
  readonly failedCatchUps: number;
  /** Full loads: at boot, and when the server is another, memory was full, or its clock was set back. */
  readonly loads: number;
  /** Revocations in memory. */
  readonly size: number;
  /** Whether there are more than `maxEntries`, so that the store is asked. */
  readonly isFull: boolean;
}

/** How the relay of an instance is doing. Counters only grow. */
export interface RelayStatus {
  /** Whether this instance writes into the broker; of all with a relay, one does. */
  readonly isLeading: boolean;
  /** Since the end of the last round that succeeded here, in ms; `null` before the first. */
  readonly lastRoundAgeMs: number | null;
  /** Frames that it wrote. */
  readonly frames: number;
  /** Questions that they answered. */
  readonly answers: number;
  /** How often it could not carry on: the database or the broker did not answer. */
  readonly failures: number;
  /** Of the log in the broker, in frames from its checkpoint on; `null` while another one leads. */
  readonly logLength: number | null;
}

/** How a store is doing, for health checks and metrics. Counters only grow. */
export interface StoreStatus {
  /** How far this instance's clock is ahead of the store's, in ms; `null` before the first answer. */
  readonly skewMs: number | null;
  /** Tokens that the store itself was asked about; behind a broker, that waited for a lease. */
  readonly directLookUps: number;
  /** Commits of logouts, and the revocations in them. */
  readonly commits: number;
  readonly committedRevocations: number;
  /** What wakes the replica: the doorbell, or polling alone; `null` where nothing is replicated. */
  readonly feed: 'doorbell' | 'polling' | null;
  readonly replica: ReplicaStatus | null;
  /** Whether a relay tells this instance what is revoked, because it does not reach the store. */
  readonly isBehindBroker: boolean;
  /** `null` where this instance has none. */
  readonly relay: RelayStatus | null;
}
