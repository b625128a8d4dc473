import type { InstanceTime } from '../../../src/time/instance-time';
import { settle } from '../replica/manual-ports';

const EPOCH_MS = Date.UTC(2026, 0, 1);

/** Time that passes tick by tick. */
export class SimulatedTime implements InstanceTime {
  ticks = 0;
  private readonly due = new Map<number, (() => void)[]>();

  constructor(private readonly tickMs: number) {}

  readonly monotonic = (): number => this.ticks * this.tickMs;
  readonly wall = (): number => EPOCH_MS + this.monotonic();

  after(delayMs: number, run: () => void): () => void {
    let isCancelled = false;
    this.at(Math.max(1, Math.floor(delayMs / this.tickMs)), () => {
      if (!isCancelled) run();
    });
    return () => (isCancelled = true);
  }

  sleep(ticks: number): Promise<void> {
    if (ticks === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.at(ticks, resolve);
    });
  }

  /** Runs all that is due, and what follows from it. */
  async tick(): Promise<void> {
    for (const run of this.due.get(this.ticks) ?? []) run();
    this.due.delete(this.ticks);
    await settle();
    this.ticks += 1;
  }

  private at(ticks: number, run: () => void): void {
    const tick = this.ticks + ticks;
    this.due.set(tick, [...(this.due.get(tick) ?? []), run]);
  }
}
