import { orUnavailable, PostgresError } from './postgres-error';

const MAX_WAITING = 1000;

/** A call whose caller waits for its result. */
export interface Call<Item, Result> {
  readonly item: Item;
  /** When its caller has been told that time was up; by the monotonic clock. */
  readonly deadline: number;
  readonly settle: (result: Result) => void;
  readonly fail: (error: unknown) => void;
}

export interface BatchLimits {
  /** What a call does, for its error: "look up a token". */
  readonly operation: string;
  /** What waits, for the error when too many do: "look-ups". */
  readonly noun: string;
  readonly maxPerBatch: number;
  /** How many batches may be under way at once. */
  readonly maxRunning: number;
  readonly timeoutMs: number;
}

/**
 * Calls that share round trips: those that arrive while `maxRunning` batches are under way share
 * the next one. Without load a call does not wait. At most 1000 wait.
 */
export class BatchQueue<Item, Result> {
  private waiting: Call<Item, Result>[] = [];
  private running = 0;

  /** @param run takes batches and settles each of their calls. It must not reject. */
  constructor(
    private readonly limits: BatchLimits,
    private readonly run: () => Promise<void>,
  ) {}

  /**
   * @throws {StoreUnavailableError} no result in time (what was not taken by then never is), or too
   * many calls are waiting; or what the call failed with is its cause.
   */
  add(item: Item): Promise<Result> {
    const { operation, timeoutMs } = this.limits;
    return orUnavailable(operation, timeoutMs, () => this.enqueue(item));
  }

  /**
   * The next calls whose callers still wait; it may be none.
   * @param until of those that were made by then, on the monotonic clock.
   */
  take(until = Infinity): readonly Call<Item, Result>[] {
    const { maxPerBatch, timeoutMs } = this.limits;
    this.waiting = this.waiting.filter(isInTime);
    const later = this.waiting.findIndex(({ deadline }) => deadline - timeoutMs > until);
    const count = later === -1 ? maxPerBatch : Math.min(later, maxPerBatch);
    return this.waiting.splice(0, count);
  }

  private enqueue(item: Item): Promise<Result> {
    return new Promise((settle, fail) => {
      if (this.waiting.length >= MAX_WAITING)
        throw new PostgresError(`${MAX_WAITING} ${this.limits.noun} are waiting already`);
      const deadline = performance.now() + this.limits.timeoutMs;
      this.waiting.push({ item, deadline, settle, fail });
      this.runNext();
    });
  }

  private runNext(): void {
    if (this.running >= this.limits.maxRunning || this.waiting.length === 0) return;
    this.running += 1;
    void this.run().finally(() => {
      this.running -= 1;
      this.runNext();
    });
  }
}

export function isInTime({ deadline }: Pick<Call<unknown, unknown>, 'deadline'>): boolean {
  return deadline > performance.now();
}
