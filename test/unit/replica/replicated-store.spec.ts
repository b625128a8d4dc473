import { describeRevocationStore } from '../../../src/testing/contract/revocation-store-contract';
import { ENDING, login, refreshOf, sessionKey } from '../../../src/testing/contract/session-orders';
import { about, logout, revocation } from '../../../src/testing/contract/contract';
import { setTimeout as sleep } from 'node:timers/promises';
import { OutdatedInstanceError, StoreUnavailableError } from '../../../src/revocation/errors';
import type { SessionOrder, SessionStore } from '../../../src/revocation/session-store';
import type { UnitOfWork } from '../../../src/revocation/unit-of-work';
import { ReplicatedStore, type ReplicationOptions } from '../../../src/replica/replicated-store';
import { until } from '../../support/until';
import { LoggedStore, LogFeed } from '../../support/logged-store';

const OPTIONS: ReplicationOptions = {
  check: 'replica',
  logoutWaits: 'instance',
  maxStalenessMs: 60_000,
  pollIntervalMs: 10_000,
  maxEntries: 1000,
  onError: () => undefined,
};

describeRevocationStore(
  'ReplicatedStore over any store and a feed',
  async () => {
    const truth = new LoggedStore();
    const store = new ReplicatedStore(truth, new LogFeed(truth), OPTIONS);
    await store.open();
    return { store, now: () => Promise.resolve(new Date()) };
  },
  { describe, it, beforeAll, afterAll },
  { forgetsAtOnce: false },
);

/** The method of the store, as one that has a feed: what it changes stands somewhere. */
function placed(
  sessions: SessionStore,
  name: 'open' | 'refresh' | 'end' | 'endOthers',
  at: object,
) {
  const change = sessions[name].bind(sessions) as (order: unknown) => Promise<object | undefined>;
  return async (order: unknown) => ({ ...(await change(order)), ...at });
}

