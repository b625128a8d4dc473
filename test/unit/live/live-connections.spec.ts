import { setTimeout as sleep } from 'node:timers/promises';
import { LiveConnections, type LiveRules } from '../../../src/live/live-connections';
import type { ConnectionEnd } from '../../../src/live/open-connection';
import { ReplicatedStore } from '../../../src/replica/replicated-store';
import { StoreUnavailableError } from '../../../src/revocation/errors';
import { ANY_ISSUE_TIME, type Revocation } from '../../../src/revocation/revocation';
import type { RevocationStore } from '../../../src/revocation/revocation-store';
import { MemoryRevocationStore } from '../../../src/stores/memory';
import { logout } from '../../../src/testing/contract/contract';
import { ENDING, login, refreshOf } from '../../../src/testing/contract/session-orders';
import { verifiedToken } from '../../../src/testing/test-token';
import { identifierKey, revocationKey } from '../../../src/tokens/identity';
import type { RevocationQuery } from '../../../src/tokens/scopes';
import type { VerifiedToken } from '../../../src/tokens/verified-token';
import { LoggedStore, LogFeed } from '../../support/logged-store';
import { ObservedStore } from '../../support/stores';
import { until } from '../../support/until';

const ISSUER = 'https://login.example';
const GRACE_MS = 400;
const seconds = (): number => Math.floor(Date.now() / 1000);

