import { randomBytes } from 'node:crypto';
import {
  elapsedMs,
  INSTANCE_TIME,
  type InstanceTime,
  type Instant,
  instantOf,
} from '../time/instance-time';
import { StoreUnavailableError } from '../revocation/errors';
import { RevocationFeed, type FeedCursor, type FeedSlice } from '../revocation/revocation-feed';
import type { StoreClock } from '../revocation/store-clock';
import type { CommitPosition } from '../revocation/unit-of-work';
import { encodeQuestion, type Frame } from './frame';
import { readLog } from './read-log';
import type { FramePlace, RelayTransport } from './relay-transport';

/** Between reads: a broker serves many readers. */
const REST_MS = 5;
/** An instance asks this often in the time that a lease lasts; a poll may come a little early. */
const ASKS_PER_LEASE = 5;
/** And this often, in ms, while it has no lease: requests wait for the answer. */
const URGENT_ASK_MS = 50;

/**
 * What a relay tells an instance that does not reach the database. Before it asks with a nonce it
 * notes the time; no relay can have taken the nonce before. A relay that answers it read the database
 * after it had taken the nonce. So an instance that lacks nothing of what is before that frame knows
 * every logout that was answered before the time it noted.
 */
export class RelayFeed extends RevocationFeed {
  readonly restMs = REST_MS;
  private readonly asked = new Map<string, Instant>();
  private lastAsk: Instant | null = null;
  private completeUntil: Instant | null = null;
  private onRing: (isAwaited: boolean) => void = () => undefined;

  /** @param clock told the database's time, as of the last frame that answered. */
  constructor(
    private readonly transport: RelayTransport,
    private readonly clock: StoreClock,
    private readonly maxStalenessMs: number,
    private readonly time: InstanceTime = INSTANCE_TIME,
  ) {
    super();
  }

  get wakenBy(): 'doorbell' | 'polling' {
    return this.transport.isListening ? 'doorbell' : 'polling';
  }

  async read(since: FeedCursor | null, apply: (slice: FeedSlice) => void): Promise<FeedCursor> {
    // Who begins anew may lack what was applied before.
    if (since === null) this.completeUntil = null;
    try {
      await this.askIfDue();
      const complete = (frame: Frame): void => {
        this.noteAnswers(frame);
      };
      const after = since === null ? null : placeIn(since);
      const end = await readLog(this.transport, after, { apply, complete });
      return { ...cursorAt(end), completeUntil: this.completeUntil };
    } catch (cause) {
      throw new StoreUnavailableError('tell what was revoked: the broker', { cause });
    }
  }

  listen(onRing: (isAwaited: boolean) => void): void {
    this.onRing = onRing;
    this.transport.listen('frames', () => {
      onRing(false);
    });
  }

  /** Asks soon, unless it has just asked: a request waits for the answer. */
  hurry(): void {
    if (this.isAskDue) this.onRing(false);
  }

  /** Nothing is committed here. */
  ring(): void {
    // Only the database has bells for what changes in it.
  }

  positionOf(): Promise<CommitPosition> {
    return Promise.reject(new StoreUnavailableError('join a transaction'));
  }

  hasDecided(): boolean {
    return false;
  }

  waitForCluster(): Promise<void> {
    return Promise.resolve();
  }

  /** The relay announces itself, for all whom it answers. */
  announce(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.onRing = () => undefined;
    return this.transport.close();
  }

  private async askIfDue(): Promise<void> {
    if (!this.isAskDue) return;
    const nonce = randomBytes(8).toString('hex');
    const now = instantOf(this.time); // before anybody can know the nonce
    this.lastAsk = now;
    this.dropOldQuestions();
    this.asked.set(nonce, now);
    await this.transport.ask(encodeQuestion({ nonce, maxStalenessMs: this.maxStalenessMs }));
  }

  private get isAskDue(): boolean {
    const { lastAsk, completeUntil, maxStalenessMs, time } = this;
    if (lastAsk === null) return true;
    const everyMs = maxStalenessMs / ASKS_PER_LEASE;
    const hasLease = completeUntil !== null && elapsedMs(completeUntil, time) < maxStalenessMs;
    return elapsedMs(lastAsk, time) >= (hasLease ? everyMs : Math.min(everyMs, URGENT_ASK_MS));
  }

  /** An answer to them grants nothing any more. */
  private dropOldQuestions(): void {
    for (const [nonce, at] of this.asked)
      if (elapsedMs(at, this.time) >= this.maxStalenessMs) this.asked.delete(nonce);
  }

  private noteAnswers({ answers, storeMs }: Frame): void {
    for (const nonce of answers) {
      const at = this.asked.get(nonce);
      if (at === undefined) continue;
      this.asked.delete(nonce);
      this.clock.observe(storeMs);
      // They may be answered in another order than they were asked.
      if (this.completeUntil === null || at.monotonicMs > this.completeUntil.monotonicMs)
        this.completeUntil = at;
    }
  }
}

const cursorAt = ({ generation, number, random }: FramePlace): FeedCursor => ({
  snapshot: `${number}/${random}`,
  server: generation,
});

function placeIn({ snapshot, server }: FeedCursor): FramePlace {
  const [number, random = ''] = snapshot.split('/');
  return { generation: server, number: Number(number), random };
}
