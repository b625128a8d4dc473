import type { InstanceTime } from '../../../src/time/instance-time';
import { ANY_ISSUE_TIME, type Revocation } from '../../../src/revocation/revocation';
import { RevocationCheck } from '../../../src/revocation/revocation-check';
import {
  RevocationFeed,
  type Announcement,
  type FeedCursor,
  type FeedSlice,
} from '../../../src/revocation/revocation-feed';
import { SCOPES, type RevocationQuery } from '../../../src/tokens/scopes';
import type { StoreClock } from '../../../src/revocation/store-clock';

/** Lets everything run that is ready to run. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

/** Time that passes when it is told to. */
export class ManualTime implements InstanceTime {
  monotonicMs = 5000;
  wallMs = Date.UTC(2026, 0, 1);
  private timers: Timer[] = [];

  wall = (): number => this.wallMs;
  monotonic = (): number => this.monotonicMs;

  after(delayMs: number, run: () => void): () => void {
    const timer = { dueMs: this.monotonicMs + delayMs, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  /** How many timers are set. */
  get pending(): number {
    return this.timers.length;
  }

  /** Both clocks go on, and what comes due runs in its order. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.monotonicMs + ms;
    for (let timer = this.next(untilMs); timer !== undefined; timer = this.next(untilMs)) {
      this.pause(Math.max(0, timer.dueMs - this.monotonicMs));
      this.timers = this.timers.filter((other) => other !== timer);
      timer.run();
      await settle();
    }
    this.pause(untilMs - this.monotonicMs);
    await settle();
  }

  /** Both clocks go on, but nothing runs: the process was stopped. */
  pause(ms: number): void {
    this.monotonicMs += ms;
    this.wallMs += ms;
  }

  private next(untilMs: number): Timer | undefined {
    const [first] = this.timers.toSorted((a, b) => a.dueMs - b.dueMs);
    return first !== undefined && first.dueMs <= untilMs ? first : undefined;
  }
}

/** A call that is under way until it is answered or fails. */
export class Pending<Question, Answer> {
  readonly answered: Promise<Answer>;
  isOver = false;
  private resolve!: (answer: Answer) => void;
  private reject!: (error: Error) => void;

  constructor(readonly question: Question) {
    this.answered = new Promise<Answer>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  async answer(answer: Answer): Promise<void> {
    this.isOver = true;
    this.resolve(answer);
    await settle();
  }

  async fail(message = 'cut'): Promise<void> {
    this.isOver = true;
    this.reject(new Error(message));
    await settle();
  }
}

type Read = Pending<FeedCursor | null, FeedCursor | null> & {
  readonly apply: (slice: FeedSlice) => void;
};

/** A feed whose every step is taken by the test. Announcements succeed unless told otherwise. */
export class ManualFeed extends RevocationFeed {
  /** What was called, in order; a read is told by the snapshot it continues from. */
  readonly calls: string[] = [];
  readonly reads: Read[] = [];
  readonly announcements: Pending<Announcement, void>[] = [];
  announces: 'at once' | 'never' | 'by hand' = 'at once';
  closes: 'at once' | 'by hand' = 'at once';
  /** Whether what is under way has ended when it is closed. */
  endsCalls = true;
  readonly closings: Pending<void, void>[] = [];
  /** What has been decided, whatever a cursor says. */
  readonly decided = new Set<string>();
  wakenBy: 'doorbell' | 'polling' = 'doorbell';
  restMs = 5;
  private onRing: (isAwaited: boolean) => void = () => undefined;

  /** @param storeMs the store's time of day. */
  constructor(
    private readonly clock: StoreClock,
    public storeMs: () => number,
  ) {
    super();
  }

  read(since: FeedCursor | null, apply: (slice: FeedSlice) => void): Promise<FeedCursor | null> {
    this.calls.push(`read ${since?.snapshot ?? 'all'}`);
    const read = Object.assign(new Pending<FeedCursor | null, FeedCursor | null>(since), { apply });
    this.reads.push(read);
    return read.answered;
  }

  listen(onRing: (isAwaited: boolean) => void): void {
    this.calls.push('listen');
    this.onRing = onRing;
  }

  announce(announcement: Announcement): Promise<void> {
    this.calls.push(`announce ${announcement.cursor?.snapshot ?? 'nothing'}`);
    const pending = new Pending<Announcement, void>(announcement);
    this.announcements.push(pending);
    if (this.announces === 'at once') void pending.answer();
    if (this.announces === 'never') void pending.fail('permission denied');
    return pending.answered;
  }

  async close(): Promise<void> {
    this.calls.push('close');
    const closing = new Pending<void, void>(undefined);
    this.closings.push(closing);
    if (this.closes === 'at once') void closing.answer();
    await closing.answered;
    if (!this.endsCalls) return;
    for (const call of [...this.reads, ...this.announcements]) {
      if (!call.isOver) void call.fail('closed');
    }
  }

  /** Another instance rings. */
  async hear(isAwaited = false): Promise<void> {
    this.onRing(isAwaited);
    await settle();
  }

  ring(isAwaited: boolean): void {
    this.calls.push(isAwaited ? 'ring awaited' : 'ring');
  }

  positionOf(): Promise<string> {
    return Promise.resolve('1');
  }

  hasDecided(_: FeedCursor, position: string): boolean {
    return this.decided.has(position);
  }

  waitForCluster(position: string): Promise<void> {
    this.calls.push(`wait ${position}`);
    return Promise.resolve();
  }

  /** Whether a read is under way. */
  get isReading(): boolean {
    return this.reads.at(-1)?.isOver === false;
  }

  /** Ends the read under way: it brought these revocations, and stands at this snapshot. */
  async answer(snapshot: string, ...revocations: Revocation[]): Promise<void> {
    this.bring(...revocations);
    this.clock.observe(this.storeMs());
    await this.current.answer({ snapshot, server: 'one' });
  }

  /** A slice of the read under way. */
  bring(...revocations: Revocation[]): void {
    if (revocations.length > 0) this.current.apply(sliceOf(revocations));
  }

  /** Ends the read under way: its cursor is of no use here. */
  async refuse(): Promise<void> {
    await this.current.answer(null);
  }

  async fail(): Promise<void> {
    await this.current.fail();
  }

  private get current(): Read {
    const read = this.reads.at(-1);
    if (read === undefined || read.isOver) throw new Error('No read is under way.');
    return read;
  }
}

/** A store whose every answer is given by the test. */
export class ManualCheck extends RevocationCheck {
  readonly asked: Pending<readonly string[], boolean>[] = [];

  isRevoked({ absolute }: RevocationQuery): Promise<boolean> {
    const question = new Pending<readonly string[], boolean>(absolute);
    this.asked.push(question);
    return question.answered;
  }

  known(): undefined {
    return undefined;
  }
}

/** A revocation of the token with this number. */
export function revocationOf(token: number, expiresAt = new Date(Date.UTC(2027))): Revocation {
  return { key: keyOf(token), scope: 'token', issuedBefore: ANY_ISSUE_TIME, expiresAt };
}

export function keyOf(token: number): string {
  return token.toString(16).padStart(32, '0').padEnd(64, 'f');
}

/** As a feed hands them over: absolute ones by their prefixes, cutoffs one by one. */
export function sliceOf(revocations: readonly Revocation[]): FeedSlice {
  return {
    absolute: revocations
      .filter(({ scope }) => SCOPES[scope].kind === 'absolute')
      .map(({ key, expiresAt }) => ({
        expiresBefore: expiresAt,
        prefixes: Buffer.from(key.slice(0, 32), 'hex'),
      })),
    cutoffs: revocations.filter(({ scope }) => SCOPES[scope].kind === 'cutoff'),
  };
}