describe('LiveConnections', () => {
  const opened: LiveConnections[] = [];
  let errors: unknown[];

  const over = (store: RevocationStore, rules: Partial<LiveRules> = {}): LiveConnections => {
    const onError = (error: unknown): void => {
      errors.push(error);
    };
    const all = { liveGraceMs: 60_000, clockToleranceSeconds: 0, onError, ...rules };
    const live = new LiveConnections(store, all);
    opened.push(live);
    return live;
  };
  beforeEach(() => {
    errors = [];
  });
  afterEach(() => {
    for (const live of opened.splice(0)) live.stop();
    jest.useRealTimers();
  });

  /** A connection, and how it ended. */
  const connect = (live: LiveConnections, token = verifiedToken()) => {
    const ends: ConnectionEnd[] = [];
    const release = live.open({ token, close: (end) => ends.push(end) });
    return { token, ends, release };
  };

  const revocationOf = (
    { revocationKey: key }: VerifiedToken,
    changes: Partial<Revocation> = {},
  ): Revocation => ({
    key,
    scope: 'token',
    issuedBefore: ANY_ISSUE_TIME,
    expiresAt: new Date(Date.now() + 3_600_000),
    ...changes,
  });
  const revoke = (store: RevocationStore, token: VerifiedToken, changes?: Partial<Revocation>) =>
    store.add(revocationOf(token, changes), logout());

  it('ends the 20 connections of one token of 10 000, and looks at no others', async () => {
    const store = new MemoryRevocationStore();
    const live = over(store);
    const others = Array.from({ length: 9980 }, () => connect(live, verifiedToken({ sub: 'b' })));
    const token = verifiedToken({ sub: 'a' });
    const own = Array.from({ length: 20 }, () => connect(live, token));
    await revoke(store, verifiedToken());
    expect(live.lookedAt).toBe(0);
    await revoke(store, token);
    expect(own.map(({ ends }) => ends)).toEqual(own.map(() => ['revoked']));
    expect(live.lookedAt).toBe(20);
    expect(others.every(({ ends }) => ends.length === 0)).toBe(true);
    expect(live.size).toBe(9980);
  });

  it.each([
    ['session', identifierKey('session', ISSUER, 's1')],
    ['subject', revocationKey('subject', ISSUER, 'ada')],
    ['subject-tokens', revocationKey('subject-tokens', ISSUER, 'ada')],
    ['client', revocationKey('client', ISSUER, 'web')],
    ['client', revocationKey('client', ISSUER, 'shop')],
    ['issuer', revocationKey('issuer', ISSUER)],
  ] as const)('ends what a revocation of the %s covers, and nothing else', async (scope, key) => {
    const store = new MemoryRevocationStore();
    const live = over(store);
    const iat = seconds() - 60;
    const claims = { iss: ISSUER, sid: 's1', sub: 'ada', client_id: 'web', azp: 'shop', iat };
    const covered = connect(live, verifiedToken(claims));
    const stranger = { iss: 'https://other.example', sid: 's2', sub: 'eve', iat };
    const other = connect(live, verifiedToken(stranger));
    const isCutoff = scope !== 'session';
    const later = connect(live, verifiedToken({ ...claims, iat: iat + 30 }));
    const issuedBefore = isCutoff ? new Date((iat + 10) * 1000) : ANY_ISSUE_TIME;
    await revoke(store, covered.token, { key, scope, issuedBefore });
    expect(covered.ends).toEqual(['revoked']);
    expect(other.ends).toEqual([]);
    expect(later.ends).toEqual(isCutoff ? [] : ['revoked']);
  });

  it('ends what was revoked between its check and its opening, once `open` has returned', async () => {
    const store = new MemoryRevocationStore();
    const live = over(store);
    const token = verifiedToken();
    connect(live); // so that the store is watched already
    await revoke(store, token);
    const { ends } = connect(live, token);
    expect(ends).toEqual([]);
    await Promise.resolve();
    expect(ends).toEqual(['revoked']);
  });

  it('does not end what was released, and ends nothing twice', async () => {
    const store = new MemoryRevocationStore();
    const live = over(store);
    const gone = connect(live);
    gone.release();
    gone.release();
    const ended = connect(live);
    await revoke(store, gone.token);
    await revoke(store, ended.token);
    await revoke(store, ended.token, { expiresAt: new Date(Date.now() + 7_200_000) });
    ended.release();
    expect(gone.ends).toEqual([]);
    expect(ended.ends).toEqual(['revoked']);
    expect(live.size).toBe(0);
  });

  it('ends a connection when its token expires, with the tolerance for clocks', async () => {
    let now = Date.now();
    const store = new MemoryRevocationStore(() => now);
    const live = over(store, { liveGraceMs: GRACE_MS, clockToleranceSeconds: 30 });
    const exp = seconds() + 60;
    const first = connect(live, verifiedToken({ exp }));
    const second = connect(live, verifiedToken({ exp: exp + 1 }));
    now = (exp + 30) * 1000 - 1;
    await sleep(GRACE_MS);
    expect(first.ends).toEqual([]);
    now += 1;
    await until(() => first.ends.length > 0);
    expect(first.ends).toEqual(['expired']);
    expect(second.ends).toEqual([]);
    now += 1000;
    await until(() => second.ends.length > 0);
  });

  it('ends a connection whose token expired during the handshake', async () => {
    const live = over(new MemoryRevocationStore());
    const { ends } = connect(live, verifiedToken({ exp: seconds(), iat: seconds() - 60 }));
    await Promise.resolve();
    expect(ends).toEqual(['expired']);
  });

  it('keeps the connection of a token of 30 days, which is longer than a timer of Node lasts', async () => {
    jest.useFakeTimers();
    const live = over(new MemoryRevocationStore());
    const { ends } = connect(live, verifiedToken({ exp: seconds() + 30 * 86_400 }));
    await jest.advanceTimersByTimeAsync(60_000);
    expect(ends).toEqual([]);
  });

  it('closes the others where one cannot be closed, and says so', async () => {
    const store = new MemoryRevocationStore();
    const live = over(store);
    const token = verifiedToken();
    const error = new Error('gone');
    live.open({
      token,
      close: () => {
        throw error;
      },
    });
    const { ends } = connect(live, token);
    await revoke(store, token);
    expect(ends).toEqual(['revoked']);
    expect(errors).toEqual([error]);
  });

  it('closes many in turns, in between which others run', async () => {
    const store = new MemoryRevocationStore();
    const live = over(store);
    const token = verifiedToken();
    const connections = Array.from({ length: 600 }, () => connect(live, token));
    const closed = (): number => connections.filter(({ ends }) => ends.length === 1).length;
    await revoke(store, token);
    const counts = [closed()];
    for (let turn = 0; turn < 3; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      counts.push(closed());
    }
    expect(counts[0]).toBe(256);
    expect(counts).toContain(512);
    expect(counts.at(-1)).toBe(600);
  });

  it('ends everything when it stops, and what is opened later', async () => {
    const live = over(new MemoryRevocationStore());
    const { ends } = connect(live);
    live.stop();
    expect(ends).toEqual(['unchecked']);
    const late = connect(live);
    await Promise.resolve();
    expect(late.ends).toEqual(['unchecked']);
  });

  describe('where the store has no memory', () => {
    // A process that stands still for the grace ends its connections, as it should.
    beforeEach(() => {
      jest.useFakeTimers();
    });

    it('looks tokens up, and ends those that are revoked', async () => {
      const store = new ObservedStore();
      const live = over(store, { liveGraceMs: 4000 });
      const kept = connect(live);
      const { token, ends } = connect(live);
      await revoke(store, token);
      await jest.advanceTimersByTimeAsync(4000);
      expect(ends).toEqual(['revoked']);
      await jest.advanceTimersByTimeAsync(60_000);
      expect(store.lookedUp.length).toBeGreaterThan(12);
      expect(kept.ends).toEqual([]);
    });

    it('does not rely on a memory that tells nothing of what it learns', async () => {
      class SilentStore extends MemoryRevocationStore {
        override watch(): boolean {
          return false;
        }
      }
      const store = new SilentStore();
      const live = over(store, { liveGraceMs: 4000 });
      const { token, ends } = connect(live);
      await revoke(store, token);
      await jest.advanceTimersByTimeAsync(4000);
      expect(ends).toEqual(['revoked']);
    });

    it('asks in batches, and about none that has ended meanwhile', async () => {
      class SlowStore extends ObservedStore {
        override async isRevoked(query: RevocationQuery): Promise<boolean> {
          const isRevoked = await super.isRevoked(query);
          await new Promise((resolve) => setTimeout(resolve, 10));
          return isRevoked;
        }
      }
      const store = new SlowStore();
      const live = over(store, { liveGraceMs: 4000 });
      const connections = Array.from({ length: 600 }, () => connect(live));
      await jest.advanceTimersByTimeAsync(1000);
      expect(store.lookedUp).toHaveLength(600);
      expect(new Set(store.lookedUp).size).toBe(600);
      while (store.lookedUp.length === 600) await jest.advanceTimersByTimeAsync(1);
      expect(store.lookedUp).toHaveLength(850);
      for (const { release } of connections) release();
      await jest.advanceTimersByTimeAsync(60_000);
      expect(store.lookedUp).toHaveLength(850);
    });

    it('ends what could not be looked up, not all at once, and says so once', async () => {
      const store = new ObservedStore();
      store.canLookUp = false;
      const live = over(store, { liveGraceMs: 1000 });
      const begunMs = performance.now();
      const endedMs: number[] = [];
      const why = new Set<ConnectionEnd>();
      for (let count = 0; count < 200; count += 1)
        live.open({
          token: verifiedToken(),
          close: (end) => {
            why.add(end);
            endedMs.push(performance.now() - begunMs);
          },
        });
      await jest.advanceTimersByTimeAsync(2000);
      expect(live.size).toBe(0);
      expect([...why]).toEqual(['unchecked']);
      expect(Math.min(...endedMs)).toBeGreaterThanOrEqual(500);
      expect(new Set(endedMs.map((ms) => Math.floor(ms / 100))).size).toBeGreaterThan(1);
      expect(errors).toHaveLength(1);
      expect(String(errors[0])).toContain('they are being closed');
    });

    it('keeps what it could look up again in time', async () => {
      const store = new ObservedStore();
      const live = over(store, { liveGraceMs: 12_000 });
      const connections = Array.from({ length: 100 }, () => connect(live));
      store.canLookUp = false;
      await jest.advanceTimersByTimeAsync(2000);
      expect(store.lookedUp).toHaveLength(100); // in vain
      store.canLookUp = true;
      await jest.advanceTimersByTimeAsync(60_000);
      expect(store.lookedUp.length).toBeGreaterThan(1000);
      expect(connections.flatMap(({ ends }) => ends)).toEqual([]);
      expect(errors).toEqual([]);
    });

    it('tells before a recovery whether a token is live', async () => {
      const store = new ObservedStore();
      const live = over(store, { clockToleranceSeconds: 30 });
      const token = verifiedToken();
      const { keys } = token;
      expect(await live.isLive(token)).toBe(true);
      expect(await live.isLive({ keys, expiresAtMs: Date.now() - 29_000 })).toBe(true);
      expect(await live.isLive({ keys, expiresAtMs: Date.now() - 31_000 })).toBe(false);
      await revoke(store, token);
      expect(await live.isLive(token)).toBe(false);
      store.canLookUp = false;
      await expect(live.isLive(token)).rejects.toThrow(StoreUnavailableError);
    });
  });

  describe('behind a replica', () => {
    let truth: LoggedStore;
    const stores: ReplicatedStore[] = [];

    const instance = async ({
      maxEntries = 1000,
      maxStalenessMs = 60_000,
      feed = new LogFeed(truth),
    } = {}): Promise<ReplicatedStore> => {
      const store = new ReplicatedStore(truth, feed, {
        check: 'replica',
        logoutWaits: 'instance',
        maxStalenessMs,
        pollIntervalMs: 20,
        maxEntries,
        onError: () => undefined,
      });
      stores.push(store);
      await store.open();
      return store;
    };
    beforeEach(() => {
      truth = new LoggedStore();
    });
    afterEach(async () => {
      await Promise.all(stores.splice(0).map((store) => store.close()));
    });

    it('ends what another instance revokes, and what this one does', async () => {
      const [here, there] = [await instance(), await instance()];
      const live = over(here);
      const [one, other, kept] = [connect(live), connect(live), connect(live)];
      await revoke(here, one.token);
      expect(one.ends).toEqual(['revoked']);
      await revoke(there, other.token);
      await until(() => other.ends.length > 0);
      expect(live.lookedAt).toBe(2);
      expect(kept.ends).toEqual([]);
      expect(truth.status().directLookUps).toBe(0);
    });

    it('keeps connections of a session that is refreshed, and ends those of one that is over', async () => {
      const here = await instance();
      const live = over(here);
      const order = login();
      await here.sessions.open(order);
      const { issuer: iss, sid, subject: sub } = order;
      const { ends } = connect(live, verifiedToken({ iss, sid, sub }));
      const { outcome } = await here.sessions.refresh(refreshOf(order, 0));
      expect(outcome).toBe('rotated');
      expect(ends).toEqual([]);
      await here.sessions.end({ ...ENDING, endedBy: 'user', issuer: iss, sids: [sid] });
      expect(ends).toEqual(['revoked']);
    });

    it('ends in the second half of the grace what memory may no longer answer, not all at once', async () => {
      jest.useFakeTimers();
      const feed = new LogFeed(truth);
      const here = await instance({ maxStalenessMs: 200, feed });
      const live = over(here, { liveGraceMs: 1000 });
      const connections = Array.from({ length: 200 }, () => connect(live));
      await jest.advanceTimersByTimeAsync(10_000);
      expect(connections.flatMap(({ ends }) => ends)).toEqual([]);
      jest.spyOn(feed, 'read').mockRejectedValue(new StoreUnavailableError('read'));
      jest.spyOn(truth, 'isRevoked').mockRejectedValue(new StoreUnavailableError('look up'));
      const open: number[] = [];
      for (let passedMs = 0; passedMs < 1500; passedMs += 125) {
        open.push(live.size);
        await jest.advanceTimersByTimeAsync(125);
      }
      expect(open.slice(0, 4)).toEqual([200, 200, 200, 200]);
      expect(new Set(open).size).toBeGreaterThan(3);
      expect(live.size).toBe(0);
    });

    it('looks tokens up where memory is full, and ends those that it could not take', async () => {
      jest.useFakeTimers();
      const here = await instance({ maxEntries: 1 });
      const live = over(here, { liveGraceMs: 4000 });
      await revoke(here, verifiedToken());
      const { token, ends } = connect(live);
      const kept = connect(live);
      await revoke(here, token);
      await jest.advanceTimersByTimeAsync(4000);
      expect(ends).toEqual(['revoked']);
      await jest.advanceTimersByTimeAsync(60_000);
      expect(kept.ends).toEqual([]);
    });
  });
});
