import { readinessOf } from '../../../src/revocation/readiness';
import { MAX_SKEW_MS, StoreClock } from '../../../src/revocation/store-clock';
import type { ReplicaStatus, StoreStatus } from '../../../src/revocation/store-status';
import { MemoryRevocationStore } from '../../../src/stores/memory/revocation-store.memory';
import type { RevocationQuery } from '../../../src/tokens/scopes';

const REPLICA: ReplicaStatus = {
  answersFrom: 'memory',
  leaseAgeMs: 250.4,
  catchUpMs: 4,
  catchUps: 7,
  failedCatchUps: 2,
  loads: 1,
  size: 12,
  isFull: false,
};

/** A store that says of itself what a test wants it to. */
class TellingStore extends MemoryRevocationStore {
  override readonly clock = new StoreClock();
  isAway = false;
  replica: ReplicaStatus | null = null;
  asked: (readonly string[])[] = [];

  override isRevoked(query: RevocationQuery): boolean | Promise<boolean> {
    this.asked.push(query.absolute);
    return this.isAway ? Promise.reject(new Error('away')) : super.isRevoked(query);
  }

  override status(): StoreStatus {
    const feed = this.replica === null ? null : 'polling';
    return { ...super.status(), skewMs: this.clock.skewMs, feed, replica: this.replica };
  }
}

describe('Readiness', () => {
  let store: TellingStore;
  beforeEach(() => {
    store = new TellingStore();
  });

  it('is given by a store that answers', async () => {
    expect(await readinessOf(store)).toEqual({
      isReady: true,
      answersFrom: 'store',
      feed: null,
      leaseAgeMs: null,
      skewMs: null,
      issuersWithoutKeys: [],
    });
  });

  it('is given by a memory that answers, with what it rests on', async () => {
    store.replica = REPLICA;
    store.clock.observe(Date.now() + 5000);
    const { skewMs, ...rest } = await readinessOf(store);
    expect(rest).toEqual({
      isReady: true,
      answersFrom: 'memory',
      feed: 'polling',
      leaseAgeMs: 250,
      issuersWithoutKeys: [],
    });
    expect(skewMs).toBeLessThanOrEqual(-4900);
    expect(Number.isInteger(skewMs)).toBe(true);
  });

  it('is given by a store that stands in for a memory without a lease', async () => {
    store.replica = { ...REPLICA, answersFrom: 'store', leaseAgeMs: null };
    expect(await readinessOf(store)).toMatchObject({
      isReady: true,
      answersFrom: 'store',
      leaseAgeMs: null,
    });
  });

  it('ends where nothing answers, and says so', async () => {
    store.isAway = true;
    expect(await readinessOf(store)).toMatchObject({ isReady: false, answersFrom: 'nothing' });
  });

  it('ends where nothing answers, whatever the store believes of its memory', async () => {
    store.isAway = true;
    store.replica = REPLICA;
    expect(await readinessOf(store)).toMatchObject({ isReady: false, answersFrom: 'nothing' });
  });

  it.each([1, -1])('ends where the clocks are more than 30 s apart (%i)', async (way) => {
    store.clock.observe(Date.now() + way * (MAX_SKEW_MS + 1000));
    expect(await readinessOf(store)).toMatchObject({ isReady: false, answersFrom: 'store' });
    store.clock.observe(Date.now() + way * (MAX_SKEW_MS - 1000));
    expect(await readinessOf(store)).toMatchObject({ isReady: true });
  });

  it('asks about a token that does not exist, once', async () => {
    await readinessOf(store);
    expect(store.asked).toEqual([['0'.repeat(64)]]);
  });
});
