import { decodeFrame, encodeFrame, questionsIn } from '../../../src/relay/frame';
import type {
  FramePlace,
  LogPart,
  StoredFrame,
  TakenAsks,
} from '../../../src/relay/relay-transport';
import { MemoryBroker, MemoryRelay } from '../../support/memory-broker';

/** A broker that counts the questions. A failover sets the count back with all the rest. */
export class CountingBroker extends MemoryBroker {
  questions = 0;
}

/** The answers that a frame gives: to all questions up to this one. */
const countOf = (count: number): string => count.toString(16).padStart(16, '0');

/**
 * A design that was given up: a question is a number, which the broker counts, and a frame answers
 * all numbers up to one. Everything else is the product's own.
 */
export class CountedAsks extends MemoryRelay {
  private readonly numbers = new Map<string, number>();
  private taken = 0;

  constructor(private readonly counting: CountingBroker) {
    super(counting);
  }

  override async ask(question: string): Promise<void> {
    this.counting.questions += 1;
    for (const { nonce } of questionsIn(question)) this.numbers.set(nonce, this.counting.questions);
    await super.ask(question);
  }

  override async takeAsks(): Promise<TakenAsks> {
    this.taken = this.counting.questions;
    return super.takeAsks();
  }

  override append(after: FramePlace, frame: StoredFrame): Promise<boolean> {
    return super.append(
      after,
      withAnswers(frame, () => [countOf(this.taken)]),
    );
  }

  override async read(from: number | null): Promise<LogPart | null> {
    const part = await super.read(from);
    if (part === null) return null;
    const frames = part.frames.map((frame) =>
      withAnswers(frame, (answers) =>
        [...this.numbers]
          .filter(([, number]) => answers.some((upTo) => countOf(number) <= upTo))
          .map(([nonce]) => nonce),
      ),
    );
    return { ...part, frames };
  }
}

function withAnswers(
  stored: StoredFrame,
  answersOf: (answers: readonly string[]) => readonly string[],
): StoredFrame {
  const frame = decodeFrame(stored.text);
  return { ...stored, text: encodeFrame({ ...frame, answers: answersOf(frame.answers) }) };
}
