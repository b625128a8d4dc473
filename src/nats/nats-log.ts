import { isSame } from '../relay/read-log';
import type { Checkpoint, FramePlace, LogPart, StoredFrame } from '../relay/relay-transport';
import { inBatches } from './in-batches';
import {
  decodeLogMessage,
  encodeLogMessage,
  type LogMessage,
  type PagesPlace,
} from './log-message';
import type { NatsLink } from './nats-link';
import { NatsStream } from './nats-stream';

/** A relay writes a frame a minute at least, and a checkpoint after 10 000 of them, which is a week. */
const KEPT_NS = 8 * 86_400 * 1e9;
const FRAMES_PER_READ = 256;
/** The log may change while it is looked at, which is then done again. */
const TRIES = 5;

/** The end of the stream, as it was at one moment. */
interface End {
  /** Of the stream: what is to be the next message expects it. */
  readonly seq: number;
  /** `null` where there is no log, or a part of it or of its pages is missing. */
  readonly last: LogMessage | null;
}

/**
 * The log in two streams: the frames, and the pages. Each frame names the one before it, because
 * sequences begin anew with a stream that was lost, and a frame that was meant for the end of the
 * stream of before may then come behind another one.
 */
export class NatsLog {
  private readonly frames: NatsStream;
  private readonly pages: NatsStream;

  /** @param streams what the names of streams begin with. */
  constructor(
    link: NatsLink,
    private readonly prefix: string,
    streams: string,
    replicas: number,
  ) {
    const common = { num_replicas: replicas, max_age: KEPT_NS, max_msgs: -1 };
    this.frames = new NatsStream(link, {
      ...common,
      name: `${streams}-log`,
      subjects: [`${prefix}.log.*`],
      allow_rollup_hdrs: true,
    });
    this.pages = new NatsStream(link, {
      ...common,
      name: `${streams}-pages`,
      subjects: [`${prefix}.pages.*.*`],
      allow_rollup_hdrs: false,
    });
  }

  async end(): Promise<End> {
    const [log, pages] = await Promise.all([this.frames.info(), this.pages.info()]);
    if (log === null) return { seq: 0, last: null };
    const { first_seq, last_seq: seq, num_deleted: gaps = 0 } = log.state;
    const [last, before] = await Promise.all([this.messageAt(seq), this.messageAt(seq - 1)]);
    if (last === null || gaps > 0 || last.from.seq < first_seq) return { seq, last: null };
    const arePagesThere =
      last.pages === null ||
      (pages?.created === last.pages.stream &&
        (pages.state.num_deleted ?? 0) === 0 &&
        pages.state.first_seq <= last.pages.from &&
        pages.state.last_seq >= last.pages.to);
    return { seq, last: arePagesThere && isLinked(last, before) ? last : null };
  }

  async append(after: FramePlace, frame: StoredFrame): Promise<boolean> {
    const { seq, last } = await this.end();
    if (last === null || !isSame(last.frame, after)) return false;
    return this.write({ ...last, frame, after: last.frame.random }, seq);
  }

  async begin(
    after: FramePlace | null,
    frame: StoredFrame,
    checkpoint: Checkpoint,
  ): Promise<boolean> {
    const { seq, last } = await this.end();
    const isAsExpected = after === null ? last === null : last && isSame(last.frame, after);
    if (!isAsExpected) return false;
    const pages = await this.placeOf(checkpoint);
    if (pages === 'missing') return false;
    const first = {
      frame,
      after: null,
      checkpoint,
      from: { seq: seq + 1, random: frame.random },
      pages,
    };
    if (!(await this.write(first, seq, { 'Nats-Rollup': 'all' }))) return false;
    await this.dropPagesBefore(last?.pages ?? pages);
    return true;
  }

