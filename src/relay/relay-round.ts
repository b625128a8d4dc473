import { randomBytes } from 'node:crypto';
import { elapsedMs, type InstanceTime, type Instant, instantOf } from '../time/instance-time';
import { ANNOUNCEMENT_LASTS, type Registration } from '../replica/lease';
import type { FeedCursor, FeedSlice, RevocationFeed } from '../revocation/revocation-feed';
import type { StoreClock } from '../revocation/store-clock';
import { decodeFrame, EMPTY_SLICE, encodeFrame, packed, questionsIn, type Frame } from './frame';
import type { LogCompaction } from './log-compaction';
import type { FramePlace, RelayTransport, StoredFrame, TakenAsks } from './relay-transport';
import { writePages } from './write-pages';

/** A frame is written this often, in ms, at least: feeds cannot go on from a cursor that is too old. */
const REFRESH_MS = 60_000;

/** What the rounds of a relay have done. */
export interface RelayProgress {
  frames: number;
  answers: number;
  /** Of the log at the begin of the last round, in frames from the checkpoint on. */
  logLength: number | null;
}

export const newProgress = (): RelayProgress => ({ frames: 0, answers: 0, logLength: null });

/** What a round works with. */
export interface RelayParts {
  /** Of the relay alone. */
  readonly feed: RevocationFeed;
  /** The feed observes it with every read. */
  readonly clock: StoreClock;
  readonly transport: RelayTransport;
  /** Announces the relay, for those that it answers: cluster-wide logouts wait for them. */
  readonly registration: Registration;
  readonly compaction: LogCompaction;
  readonly progress: RelayProgress;
  /** Of leases that rest on answers of this relay, at most. */
  readonly maxStalenessMs: number;
  readonly onError: (error: Error) => void;
  readonly time: InstanceTime;
}

/**
 * One step of a relay: takes the questions that wait, then reads what is new, then writes it and the
 * nonces into the log. In this order: a nonce that was taken is older than the read.
 */
export class RelayRound {
  private wrote: Instant | null = null;

  constructor(private readonly parts: RelayParts) {}

  /**
   * @returns whether all that is new is in the log; `false` where another relay was first.
   * @throws {Error} the database or the broker did not answer; what was taken is asked again.
   */
  async run(): Promise<boolean> {
    const { transport, registration, progress } = this.parts;
    await this.keepAnnounced();
    const { announced } = registration;
    const taken = await transport.takeAsks();
    progress.logLength = lengthOf(taken);
    const end = endOf(taken);
    if (end === null) return this.begin(taken, announced);
    const slices: FeedSlice[] = [];
    const cursor = await this.read(end.since, slices);
    if (cursor === null) return this.beginAfterOtherServer(taken);
    return this.goOn(end, slices, cursor, this.answers(taken, announced));
  }

  /** The announcement of before may be lost with the server that it was made to. */
  private async beginAfterOtherServer(taken: TakenAsks): Promise<boolean> {
    const { registration } = this.parts;
    registration.drop();
    await registration.renew(null);
    return this.begin(taken, registration.announced);
  }

  /** Writes everything, under a new generation. */
  private async begin(taken: TakenAsks, announced: Instant | null): Promise<boolean> {
    const { transport } = this.parts;
    const slices: FeedSlice[] = [];
    const cursor = await this.read(null, slices);
    if (cursor === null) throw new Error('The database did not tell what is revoked.');
    const pages = await writePages(transport, slices);
    const place = { generation: randomText(), number: 1, random: randomText() };
    const frame = this.frame({ answers: this.answers(taken, announced), cursor });
    const isBegun = await transport.begin(
      taken.last === null ? null : taken.last.frame,
      { ...place, text: encodeFrame(frame) },
      { number: 1, ...pages },
    );
    if (!isBegun) return false;
    this.count(frame);
    this.wrote = instantOf(this.parts.time);
    return true;
  }

