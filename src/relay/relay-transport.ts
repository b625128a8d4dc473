/** Where a frame stands. Two frames with the same place are the same frame. */
export interface FramePlace {
  /** Random; another one with every log that was begun anew. */
  readonly generation: string;
  /** From 1 on, without gaps. */
  readonly number: number;
  readonly random: string;
}

/** A frame as a broker keeps it. */
export interface StoredFrame extends FramePlace {
  readonly text: string;
}

/** Pages that hold everything up to a frame, that frame included: where a new reader begins. */
export interface Checkpoint {
  /** Of the frame. */
  readonly number: number;
  /** Random: no other pages are kept under it. */
  readonly pagesId: string;
  readonly pages: number;
}

/** A part of the log. */
export interface LogPart {
  readonly generation: string;
  readonly checkpoint: Checkpoint;
  /** In their order. */
  readonly frames: readonly StoredFrame[];
  /** Whether the log goes on behind them. */
  readonly hasMore: boolean;
}

/** What a relay begins a round with. */
export interface TakenAsks {
  readonly questions: readonly string[];
  /** The end of the log; `null` where there is no log, or a part of it or of its pages is missing. */
  readonly last: { readonly frame: StoredFrame; readonly checkpoint: Checkpoint } | null;
}

/** What wakes a relay (`asks`), and what wakes those that it writes for (`frames`). */
export type Bell = 'asks' | 'frames';

/**
 * A log in a broker, through which a relay reaches instances that do not reach the database.
 * Nothing is assumed of the broker: whatever it loses, repeats or makes up ends leases, and
 * lengthens none. Adapters: Redis, and NATS JetStream. What every adapter promises is
 * `describeRelayTransport` of nestjs-logout/testing.
 *
 * Every method ends within a time limit of the adapter's own. One that fails may have taken effect,
 * or may do so later.
 */
export abstract class RelayTransport {
  /** Whether bells arrive. Nothing rests on them but speed. */
  abstract readonly isListening: boolean;

  /** Keeps a question until a relay takes it, or drops it once its answer has no use. */
  abstract ask(question: string): Promise<void>;

  /** Takes all questions that wait, each once, and tells where the log ends at that moment. */
  abstract takeAsks(): Promise<TakenAsks>;

  /**
   * Adds the frame to the log, if that is complete and ends with `after`.
   * @returns whether it was added.
   */
  abstract append(after: FramePlace, frame: StoredFrame): Promise<boolean>;

  /**
   * Replaces the log by this frame, the first of its generation, if the log is complete and ends
   * with `after`; with `null`, if it is not complete.
   * @param checkpoint whose pages were written before.
   * @returns whether it was replaced.
   */
  abstract begin(
    after: FramePlace | null,
    frame: StoredFrame,
    checkpoint: Checkpoint,
  ): Promise<boolean>;

  /**
   * New readers begin here from now on, and what is before this frame is dropped. Readers that are
   * under way may finish the pages of before.
   * @param at a frame of the log. @param checkpoint whose pages were written before.
   * @returns `false` where the frame is not in the log, or lies before the checkpoint there is.
   */
  abstract moveCheckpoint(at: FramePlace, checkpoint: Checkpoint): Promise<boolean>;

  /**
   * @param from the number of the first frame that is wanted; `null`: that of the checkpoint.
   * @returns `null` where there is no log.
   */
  abstract read(from: number | null): Promise<LogPart | null>;

  /** Keeps a page for a checkpoint; one that no checkpoint names is dropped after a while. */
  abstract writePage(pagesId: string, index: number, text: string): Promise<void>;

  /** @returns `null` where there is none. */
  abstract readPage(pagesId: string, index: number): Promise<string | null>;

  /** Calls `onRing` when something may have come. A ring may be lost, repeated or false. */
  abstract listen(bell: Bell, onRing: () => void): void;

  /** How the broker must be set up, where it is set up otherwise. */
  abstract misconfiguration(): Promise<string | undefined>;

  /** Closes its connections; all of these may be called again afterwards. Idempotent; never fails. */
  abstract close(): Promise<void>;
}
