import { RelayFeed } from '../../../src/relay/relay-feed';
import { LogCompaction } from '../../../src/relay/log-compaction';
import { newProgress, RelayRound } from '../../../src/relay/relay-round';
import { Registration } from '../../../src/replica/lease';
import { Replica } from '../../../src/replica/replica';
import { StoreUnavailableError } from '../../../src/revocation/errors';
import {
  RevocationFeed,
  type FeedCursor,
  type FeedSlice,
} from '../../../src/revocation/revocation-feed';
import { StoreClock } from '../../../src/revocation/store-clock';
import { emptyBroker, MemoryBroker, MemoryRelay, type Network } from '../../support/memory-broker';
import { aboutToken } from '../../support/queries';
import { keyOf, revocationOf, settle, sliceOf } from '../replica/manual-ports';
import type { TokenQuery } from '../../../src/tokens/scopes';
import { seededRandom, type Chance } from './seeded-random';
import { SimulatedTime } from './simulated-time';

export const TICK_MS = 5;
export const STALENESS_MS = 100;
const TICKS = 360;
const FOLLOWERS = 3;
const RELAYS = 2;
/** A call whose answer is not there by then has failed, for its caller. */
const TIME_LIMIT_TICKS = 8;
const FRAMES_PER_CHECKPOINT = 12;
const ISSUED = new Date(Date.UTC(2026, 0, 1));
const NO_TOKEN = aboutToken([keyOf(999_999)], ISSUED);

/** What may happen to a broker and to the relays. */
export const FAULTS = [
  'flush',
  'lost tail',
  'failover',
  'two primaries',
  'replica address',
  'relay stopped',
] as const;
export type Fault = (typeof FAULTS)[number];

interface LoggedOut {
  readonly token: number;
  readonly query: TokenQuery;
  readonly atMs: number;
}

/** One of the two servers of a broker. */
class Server extends MemoryBroker {
  isPrimary = false;
  isAlive = true;
  /** What it held at the ticks before: what a restart brings back. */
  readonly past: MemoryBroker['state'][] = [];
}

/**
 * A database, two servers of a broker, relays and instances behind it, by a seed. Everything but
 * time, network, database and broker is the product's own.
 */
export class RelayWorld {
  readonly violations: string[] = [];
  /** How often memory allowed a token. */
  allowed = 0;
  /** How often it allowed one whose logout was answered already: within the bound. */
  allowedStale = 0;
  private readonly chance: Chance;
  private readonly time = new SimulatedTime(TICK_MS);
  private readonly a = new Server();
  private readonly b = new Server();
  private current = this.a;
  private areLinked = true;
  private splitEnds = -1;
  private relaysStopUntil = -1;
  private readonly rows: number[] = [];
  /** Those that some instance does not know yet; none forgets one. */
  private answered: LoggedOut[] = [];
  private readonly relayWays: MemoryRelay[] = [];
  private readonly ways: MemoryRelay[] = [];
  private readonly replicas: Replica[] = [];

  constructor(
    private readonly seed: number,
    private readonly faults: readonly Fault[],
  ) {
    this.chance = seededRandom(seed);
    this.a.isPrimary = true;
    for (let index = 0; index < RELAYS; index += 1) this.addRelay();
    for (let index = 0; index < FOLLOWERS; index += 1) this.addFollower();
  }

  async run(): Promise<this> {
    for (const replica of this.replicas) void replica.start();
    for (let tick = 0; tick < TICKS; tick += 1) {
      this.replicate();
      if (tick > 40 && this.chance.is(0.02)) this.happen(this.chance.oneOf(this.faults), tick);
      if (tick === this.splitEnds) this.heal();
      if (this.chance.is(0.15)) this.logOut();
      await this.time.tick();
      this.probe();
    }
    for (const replica of this.replicas) void replica.stop();
    await settle();
    return this;
  }

  private addRelay(): void {
    const { time } = this;
    const clock = new StoreClock(time.wall, time.monotonic);
    const way: MemoryRelay = new MemoryRelay(
      this.a,
      this.networkTo(() => way, 'relay'),
    );
    this.relayWays.push(way);
    const onError = (): void => undefined;
    const register = { announce: () => Promise.resolve() };
    const round = new RelayRound({
      feed: new SimulatedDatabase(this.rows, clock, time, this.networkToDatabase()),
      clock,
      transport: way,
      registration: new Registration(register, STALENESS_MS, time, onError),
      compaction: new LogCompaction(way, clock, onError, FRAMES_PER_CHECKPOINT),
      progress: newProgress(),
      maxStalenessMs: STALENESS_MS,
      onError,
      time,
    });
    void this.relayOn(round);
  }

  private async relayOn(round: RelayRound): Promise<void> {
    for (;;) {
      await this.time.sleep(this.chance.upTo(6));
      await this.untilRelaysGoOn();
      await round.run().catch(() => undefined);
    }
  }

  private async untilRelaysGoOn(): Promise<void> {
    const ticks = this.relaysStopUntil - this.time.ticks;
    if (ticks > 0) await this.time.sleep(ticks);
  }

  private addFollower(): void {
    const { time } = this;
    const clock = new StoreClock(time.wall, time.monotonic);
    const way: MemoryRelay = new MemoryRelay(
      this.a,
      this.networkTo(() => way, 'follower'),
    );
    this.ways.push(way);
    const direct = {
      isRevoked: () => Promise.reject(new StoreUnavailableError('be asked')),
    };
    const options = {
      maxStalenessMs: STALENESS_MS,
      pollIntervalMs: STALENESS_MS / 4,
      maxEntries: 1000,
      onError: () => undefined,
    };
    const feed = new RelayFeed(way, clock, STALENESS_MS, time);
    this.replicas.push(new Replica(feed, direct, clock, options, time));
  }