  async moveCheckpoint(at: FramePlace, checkpoint: Checkpoint): Promise<boolean> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const { seq, last } = await this.end();
      if (last?.frame.generation !== at.generation || at.number < last.checkpoint.number)
        return false;
      const found = await this.frames.message({ last_by_subj: this.subjectOf(at.number) });
      if (found === null || decodeLogMessage(found.text)?.frame.random !== at.random) return false;
      const pages = await this.placeOf(checkpoint);
      if (pages === 'missing') return false;
      const moved = { ...last, checkpoint, from: { seq: found.seq, random: at.random }, pages };
      if (!(await this.write(moved, seq))) continue;
      await this.frames.purgeBefore(found.seq);
      await this.dropPagesBefore(last.pages);
      return true;
    }
    return false;
  }

  async read(from: number | null): Promise<LogPart | null> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const part = await this.part(from);
      if (part !== 'torn') return part;
    }
    throw new Error('A frame is missing in the log of the broker.');
  }

  async writePage(pagesId: string, index: number, text: string): Promise<void> {
    await this.pages.publish(this.pageSubject(pagesId, index), text);
  }

  async readPage(pagesId: string, index: number): Promise<string | null> {
    return (await this.page(pagesId, index))?.text ?? null;
  }

  async difference(): Promise<string | undefined> {
    return (await this.frames.difference()) ?? (await this.pages.difference());
  }

  /** @returns `torn` where the log changed meanwhile, or is broken. */
  private async part(from: number | null): Promise<LogPart | 'torn' | null> {
    const info = await this.frames.info();
    if (info === null) return null;
    const { first_seq, last_seq } = info.state;
    if (last_seq < first_seq) return null;
    const last = await this.messageAt(last_seq);
    if (last === null) return 'torn';
    const { frame, checkpoint } = last;
    const first = Math.max(from ?? 0, checkpoint.number);
    const length = Math.min(Math.max(frame.number - first, 0), FRAMES_PER_READ);
    const numbers = Array.from({ length }, (_, index) => first + index);
    const found = await inBatches(numbers, (number) => this.messageOf(number));
    const hasMore = frame.number - first >= FRAMES_PER_READ;
    const messages = hasMore || first > frame.number ? found : [...found, last];
    if (first === checkpoint.number && messages[0]?.frame.random !== last.from.random)
      return 'torn';
    if (!areLinked(messages)) return 'torn';
    const frames = messages.flatMap((message) => message?.frame ?? []);
    return { generation: frame.generation, checkpoint, frames, hasMore };
  }

  /** @returns whether this is the next message of the stream. */
  private write(message: LogMessage, behind: number, fields = {}): Promise<boolean> {
    return this.frames.publish(this.subjectOf(message.frame.number), encodeLogMessage(message), {
      'Nats-Expected-Last-Sequence': String(behind),
      ...fields,
    });
  }

  private async messageAt(seq: number): Promise<LogMessage | null> {
    const message = seq > 0 ? await this.frames.message({ seq }) : null;
    return message && decodeLogMessage(message.text);
  }

  private async messageOf(number: number): Promise<LogMessage | null> {
    const message = await this.frames.message({ last_by_subj: this.subjectOf(number) });
    return message && decodeLogMessage(message.text);
  }

  private async placeOf({ pagesId, pages }: Checkpoint): Promise<PagesPlace | 'missing' | null> {
    if (pages === 0) return null;
    const [info, first, last] = await Promise.all([
      this.pages.info(),
      this.page(pagesId, 0),
      this.page(pagesId, pages - 1),
    ]);
    if (info === null || first === null || last === null) return 'missing';
    return { stream: info.created, from: first.seq, to: last.seq };
  }

  private page(pagesId: string, index: number) {
    return this.pages.message({ last_by_subj: this.pageSubject(pagesId, index) });
  }

  private async dropPagesBefore(pages: PagesPlace | null): Promise<void> {
    if (pages !== null) await this.pages.purgeBefore(pages.from);
  }

  private subjectOf(number: number): string {
    return `${this.prefix}.log.${number}`;
  }

  private pageSubject(pagesId: string, index: number): string {
    return `${this.prefix}.pages.${pagesId}.${index}`;
  }
}

/** The frame before is gone where a checkpoint begins with the last; that may stand there twice. */
function isLinked({ frame, after, checkpoint }: LogMessage, before: LogMessage | null): boolean {
  if (before === null) return frame.number === checkpoint.number;
  return after === null || [after, frame.random].includes(before.frame.random);
}

const areLinked = (messages: readonly (LogMessage | null)[]): boolean =>
  messages.every(
    (message, at) =>
      message !== null && (at === 0 || message.after === messages[at - 1]?.frame.random),
  );
