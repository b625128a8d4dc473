import { LogCompaction } from '../../../src/relay/log-compaction';
import { RelayFeed } from '../../../src/relay/relay-feed';
import { newProgress, RelayRound } from '../../../src/relay/relay-round';
import { Lease, Registration } from '../../../src/replica/lease';
import { instantOf } from '../../../src/time/instance-time';
import type { FeedCursor } from '../../../src/revocation/revocation-feed';
import { StoreClock } from '../../../src/revocation/store-clock';
import { MemoryRelay } from '../../support/memory-broker';
import { ManualFeed, ManualTime, settle } from '../replica/manual-ports';
import { CountedAsks, CountingBroker } from './counted-asks';

const STALENESS_MS = 2000;

/**
 * One history: two primaries with the same past. At the second, somebody's question is answered,
 * and the relay stops. Then a logout is answered; then an instance at the first primary asks, and
 * reads at the second.
 */
export class SplitHistory {
  private readonly time = new ManualTime();
  private readonly old = new CountingBroker();
  private readonly promoted = new CountingBroker();
  private readonly database: ManualFeed;
  private readonly clock = new StoreClock(this.time.wall, this.time.monotonic);

  constructor(private readonly asks: 'nonces' | 'a counter') {
    this.database = new ManualFeed(this.clock, this.time.wall);
  }

  /** @returns for how long beyond the bound the token of the logout is accepted. */
  async acceptedLateMs(): Promise<number> {
    const { time, old, promoted } = this;
    const relay = this.relayAt(promoted);
    await this.round(relay, '1');
    old.state = promoted.state; // both have this past
    await this.instanceAt(promoted).read(); // the first question, at this one
    await this.round(relay, '1'); // is answered; the relay then stops

    time.pause(1000);
    const answeredMs = time.monotonic(); // the logout: its 200
    time.pause(10);
    const instance = this.instanceAt(old);
    await instance.read(); // the first question, at that one
    const lease = await instance.readAt(promoted);

    let acceptedMs = 0;
    while (lease.isValid) {
      acceptedMs = time.monotonic() - answeredMs;
      time.pause(1);
    }
    return Math.max(0, acceptedMs - STALENESS_MS);
  }

  private way(broker: CountingBroker): MemoryRelay {
    return this.asks === 'nonces' ? new MemoryRelay(broker) : new CountedAsks(broker);
  }

  private relayAt(broker: CountingBroker): RelayRound {
    const { time, clock, database: feed } = this;
    const transport = this.way(broker);
    const onError = (): void => undefined;
    const registration = new Registration(feed, STALENESS_MS, time, onError);
    const compaction = new LogCompaction(transport, clock, onError);
    const more = { progress: newProgress(), maxStalenessMs: STALENESS_MS, onError, time };
    return new RelayRound({ feed, clock, transport, registration, compaction, ...more });
  }

  private async round(relay: RelayRound, snapshot: string): Promise<void> {
    const running = relay.run();
    while (!this.database.isReading) await settle();
    await this.database.answer(snapshot);
    await running;
  }

  private instanceAt(broker: CountingBroker): SplitInstance {
    return new SplitInstance(this.way(broker), this.clock, this.time);
  }
}

class SplitInstance {
  private readonly feed: RelayFeed;
  private readonly lease: Lease;
  private cursor: FeedCursor | null = null;

  constructor(
    private readonly way: MemoryRelay,
    clock: StoreClock,
    private readonly time: ManualTime,
  ) {
    this.feed = new RelayFeed(way, clock, STALENESS_MS, time);
    this.lease = new Lease(STALENESS_MS, time);
  }

  /** Reads at that one, without a question: it was asked a moment ago. */
  readAt(broker: CountingBroker): Promise<Lease> {
    this.way.broker = broker;
    return this.read();
  }

  async read(): Promise<Lease> {
    const cursor = await this.feed.read(this.cursor, () => undefined);
    this.cursor = cursor;
    const { completeUntil: readBegan } = cursor;
    if (readBegan != null) this.lease.grant({ readBegan, announced: instantOf(this.time) });
    return this.lease;
  }
}
