import type { Instant } from '../revocation/revocation-feed';

/** Up to this part earlier, so that instances that were started together do not stay together. */
const JITTER = 0.1;
const MAX_PAUSE_MS = 2000;
const COMPLAIN_EVERY_MS = 60_000;

/** What this machine tells of time; injected, because time is half of the lease's proof. */
export interface InstanceTime {
  /** Milliseconds since the epoch, as this instance believes: may be set, forward and back. */
  wall(): number;
  /** Milliseconds that no change of the time of day moves; they stand still with the machine. */
  monotonic(): number;
  /** Calls `run` once, in `delayMs` or a little earlier. @returns what prevents it. */
  after(delayMs: number, run: () => void): () => void;
}

/** This process's own; its timers do not keep it alive. */
export const INSTANCE_TIME: InstanceTime = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs * (1 - JITTER * Math.random())).unref();
    return () => {
      clearTimeout(timer);
    };
  },
};

export function instantOf(time: InstanceTime): Instant {
  return { wallMs: time.wall(), monotonicMs: time.monotonic() };
}

/** The larger of what the two clocks say: one may have been set back, the other stood still. */
export function elapsedMs(since: Instant, time: InstanceTime): number {
  return Math.max(time.monotonic() - since.monotonicMs, time.wall() - since.wallMs);
}

/** Passes on one error a minute at most, so that a long outage does not flood the log. */
export function rateLimited<E = Error>(
  onError: (error: E) => void,
  time: InstanceTime,
): (error: E) => void {
  let said: Instant | null = null;
  return (error) => {
    if (said !== null && elapsedMs(said, time) < COMPLAIN_EVERY_MS) return;
    said = instantOf(time);
    try {
      onError(error);
    } catch {
      // `onError` may throw; its caller must survive it.
    }
  };
}

/** When the next read is due: after the poll interval, or at a ring if that is sooner. */
export class PollSchedule {
  private hasRung = false;
  private wakesOnRing = false;
  private wake: () => void = () => undefined;

  constructor(
    private readonly pollIntervalMs: number,
    private readonly time: InstanceTime,
  ) {}

  /** Several rings before the next read count as one. A ring never lengthens the wait. */
  ring(): void {
    this.hasRung = true;
    if (this.wakesOnRing) this.wake();
  }

  /** The read that begins now covers all rings until now. */
  clearRing(): void {
    this.hasRung = false;
  }

  /** Ends the wait now, if there is one. */
  interrupt(): void {
    this.ring();
    this.wake();
  }

  /**
   * @param since when the last round of reads began.
   * @param restMs how closely rings may be followed.
   * @param consecutiveFailures in a row: after one, rings wait for the poll interval too, and polls back off.
   */
  async untilDue(since: Instant, restMs: number, consecutiveFailures: number): Promise<void> {
    const isCalm = consecutiveFailures === 0;
    const shortestMs = isCalm ? Math.min(restMs, this.pollIntervalMs) : this.pollIntervalMs;
    const pauseMs = isCalm
      ? this.pollIntervalMs - elapsedMs(since, this.time)
      : Math.min(this.pollIntervalMs * 2 ** (consecutiveFailures - 1), MAX_PAUSE_MS);
    await this.sleep(shortestMs, false);
    if (!this.hasRung && pauseMs > shortestMs) await this.sleep(pauseMs - shortestMs, true);
  }

  private sleep(delayMs: number, wakesOnRing: boolean): Promise<void> {
    this.wakesOnRing = wakesOnRing;
    return new Promise((resolve) => {
      const cancel = this.time.after(delayMs, resolve);
      this.wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
