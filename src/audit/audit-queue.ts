import { failureKindOf, type AuditEvent, type FailureKind } from './audit-event';
import { UnstorableEventError, type AuditTrail } from './audit-trail';

const FLUSH_AFTER_MS = 100;
const RETRY_AFTER_MS = 1000;
const BATCH_ROWS = 100;

/** What became of a batch; `unstorable`: none of it was written, for one row of it. */
type Outcome = 'written' | 'away' | 'unstorable';

/** Writes events in the background, in batches and in their order, within 0.1 s. */
export class AuditQueue {
  private waiting: AuditEvent[] = [];
  private batchRows = BATCH_ROWS;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  /**
   * @param maxWaiting what an outage of the database may hold back in memory, of each kind.
   * @param onDropped told of an event that can never be stored; the queue has dropped it.
   */
  constructor(
    private readonly trail: AuditTrail,
    private readonly maxWaiting: number,
    private readonly onDropped: (event: AuditEvent, error: UnstorableEventError) => void,
  ) {}

  hasRoomFor(kind: FailureKind): boolean {
    return this.waiting.filter((each) => failureKindOf(each) === kind).length < this.maxWaiting;
  }

  add(event: AuditEvent): void {
    this.waiting.push(event);
    this.flushIn(FLUSH_AFTER_MS);
  }

  /** Writes what is waiting, as far as the trail takes it, and stops. Idempotent. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    this.writing = this.writing.then(() => this.flush());
    await this.writing;
    clearTimeout(this.timer);
  }

  /** Unless that is under way: the timer counts as set until its writing has ended. */
  private flushIn(delayMs: number): void {
    this.timer ??= setTimeout(() => {
      this.writing = this.writing.then(() => this.flush());
    }, delayMs).unref();
  }

  /** One at a time: two would write the same rows twice, and then forget rows unwritten. */
  private async flush(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.slice(0, this.batchRows);
      const outcome = await this.write(batch);
      if (outcome === 'written') this.waiting = this.waiting.slice(batch.length);
      // The row to blame is looked for by halves: the others shall not wait for it.
      if (outcome === 'unstorable') this.batchRows = Math.ceil(batch.length / 2);
      if (outcome === 'away') {
        this.timer = undefined;
        this.flushIn(RETRY_AFTER_MS);
        return;
      }
    }
    this.timer = undefined;
  }

  private async write(batch: readonly AuditEvent[]): Promise<Outcome> {
    try {
      await this.trail.append(batch);
      return 'written';
    } catch (error) {
      // The trail is away; the store reports that itself. The rows wait, bounded, for its return.
      if (!(error instanceof UnstorableEventError)) return 'away';
      const [event, ...others] = batch;
      if (event === undefined || others.length > 0) return 'unstorable';
      this.batchRows = BATCH_ROWS;
      this.onDropped(event, error);
      return 'written';
    }
  }
}