describe('ReplicatedStore', () => {
  let truth: LoggedStore;
  let feed: LogFeed;
  let store: ReplicatedStore;
  const opened: ReplicatedStore[] = [];

  const openOne = async (changes: Partial<ReplicationOptions> = {}): Promise<ReplicatedStore> => {
    feed = new LogFeed(truth);
    const one = new ReplicatedStore(truth, feed, { ...OPTIONS, ...changes });
    opened.push(one);
    await one.open();
    return one;
  };
  beforeEach(async () => {
    truth = new LoggedStore();
    store = await openOne();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close()));
  });

  const lookUps = (): number => truth.status().directLookUps;
  const ask = ({ key }: { key: string }, of = store): unknown => of.isRevoked(about([key]));

  /** Two revocations, each with its event, and one event more. */
  const workOf = (): { work: UnitOfWork; keys: { key: string }[] } => {
    const revocations = [revocation(), revocation()].map((one) => ({
      revocation: one,
      event: logout(),
    }));
    return {
      work: { revocations, events: [logout({ reason: 'rotated' })] },
      keys: revocations.map((one) => ({ key: one.revocation.key })),
    };
  };

  it('answers from memory what it loaded, what it commits and what it knows nothing of', async () => {
    const one = revocation();
    await store.add(one, logout());

    expect([ask(one), ask(revocation())]).toEqual([true, false]);
    expect(lookUps()).toBe(0);
    expect(store.status()).toMatchObject({ feed: 'doorbell', replica: { answersFrom: 'memory' } });
  });

  it('learns all of a unit of work, as it learns one revocation', async () => {
    const { work, keys } = workOf();

    const { areNew } = await store.commit(work);

    expect(areNew).toEqual([true, true]);
    expect(keys.map((key) => ask(key))).toEqual([true, true]);
  });

  it('rings for a unit of work, so that the others know it long before they poll', async () => {
    const other = await openOne();
    const { work, keys } = workOf();

    await store.commit(work);
    for (let tries = 0; tries < 100 && ask(keys[0]!, other) === false; tries += 1) await sleep(10);

    expect(keys.map((key) => ask(key, other))).toEqual([true, true]);
  });

  it('waits for all instances with a unit of work, and with none that revokes nothing', async () => {
    const patient = await openOne({ logoutWaits: 'cluster' });

    await patient.commit(workOf().work);
    await patient.commit({ revocations: [], events: [logout()] });
    await patient.add(revocation(), logout());

    expect(feed.waits).toEqual(['2', '3']);
  });

  it('says nothing of a commit that it cannot wait for', async () => {
    const patient = await openOne({ logoutWaits: 'cluster' });
    const commit = truth.commit.bind(truth);
    truth.commit = async (work) => ({ ...(await commit(work)), position: null });

    await expect(patient.add(revocation(), logout())).rejects.toThrow(StoreUnavailableError);
  });

  it('asks the store about what may have been committed, and about nothing else', async () => {
    const one = revocation();
    const commit = truth.commit.bind(truth);
    truth.commit = async (work) => {
      await commit(work);
      throw new StoreUnavailableError('add a revocation');
    };

    await expect(store.add(one, logout())).rejects.toThrow(StoreUnavailableError);

    expect(await ask(one)).toBe(true);
    expect(lookUps()).toBe(1);
    expect(ask(revocation())).toBe(false);
  });

  it('doubts nothing that is not of its form', async () => {
    const one = revocation({ expiresAt: new Date(Number.NaN) });

    await expect(store.add(one, logout())).rejects.toThrow(TypeError);

    expect(ask(one)).toBe(false);
  });

  describe('with sessions', () => {
    const askAbout = (order: SessionOrder): unknown => ask({ key: sessionKey(order) });
    const end = ({ issuer, sid }: SessionOrder) =>
      store.sessions.end({ ...ENDING, issuer, sids: [sid], endedBy: 'logout' });

    it('knows at once which have ended, and waits for all instances with each', async () => {
      store = await openOne({ logoutWaits: 'cluster' });
      const at = { position: '7' };
      for (const name of ['open', 'refresh', 'end', 'endOthers'] as const)
        Object.assign(truth.sessions, { [name]: placed(truth.sessions, name, at) });
      const [replaced, ended, other, reused] = [login(), login(), login(), login()];
      for (const one of [replaced, ended, other, reused]) await store.sessions.open(one);

      const next = login({ subject: other.subject, previousRefreshId: replaced.refreshId });
      await store.sessions.open(next);
      await end(ended);
      await store.sessions.endOthers({ ...ENDING, ...next });
      await store.sessions.refresh(refreshOf(reused, 0));
      await store.sessions.refresh(refreshOf(reused, 0, { graceSeconds: 0 }));

      expect([replaced, ended, other, reused, next].map(askAbout)).toEqual([
        ...[true, true, true, true],
        false,
      ]);
      expect(lookUps()).toBe(0);
      expect(feed.waits).toEqual(['7', '7', '7', '7']);
    });

    it('answers a repeated end only when it refuses the session, and all instances do', async () => {
      store = await openOne({ logoutWaits: 'cluster' });
      const one = login();
      await truth.sessions.open(one);
      const { issuer, sid } = one;
      await truth.sessions.end({ ...ENDING, issuer, sids: [sid], endedBy: 'logout' });
      truth.sessions.end = placed(truth.sessions, 'end', {
        position: '7',
      }) as typeof truth.sessions.end;
      expect(askAbout(one)).toBe(false); // another instance has ended it: not read yet

      const { revocations } = await end(one);

      expect(revocations).toEqual([]);
      expect(askAbout(one)).toBe(true);
      expect(feed.waits).toEqual(['7']);
    });

    it('answers a repeated end of all others only when it refuses them, and all instances do', async () => {
      store = await openOne({ logoutWaits: 'cluster' });
      const [one, stranger] = [login(), login()];
      const other = login({ subject: one.subject });
      for (const each of [one, other, stranger]) await truth.sessions.open(each);
      await truth.sessions.endOthers({ ...ENDING, ...one });
      truth.sessions.endOthers = placed(truth.sessions, 'endOthers', {
        position: '7',
      }) as typeof truth.sessions.endOthers;
      const isRefused = ({ cutoffKeys, ...order }: SessionOrder): unknown =>
        store.isRevoked({
          absolute: [sessionKey(order)],
          cutoffs: cutoffKeys.map((key) => ({ key, at: Date.now() })),
        });
      expect(isRefused(other)).toBe(false); // another instance has ended it: not read yet

      const ended = await store.sessions.endOthers({ ...ENDING, ...one });

      expect(ended?.revocations).toEqual([]);
      expect([await isRefused(other), await isRefused(one)]).toEqual([true, false]);
      expect(isRefused(stranger)).toBe(false);
      expect(feed.waits).toEqual(['7']);
    });

    it('answers a repeated end by a refresh token only when it refuses the session', async () => {
      const one = login();
      await truth.sessions.open(one);
      const order = { ...ENDING, refreshId: one.refreshId, endedBy: 'logout' };
      await truth.sessions.end(order);
      expect(askAbout(one)).toBe(false); // not read yet

      await store.sessions.end(order);

      expect(askAbout(one)).toBe(true);
    });

    it('takes no session for ended that is not the subject’s, whoever names it', async () => {
      const victim = login();
      await store.sessions.open(victim);
      const { issuer, sid } = victim;

      const order = { ...ENDING, issuer, subject: 'mallory', sids: [sid], endedBy: 'logout' };
      await store.sessions.end(order);

      expect(askAbout(victim)).toBe(false);
      expect(lookUps()).toBe(0);
    });

    it('asks the store about those that may have ended, and about no others', async () => {
      const [one, other] = [login(), login()];
      for (const each of [one, other]) await store.sessions.open(each);
      const { sessions } = truth;
      const endNow = sessions.end.bind(sessions);
      sessions.end = async (order) => {
        await endNow(order);
        throw new StoreUnavailableError('end a session');
      };

      await expect(end(one)).rejects.toThrow(StoreUnavailableError);

      expect(await askAbout(one)).toBe(true);
      expect(lookUps()).toBe(1);
      expect(askAbout(other)).toBe(false);
    });

    it('doubts nothing where an instance of an older version forbade the end', async () => {
      const one = login();
      await store.sessions.open(one);
      truth.sessions.end = () => Promise.reject(new OutdatedInstanceError());

      await expect(end(one)).rejects.toThrow(OutdatedInstanceError);

      expect(askAbout(one)).toBe(false);
    });
  });

  it('asks the store about each token where it has no replica, and tells the others', async () => {
    const direct = await openOne({ check: 'direct', logoutWaits: 'cluster' });
    const one = revocation();
    await direct.add(one, logout());

    expect([ask(one, direct), ask(revocation(), direct)]).toEqual([true, false]);
    expect(lookUps()).toBe(2);
    expect(feed.waits).toEqual(['1']);
    expect(direct.status()).toMatchObject({ feed: null, replica: null });
  });

  describe('in a transaction of the host’s', () => {
    const host = { query: () => Promise.resolve([]) };

    it('asks the store until a read has seen the transaction end', async () => {
      const one = revocation();
      feed.positionOf = () => Promise.resolve('1');
      truth.commit = () => Promise.resolve({ areNew: [true], position: '1' });
      await store.add(one, logout(), host);
      expect(await ask(one)).toBe(false);
      expect(lookUps()).toBe(1);

      truth.log.push(revocation()); // the transaction has ended, and left nothing of ours
      truth.listeners.forEach((ring) => {
        ring(false);
      });
      await until(() => store.known(about([one.key])) === false);
      expect(ask(one)).toBe(false);
      expect(lookUps()).toBe(1);
    });

    it('writes nothing where it cannot tell which transaction it is', async () => {
      feed.positionOf = () => Promise.reject(new StoreUnavailableError('join the transaction'));
      const one = revocation();

      await expect(store.add(one, logout(), host)).rejects.toThrow(StoreUnavailableError);

      expect(truth.log).toEqual([]);
      expect(ask(one)).toBe(false);
      expect(lookUps()).toBe(0);
    });
  });
});