  /** Calls are late, fail before or after they took effect, or take effect when nobody waits. */
  private networkTo(way: () => MemoryRelay, of: 'relay' | 'follower'): Network {
    return async (kind, effect) => {
      if (of === 'relay') await this.untilRelaysGoOn();
      const late = this.lateness();
      if (late > TIME_LIMIT_TICKS) {
        void this.time.sleep(late).then(() => {
          if (this.takes(way(), kind)) effect();
        });
        await this.time.sleep(TIME_LIMIT_TICKS);
        throw new Error('no answer in time');
      }
      await this.time.sleep(late);
      if (!this.takes(way(), kind)) throw new Error('the server is away, or is a replica');
      const result = effect();
      await this.time.sleep(this.lateness() % TIME_LIMIT_TICKS);
      if (this.chance.is(0.03)) throw new Error('the answer is lost');
      if (of === 'relay') await this.untilRelaysGoOn();
      return result;
    };
  }

  private networkToDatabase(): Network {
    return async (_, effect) => {
      await this.untilRelaysGoOn();
      await this.time.sleep(this.lateness());
      const result = effect();
      await this.time.sleep(this.lateness());
      await this.untilRelaysGoOn();
      if (this.chance.is(0.03)) throw new Error('the database is away');
      return result;
    };
  }

  private lateness(): number {
    if (this.chance.is(0.7)) return 0;
    return this.chance.is(0.1) ? TIME_LIMIT_TICKS + this.chance.upTo(20) : this.chance.upTo(4);
  }

  private takes({ broker }: MemoryRelay, kind: 'read' | 'write'): boolean {
    return broker instanceof Server && broker.isAlive && (kind === 'read' || broker.isPrimary);
  }

  /** A replica has what its primary had, now and then. */
  private replicate(): void {
    for (const server of [this.a, this.b]) {
      server.past.push(server.state);
      const primary = server === this.a ? this.b : this.a;
      const isReplica = this.areLinked && primary.isPrimary && !server.isPrimary;
      if (isReplica && primary.isAlive && server.isAlive && this.chance.is(0.35))
        server.state = primary.state;
    }
  }

  private happen(fault: Fault, tick: number): void {
    const { current, b } = this;
    switch (fault) {
      case 'flush':
        current.state = emptyBroker();
        break;
      case 'lost tail':
        current.state = current.past.at(-1 - this.chance.upTo(8)) ?? emptyBroker();
        break;
      case 'failover':
        if (current === b) break;
        this.a.isAlive = false;
        this.promote();
        for (const way of [...this.ways, ...this.relayWays]) way.broker = b;
        break;
      case 'two primaries':
        if (current === b) break;
        this.areLinked = false;
        this.promote();
        this.splitEnds = tick + 10 + this.chance.upTo(80);
        for (const way of this.ways) if (this.chance.is(0.5)) way.broker = b;
        for (const way of this.relayWays) if (this.chance.is(0.8)) way.broker = b;
        break;
      case 'replica address':
        if (!b.isPrimary) this.chance.oneOf(this.ways).broker = b;
        break;
      case 'relay stopped':
        this.relaysStopUntil = tick + this.chance.upTo(60);
    }
  }

  private promote(): void {
    this.b.isPrimary = true;
    this.current = this.b;
  }

  /** The old primary becomes a replica of the new one. */
  private heal(): void {
    this.a.isPrimary = false;
    this.a.state = this.b.state;
    this.areLinked = true;
    for (const way of [...this.ways, ...this.relayWays]) way.broker = this.b;
  }

  /** Committed now, and answered now or a little later. */
  private logOut(): void {
    const token = this.rows.length + 1;
    this.rows.push(token);
    void this.time.sleep(this.chance.upTo(2)).then(() => {
      const query = aboutToken([keyOf(token)], ISSUED);
      this.answered.push({ token, query, atMs: this.time.monotonic() });
    });
  }

  private probe(): void {
    const nowMs = this.time.monotonic();
    this.allowed += this.replicas.filter((replica) => replica.known(NO_TOKEN) === false).length;
    this.answered = this.answered.filter(({ token, query, atMs }) => {
      const verdicts = this.replicas.map((replica) => replica.known(query));
      const allowing = verdicts.filter((verdict) => verdict === false).length;
      this.allowedStale += allowing;
      const lateMs = nowMs - atMs - STALENESS_MS;
      if (allowing > 0 && lateMs >= 0)
        this.violations.push(`seed ${this.seed}: ${token} is allowed ${lateMs} ms too late`);
      return !verdicts.every((verdict) => verdict === true);
    });
  }
}

/** What was committed, in its order; a snapshot is how many there are. */
class SimulatedDatabase extends RevocationFeed {
  readonly wakenBy = 'polling';
  readonly restMs = 0;

  constructor(
    private readonly rows: readonly number[],
    private readonly clock: StoreClock,
    private readonly time: SimulatedTime,
    private readonly network: Network,
  ) {
    super();
  }

  async read(since: FeedCursor | null, apply: (slice: FeedSlice) => void): Promise<FeedCursor> {
    const read = await this.network('read', () => [...this.rows]);
    this.clock.observe(this.time.wall());
    const news = read.slice(Number(since?.snapshot ?? 0));
    apply(sliceOf(news.map((token) => revocationOf(token))));
    return { snapshot: String(read.length), server: 'one' };
  }

  listen(): void {
    // A relay of this world only polls.
  }

  ring(): void {
    // As above.
  }

  positionOf(): Promise<string> {
    return Promise.resolve('');
  }

  hasDecided(): boolean {
    return false;
  }

  waitForCluster(): Promise<void> {
    return Promise.resolve();
  }

  announce(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
