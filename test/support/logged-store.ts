import {
  RevocationFeed,
  type FeedCursor,
  type FeedSlice,
} from '../../src/revocation/revocation-feed';
import type { Revocation } from '../../src/revocation/revocation';
import type { Committed, HostTransaction, UnitOfWork } from '../../src/revocation/unit-of-work';
import { MemoryRevocationStore } from '../../src/stores/memory/revocation-store.memory';
import { sliceOf } from '../unit/replica/manual-ports';

/** A memory store that logs what it commits, so that a feed can tell it to replicas. */
export class LoggedStore extends MemoryRevocationStore {
  readonly log: Revocation[] = [];
  readonly listeners = new Set<(isAwaited: boolean) => void>();

  override async commit(work: UnitOfWork, transaction?: HostTransaction): Promise<Committed> {
    const committed = await super.commit(work, transaction);
    this.log.push(...work.revocations.map(({ revocation }) => revocation));
    return { ...committed, position: String(this.log.length) };
  }
}

/** The log of a store, read by one instance of several in this process. */
export class LogFeed extends RevocationFeed {
  readonly wakenBy = 'doorbell';
  readonly waits: string[] = [];
  readonly restMs = 5;
  private onRing: (isAwaited: boolean) => void = () => undefined;

  constructor(private readonly store: LoggedStore) {
    super();
  }

  async read(
    since: FeedCursor | null,
    apply: (slice: FeedSlice) => void,
  ): Promise<FeedCursor | null> {
    await Promise.resolve();
    const { log, clock } = this.store;
    apply(sliceOf(log.slice(Number(since?.snapshot ?? 0))));
    clock.observe(Date.now());
    return { snapshot: String(log.length), server: 'log' };
  }

  listen(onRing: (isAwaited: boolean) => void): void {
    this.onRing = onRing;
    this.store.listeners.add(onRing);
  }

  ring(isAwaited: boolean): void {
    for (const listener of this.store.listeners) if (listener !== this.onRing) listener(isAwaited);
  }

  positionOf(): Promise<string> {
    return Promise.reject(new TypeError('A log joins no transactions.'));
  }

  hasDecided({ snapshot }: FeedCursor, position: string): boolean {
    return Number(snapshot) >= Number(position);
  }

  waitForCluster(position: string): Promise<void> {
    this.waits.push(position);
    return Promise.resolve();
  }

  announce(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.store.listeners.delete(this.onRing);
    return Promise.resolve();
  }
}