  /** Writes what is new. */
  private async goOn(
    { last: { frame: lastFrame, checkpoint }, since }: LogEnd,
    slices: readonly FeedSlice[],
    cursor: FeedCursor,
    answers: readonly string[],
  ): Promise<boolean> {
    const packs = packed(slices);
    if (packs.length === 0 && answers.length === 0 && !this.isRefreshDue) return true;
    const last = packs.pop() ?? EMPTY_SLICE;
    // Who goes on from one of these reads the rest again.
    const frames = packs.map((slice) => this.frame({ cursor: since, slice }));
    let after: FramePlace = lastFrame;
    for (const frame of [...frames, this.frame({ answers, cursor, slice: last })]) {
      const stored = behind(after, frame);
      if (!(await this.parts.transport.append(after, stored))) return false;
      this.count(frame);
      after = stored;
    }
    this.wrote = instantOf(this.parts.time);
    this.parts.compaction.startIfDue(checkpoint, after);
    return true;
  }

  private count({ answers }: Frame): void {
    const { progress } = this.parts;
    progress.frames += 1;
    progress.answers += answers.length;
  }

  /**
   * The nonces that may be answered. Not those of a longer lease than is announced; and none while
   * the announcement may end before the leases that rest on the answer.
   */
  private answers({ questions }: TakenAsks, announced: Instant | null): string[] {
    const { maxStalenessMs, time, onError } = this.parts;
    const lastsMs = (ANNOUNCEMENT_LASTS - 1) * maxStalenessMs;
    const isAnnounced = announced !== null && elapsedMs(announced, time) < lastsMs;
    const all = questions.flatMap(questionsIn);
    const tooLong = all.find((question) => question.maxStalenessMs > maxStalenessMs);
    if (tooLong !== undefined) onError(tooLongFor(maxStalenessMs, tooLong.maxStalenessMs));
    return all
      .filter((question) => isAnnounced && question.maxStalenessMs <= maxStalenessMs)
      .map(({ nonce }) => nonce);
  }

  private async keepAnnounced(): Promise<void> {
    const { registration, maxStalenessMs, time } = this.parts;
    const { announced } = registration;
    if (announced === null) await registration.renew(null);
    else if (elapsedMs(announced, time) > maxStalenessMs / 2) void registration.renew(null);
  }

  private read(since: FeedCursor | null, slices: FeedSlice[]): Promise<FeedCursor | null> {
    return this.parts.feed.read(since, (slice) => slices.push(slice));
  }

  private frame(parts: Pick<Frame, 'cursor'> & Partial<Frame>): Frame {
    const storeMs = this.parts.clock.lastStoreTime?.getTime() ?? 0;
    return { answers: [], storeMs, slice: EMPTY_SLICE, ...parts };
  }

  private get isRefreshDue(): boolean {
    return this.wrote === null || elapsedMs(this.wrote, this.parts.time) > REFRESH_MS;
  }
}

/** The end of a log that a relay can go on with. */
interface LogEnd {
  readonly last: NonNullable<TakenAsks['last']>;
  /** Of the feed. */
  readonly since: FeedCursor;
}

/** @returns `null` where there is none, or one that cannot be read. */
function endOf({ last }: TakenAsks): LogEnd | null {
  if (last === null) return null;
  try {
    return { last, since: decodeFrame(last.frame.text).cursor };
  } catch {
    return null;
  }
}

const lengthOf = ({ last }: TakenAsks): number =>
  last === null ? 0 : last.frame.number - last.checkpoint.number + 1;

const behind = ({ generation, number }: FramePlace, frame: Frame): StoredFrame => ({
  generation,
  number: number + 1,
  random: randomText(),
  text: encodeFrame(frame),
});

const randomText = (): string => randomBytes(16).toString('hex');

const tooLongFor = (ownMs: number, askedMs: number): Error =>
  new Error(
    `An instance that reaches only the broker has "maxStalenessMs" ${askedMs}, more than the ` +
      `${ownMs} of this relay, and gets no lease. Lower it there, or raise it here.`,
  );
