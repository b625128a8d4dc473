import {
  RelayTransport,
  type Bell,
  type Checkpoint,
  type FramePlace,
  type LogPart,
  type StoredFrame,
  type TakenAsks,
} from '../../src/relay/relay-transport';

/** All that a broker holds. */
export interface BrokerState {
  questions: readonly string[];
  head: { readonly end: FramePlace; readonly checkpoint: Checkpoint } | null;
  frames: readonly StoredFrame[];
  /** By the id of the pages, and the index. */
  pages: ReadonlyMap<string, string>;
}

export const emptyBroker = (): BrokerState => ({
  questions: [],
  head: null,
  frames: [],
  pages: new Map(),
});

const FRAMES_PER_READ = 3;

/** A broker in this process. Its state is a value: it can be lost, copied and set back. */
export class MemoryBroker {
  state: BrokerState = emptyBroker();
  private readonly bells: { readonly bell: Bell; readonly onRing: () => void }[] = [];

  listen(bell: Bell, onRing: () => void): () => void {
    const one = { bell, onRing };
    this.bells.push(one);
    return () => this.bells.splice(this.bells.indexOf(one), 1);
  }

  ring(bell: Bell): void {
    for (const one of this.bells) if (one.bell === bell) one.onRing();
  }
}

/** How a call goes: when its effect takes place, and what its caller hears of it. */
export type Network = <T>(kind: 'read' | 'write', effect: () => T) => Promise<T>;

const RELIABLE: Network = (_kind, effect) => Promise.resolve().then(effect);

/** An instance's way to a broker, which may lead to another one later. */
export class MemoryRelay extends RelayTransport {
  private closers: (() => void)[] = [];

  constructor(
    public broker: MemoryBroker = new MemoryBroker(),
    private readonly network: Network = RELIABLE,
  ) {
    super();
  }

  get isListening(): boolean {
    return this.closers.length > 0;
  }

  ask(question: string): Promise<void> {
    return this.network('write', () => {
      this.change(({ questions }) => ({ questions: [...questions, question] }));
      this.broker.ring('asks');
    });
  }

  takeAsks(): Promise<TakenAsks> {
    return this.network('write', () => {
      const { questions } = this.broker.state;
      this.change(() => ({ questions: [] }));
      return { questions, last: this.last() };
    });
  }

  append(after: FramePlace, frame: StoredFrame): Promise<boolean> {
    return this.network('write', () => {
      const last = this.last();
      if (last === null || !isSame(last.frame, after)) return false;
      this.change(({ frames }) => ({
        frames: [...frames, frame],
        head: { end: frame, checkpoint: last.checkpoint },
      }));
      this.broker.ring('frames');
      return true;
    });
  }

  begin(after: FramePlace | null, frame: StoredFrame, checkpoint: Checkpoint): Promise<boolean> {
    return this.network('write', () => {
      const end = this.last()?.frame ?? null;
      const isExpected = end === null ? after === null : after !== null && isSame(end, after);
      if (!isExpected) return false;
      this.change(() => ({ frames: [frame], head: { end: frame, checkpoint } }));
      this.broker.ring('frames');
      return true;
    });
  }

  moveCheckpoint(at: FramePlace, checkpoint: Checkpoint): Promise<boolean> {
    return this.network('write', () => {
      const { head, frames } = this.broker.state;
      const isThere = frames.some((frame) => isSame(frame, at));
      if (head === null || !isThere || at.number < head.checkpoint.number) return false;
      this.change(() => ({
        head: { ...head, checkpoint },
        frames: frames.filter(({ number }) => number >= at.number),
      }));
      return true;
    });
  }

  read(from: number | null): Promise<LogPart | null> {
    return this.network('read', () => {
      const { head, frames } = this.broker.state;
      if (head === null) return null;
      const { end, checkpoint } = head;
      const found = frames.filter(({ number }) => number >= (from ?? checkpoint.number));
      return {
        generation: end.generation,
        checkpoint,
        frames: found.slice(0, FRAMES_PER_READ),
        hasMore: found.length > FRAMES_PER_READ,
      };
    });
  }

  writePage(pagesId: string, index: number, text: string): Promise<void> {
    return this.network('write', () => {
      this.change(({ pages }) => ({ pages: new Map(pages).set(`${pagesId}:${index}`, text) }));
    });
  }

  readPage(pagesId: string, index: number): Promise<string | null> {
    return this.network('read', () => this.broker.state.pages.get(`${pagesId}:${index}`) ?? null);
  }

  listen(bell: Bell, onRing: () => void): void {
    this.closers.push(this.broker.listen(bell, onRing));
  }

  misconfiguration(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  close(): Promise<void> {
    for (const close of this.closers.splice(0)) close();
    return Promise.resolve();
  }

  private change(changed: (state: BrokerState) => Partial<BrokerState>): void {
    this.broker.state = { ...this.broker.state, ...changed(this.broker.state) };
  }

  private last(): TakenAsks['last'] {
    const { head, frames, pages } = this.broker.state;
    const last = frames.at(-1);
    if (head === null || last === undefined || !isSame(last, head.end)) return null;
    const { checkpoint, end } = head;
    const areAllThere =
      frames[0]?.number === checkpoint.number &&
      frames.length === end.number - checkpoint.number + 1 &&
      Array.from({ length: checkpoint.pages }, (_, index) => index).every((index) =>
        pages.has(`${checkpoint.pagesId}:${index}`),
      );
    return areAllThere ? { frame: last, checkpoint } : null;
  }
}

const isSame = (one: FramePlace, other: FramePlace): boolean =>
  one.generation === other.generation && one.number === other.number && one.random === other.random;
