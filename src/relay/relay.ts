import {
  elapsedMs,
  INSTANCE_TIME,
  type InstanceTime,
  type Instant,
  instantOf,
  rateLimited,
} from '../time/instance-time';
import { PollSchedule } from '../replica/poll-schedule';
import { Registration } from '../replica/lease';
import type { RevocationFeed } from '../revocation/revocation-feed';
import type { StoreClock } from '../revocation/store-clock';
import type { RelayStatus } from '../revocation/store-status';
import { LogCompaction } from './log-compaction';
import type { RelayLead } from './relay-lead';
import { newProgress, RelayRound } from './relay-round';
import type { RelayTransport } from './relay-transport';

/** Questions that come within this part of `maxStalenessMs` are answered together. */
const ANSWERS_PER_LEASE = 50;
const TERM_MS = 10_000;
const CHECK_EVERY_MS = 60_000;

export interface RelayOptions {
  readonly maxStalenessMs: number;
  readonly pollIntervalMs: number;
  /** Told the first failure, and then one a minute at most. */
  readonly onError: (error: Error) => void;
}

/** What reaches the database. */
export interface RelaySource {
  /** Of the relay alone, as is its cursor. */
  readonly feed: RevocationFeed;
  /** The feed observes it with every read. */
  readonly clock: StoreClock;
  /** Never withdrawn: leases that rest on the relay's answers outlive it. */
  readonly register: Pick<RevocationFeed, 'announce'>;
  readonly lead: RelayLead;
}

/**
 * Carries what is revoked through a broker to instances that do not reach the database. Of all
 * instances with a relay one leads at a time. Two that believe they do cost time, and no promise.
 */
export class Relay {
  private readonly report: (error: Error) => void;
  private readonly reportSetting: (error: Error) => void;
  private readonly pace: PollSchedule;
  private checked: Instant | null = null;
  private readonly progress = newProgress();
  private isLeading = false;
  private succeeded: Instant | null = null;
  private failures = 0;
  private consecutiveFailures = 0;
  private isOver = true;
  private isRingComing = false;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly source: RelaySource,
    private readonly transport: RelayTransport,
    private readonly options: RelayOptions,
    private readonly time: InstanceTime = INSTANCE_TIME,
  ) {
    this.report = rateLimited(options.onError, time);
    this.reportSetting = rateLimited(options.onError, time);
    this.pace = new PollSchedule(options.pollIntervalMs, time);
  }

  /** Goes on by itself, whatever breaks, until `stop`. Idempotent. */
  start(): void {
    if (!this.isOver) return;
    this.isOver = false;
    this.source.feed.listen(() => {
      this.pace.ring();
    });
    this.transport.listen('asks', () => {
      this.ringSoon();
    });
    this.running = this.running.then(() => this.run());
  }

  /** Resolves when nothing runs any more. The transport is closed. */
  async stop(): Promise<void> {
    if (this.isOver) return this.running;
    this.isOver = true;
    this.pace.interrupt();
    await Promise.all([this.source.feed.close(), this.transport.close()]);
    await this.running;
  }

  /** Whether it leads is what it knows: one that stands still, or is cut off, learns later. */
  status(): RelayStatus {
    const { isLeading, succeeded, failures, progress, time } = this;
    return {
      ...progress,
      isLeading,
      lastRoundAgeMs: succeeded === null ? null : elapsedMs(succeeded, time),
      failures,
      logLength: isLeading ? progress.logLength : null,
    };
  }

  private async run(): Promise<void> {
    const { source, transport, options, report, reportSetting, progress, time } = this;
    const { maxStalenessMs } = options;
    const registration = new Registration(source.register, maxStalenessMs, time, report);
    const compaction = new LogCompaction(transport, source.clock, report);
    const round = new RelayRound({
      ...source,
      transport,
      registration,
      compaction,
      progress,
      maxStalenessMs,
      onError: reportSetting,
      time,
    });
    const isOver = (): boolean => this.isOver;
    while (!isOver()) {
      const began = instantOf(time);
      this.isLeading = await this.tryToLead(round);
      if (!this.isLeading && !isOver())
        await this.pace.untilDue(began, source.feed.restMs, Math.max(1, this.consecutiveFailures));
    }
    this.isLeading = false;
    await Promise.all([registration.stop(), compaction.ended()]);
    await transport.close(); // what was under way may have opened it again
    await source.lead.close();
  }

  /** @returns whether this instance led, and another turn may follow at once. */
  private async tryToLead(round: RelayRound): Promise<boolean> {
    try {
      return await this.source.lead.whileLeading((signal) => this.term(round, signal));
    } catch (cause) {
      // Another instance may reach what this one does not.
      if (this.isOver) return false;
      this.failures += 1;
      this.consecutiveFailures += 1;
      this.report(new Error(STOPPED, { cause }));
      return false;
    }
  }

  private async term(round: RelayRound, signal: AbortSignal): Promise<void> {
    this.isLeading = true;
    const began = instantOf(this.time);
    const isOver = (): boolean =>
      this.isOver || signal.aborted || elapsedMs(began, this.time) >= TERM_MS;
    while (!isOver()) {
      const roundBegan = instantOf(this.time);
      this.pace.clearRing();
      await this.checkBroker();
      const isCurrent = await round.run();
      if (isCurrent) this.succeeded = instantOf(this.time);
      this.consecutiveFailures = 0;
      if (!isOver()) await this.pace.untilDue(roundBegan, this.source.feed.restMs, 0);
    }
  }

  private async checkBroker(): Promise<void> {
    if (this.checked !== null && elapsedMs(this.checked, this.time) < CHECK_EVERY_MS) return;
    this.checked = instantOf(this.time);
    const wrong = await this.transport.misconfiguration();
    if (wrong !== undefined) this.reportSetting(new Error(wrong));
  }

  /** A frame for each question would be many. */
  private ringSoon(): void {
    if (this.isRingComing) return;
    this.isRingComing = true;
    this.time.after(this.options.maxStalenessMs / ANSWERS_PER_LEASE, () => {
      this.isRingComing = false;
      this.pace.ring();
    });
  }
}

const STOPPED =
  'The relay could not carry on what is revoked. Until it can, instances that reach only the ' +
  'broker lose their leases, and answer 500.';
