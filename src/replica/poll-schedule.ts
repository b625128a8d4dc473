import { elapsedMs, type Instant, type InstanceTime } from '../time/instance-time';

const MAX_PAUSE_MS = 2000;

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
