import { NatsStream, type StreamConfig } from './nats-stream';
import type { NatsLink } from './nats-link';
import { inBatches } from './in-batches';

/** Without a relay no question is taken. An answer has no use after the longest lease. */
const KEPT_NS = 60_000_000_000;
const MOST_QUESTIONS = 10_000;

/**
 * The questions that wait. Which were taken stands in the stream itself: a relay takes all up to one
 * by noting its sequence there, and of two that would note at the same time one is refused.
 */
export class Questions {
  private readonly stream: NatsStream;
  private readonly asked: string;
  private readonly taken: string;

  /** @param prefix what subjects begin with. */
  constructor(link: NatsLink, prefix: string, config: Pick<StreamConfig, 'name' | 'num_replicas'>) {
    this.asked = `${prefix}.asks`;
    this.taken = `${prefix}.taken`;
    this.stream = new NatsStream(link, {
      ...config,
      subjects: [this.asked, this.taken],
      max_age: KEPT_NS,
      max_msgs: MOST_QUESTIONS,
      allow_rollup_hdrs: false,
    });
  }

  async add(question: string): Promise<void> {
    await this.stream.publish(this.asked, question);
  }

  /** Takes all of them, each once. */
  async take(): Promise<string[]> {
    const info = await this.stream.info();
    if (info === null) return [];
    const { first_seq, last_seq } = info.state;
    const note = await this.stream.message({ last_by_subj: this.taken });
    const from = Math.max(first_seq, Number(note?.text ?? 0) + 1);
    const seqs = Array.from({ length: last_seq - from + 1 }, (_, index) => from + index);
    const messages = await inBatches(seqs, (seq) => this.stream.message({ seq }));
    const questions = messages.flatMap((message) =>
      message?.subject === this.asked ? [message.text] : [],
    );
    if (questions.length === 0) return [];
    const isTaken = await this.stream.publish(this.taken, String(last_seq), {
      'Nats-Expected-Last-Subject-Sequence': String(note?.seq ?? 0),
    });
    return isTaken ? questions : [];
  }

  difference(): Promise<string | undefined> {
    return this.stream.difference();
  }
}
