import { describeRevocationStore } from '../../../src/testing/contract/revocation-store-contract';
import { logout, revocation } from '../../../src/testing/contract/contract';
import { login, refreshOf } from '../../../src/testing/contract/session-orders';
import { MemoryRevocationStore } from '../../../src/stores/memory/revocation-store.memory';
import { MemoryAuditTrail } from '../../../src/stores/memory/audit-trail.memory';

const DAY_MS = 86_400_000;
const NOON = Date.UTC(2031, 5, 1, 12);

describeRevocationStore(
  'MemoryRevocationStore',
  async () => {
    const opened = performance.now();
    const store = new MemoryRevocationStore(() => NOON + performance.now() - opened);
    await store.open();
    return { store, now: () => Promise.resolve(new Date(NOON)) };
  },
  { describe, it, beforeAll, afterAll },
);

describe('MemoryRevocationStore', () => {
  it('refuses to join a transaction', async () => {
    const store = new MemoryRevocationStore();
    const transaction = { query: () => Promise.resolve([]) };

    await expect(store.add(revocation(), logout(), transaction)).rejects.toThrow(
      'cannot join a transaction',
    );
  });

  it('forgets expired revocations, so that the same one is new again', async () => {
    let now = NOON;
    const store = new MemoryRevocationStore(() => now);
    const short = revocation({ expiresAt: new Date(NOON + 1000) });
    const long = revocation({ expiresAt: new Date(NOON + 3_600_000) });
    await store.add(short, logout());
    await store.add(long, logout());

    now += 120_000;

    expect(await store.add(short, logout())).toBe(true);
    expect(await store.add(long, logout())).toBe(false);
  });

  it('forgets sessions a day after their end', async () => {
    let now = NOON;
    const store = new MemoryRevocationStore(() => now);
    const order = login();
    const { session } = await store.sessions.open(order);
    const outcomes = [];

    for (const after of [0, DAY_MS - 1, DAY_MS + 60_000]) {
      now = session.expiresAt.getTime() + after;
      await store.add(revocation(), logout());
      outcomes.push((await store.sessions.refresh(refreshOf(order, 0))).outcome);
    }

    expect(outcomes).toEqual(['expired', 'expired', 'unknown']);
  });

  it('dates a session past a cutoff of the same millisecond', async () => {
    const store = new MemoryRevocationStore(() => NOON);
    const order = login();
    const [key = ''] = order.cutoffKeys;
    await store.cutOff({ key, scope: 'subject', expiresAt: new Date(NOON + DAY_MS) }, logout());

    const { session } = await store.sessions.open(order);

    expect(session.openedAt).toEqual(new Date(NOON + 1));
  });

  it('keeps the newest events when there is no room for all', async () => {
    const trail = new MemoryAuditTrail(
      () => NOON,
      () => false,
      2,
    );
    await trail.append(['a', 'b', 'c'].map((reason) => logout({ reason })));

    const { events } = await trail.find({});

    expect(events.map(({ reason }) => reason)).toEqual(['c', 'b']);
  });

  it('takes an IPv4 address written as IPv6 for what it is written as', async () => {
    const store = new MemoryRevocationStore();
    await store.audit.append([logout({ ip: '::ffff:203.0.113.7' })]);

    expect((await store.audit.find({ ip: '203.0.113.7' })).events).toEqual([]);
    expect((await store.audit.find({ ip: '::ffff:203.0.113.7' })).events).toHaveLength(1);
  });
});
