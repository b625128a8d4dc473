import type { FeedSlice } from '../revocation/revocation-feed';
import type { StoreClock } from '../revocation/store-clock';
import { readLog } from './read-log';
import type { Checkpoint, FramePlace, RelayTransport } from './relay-transport';
import { writePages } from './write-pages';

/** So many frames behind its checkpoint a log has a new one made. */
const FRAMES_PER_CHECKPOINT = 10_000;

/**
 * Bounds the log: reads all of it, as a new instance does, and writes what is live as the pages of a
 * new checkpoint. Beside the rounds of the relay; no lease waits for it.
 */
export class LogCompaction {
  private running: Promise<void> | null = null;

  /** @param clock the store's. */
  constructor(
    private readonly transport: RelayTransport,
    private readonly clock: StoreClock,
    private readonly onError: (error: Error) => void,
    private readonly everyFrames = FRAMES_PER_CHECKPOINT,
  ) {}

  startIfDue(checkpoint: Checkpoint, end: FramePlace): void {
    if (this.running !== null || end.number - checkpoint.number < this.everyFrames) return;
    this.running = this.compact()
      .catch((cause: unknown) => {
        this.onError(new Error('The log in the broker could not be shortened.', { cause }));
      })
      .finally(() => {
        this.running = null;
      });
  }

  /** Resolves when none is under way. */
  async ended(): Promise<void> {
    await this.running;
  }

  private async compact(): Promise<void> {
    const slices: FeedSlice[] = [];
    const end = await readLog(this.transport, null, {
      apply: (slice) => slices.push(this.liveOf(slice)),
      complete: () => undefined,
    });
    const pages = await writePages(this.transport, slices);
    await this.transport.moveCheckpoint(end, { number: end.number, ...pages });
  }

  private liveOf({ absolute, cutoffs }: FeedSlice): FeedSlice {
    const now = this.clock.lastStoreTime?.getTime() ?? -Infinity;
    return {
      absolute: absolute.filter(({ expiresBefore }) => expiresBefore.getTime() >= now),
      cutoffs: cutoffs.filter(({ expiresAt }) => expiresAt.getTime() >= now),
    };
  }
}
