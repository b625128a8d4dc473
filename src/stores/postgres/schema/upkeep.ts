import { toPostgresError } from '../connection/postgres-error';
import type { ResolvedStoreOptions } from '../options';
import type { Partitions } from './partitions';

/** Up to this part of the interval earlier or later, so that instances do not meet each time. */
const JITTER = 0.2;

/** Keeps the partitions in order, now and then. Failures are reported and tried again. */
export class Upkeep {
  private timer?: NodeJS.Timeout;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly partitions: Partitions,
    private readonly options: ResolvedStoreOptions,
  ) {}

  /** Does not keep the process alive. */
  start(): void {
    const { upkeepIntervalMs } = this.options;
    const delay = upkeepIntervalMs * (1 + JITTER * (2 * Math.random() - 1));
    this.timer = setTimeout(() => {
      this.running = this.run().then(() => {
        if (this.timer !== undefined) this.start();
      });
    }, delay).unref();
  }

  /** After this resolves nothing runs, and nothing will. */
  async stop(): Promise<void> {
    clearTimeout(this.timer);
    delete this.timer;
    await this.running;
  }

  private async run(): Promise<void> {
    try {
      await this.partitions.makeAhead();
      await this.partitions.dropExpired();
    } catch (error) {
      this.options.onError(toPostgresError(error));
    }
  }
}
