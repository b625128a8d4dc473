import { about } from '../../../src/testing/contract/contract';
import { Replica, type ReplicaOptions } from '../../../src/replica/replica';
import type { Revocation } from '../../../src/revocation/revocation';
import { StoreClock } from '../../../src/revocation/store-clock';
import { ManualCheck, ManualFeed, ManualTime, keyOf, revocationOf, settle } from './manual-ports';

const ISSUED = new Date(Date.UTC(2026, 0, 1));
const STALENESS_MS = 2000;
const POLL_MS = 500;
const DAY_MS = 86_400_000;

describe('A replica', () => {
  let time: ManualTime;
  let clock: StoreClock;
  let feed: ManualFeed;
  let store: ManualCheck;
  let errors: Error[];
  let replica: Replica;

  const open = (options: Partial<ReplicaOptions> = {}): void => {
    replica = new Replica(
      feed,
      store,
      clock,
      {
        maxStalenessMs: STALENESS_MS,
        pollIntervalMs: POLL_MS,
        maxEntries: 100,
        onError: (error) => errors.push(error),
        ...options,
      },
      time,
    );
  };
  beforeEach(() => {
    time = new ManualTime();
    clock = new StoreClock(time.wall, time.monotonic);
    feed = new ManualFeed(clock, time.wall);
    store = new ManualCheck();
    errors = [];
    open();
  });
  afterEach(async () => {
    feed.closes = 'at once';
    await replica.stop();
  });

  /** `store` where the store had to be asked. */
  const ask = (token: number): boolean | 'store' => {
    const answer = replica.isRevoked(about([keyOf(token)], ISSUED));
    return typeof answer === 'boolean' ? answer : 'store';
  };
  const doubt = (token: number, position: string | null = null, expiresAt?: Date): void => {
    replica.doubt({ revocation: revocationOf(token, expiresAt), position });
  };
  /** Loaded, with a lease that rests on this moment. */
  const load = async (...revocations: Revocation[]): Promise<void> => {
    void replica.start();
    await settle();
    await feed.answer('s0', ...revocations);
  };
  /** Polls, and answers each read at once, for so long. */
  const follow = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += POLL_MS / 10) {
      await time.pass(POLL_MS / 10);
      if (feed.isReading) await feed.answer('s');
    }
  };

  describe('at boot', () => {
    it('is announced before it loads, so that cluster-wide logouts wait for it from its first lease on', async () => {
      feed.announces = 'by hand';
      void replica.start();
      await settle();
      expect(feed.calls).toEqual(['listen', 'announce nothing']);
      await feed.announcements[0]!.answer();
      expect(feed.calls.slice(2)).toEqual(['read all']);
    });

    it('asks the store until it has loaded', async () => {
      expect(ask(1)).toBe('store');
      void replica.start();
      await settle();
      feed.bring(revocationOf(2));
      expect(ask(1)).toBe('store');
    });

    it('answers from memory once it has loaded', async () => {
      await load(revocationOf(1), revocationOf(2));
      expect([ask(1), ask(2), ask(3)]).toEqual([true, true, false]);
    });

    it('has started when it has loaded', async () => {
      let hasStarted = false;
      void replica.start().then(() => (hasStarted = true));
      await settle();
      expect(hasStarted).toBe(false);
      await feed.answer('s0');
      expect(hasStarted).toBe(true);
    });

    it('starts without the store, and loads when the store is back', async () => {
      const started = replica.start();
      await settle();
      await feed.fail();
      await started;
      expect(ask(1)).toBe('store');
      await time.pass(POLL_MS);
      await feed.answer('s0', revocationOf(1));
      expect([ask(1), ask(2)]).toEqual([true, false]);
    });

    it('loads once, however often it is started', async () => {
      await load();
      await replica.start();
      expect(feed.calls).toEqual(['listen', 'announce nothing', 'read all', 'announce s0']);
    });

    it('catches up at once after a load that outlasted its lease', async () => {
      void replica.start();
      await settle();
      await time.pass(STALENESS_MS);
      await feed.answer('s0');
      expect(ask(1)).toBe('store');
      expect(feed.calls.at(-1)).toBe('read s0');
      await feed.answer('s1');
      expect(ask(1)).toBe(false);
    });

    it('loads again after a load that told no cursor', async () => {
      void replica.start();
      await settle();
      await feed.refuse();
      expect(ask(1)).toBe('store');
      await time.pass(POLL_MS);
      await feed.answer('s0');
      expect(ask(1)).toBe(false);
    });
  });

  describe('its lease', () => {
    it('begins before the read is sent, and is over when maxStalenessMs have passed', async () => {
      void replica.start();
      await settle();
      await time.pass(1500);
      await feed.answer('s0');
      time.pause(499);
      expect(ask(1)).toBe(false);
      time.pause(1);
      expect(ask(1)).toBe('store');
    });

    it('rests on whole reads only; what came before is refused nevertheless', async () => {
      await load();
      await time.pass(POLL_MS);
      feed.bring(revocationOf(1));
      time.pause(STALENESS_MS - POLL_MS);
      expect([ask(1), ask(2)]).toEqual([true, 'store']);
      await feed.answer('s1');
      expect(ask(2)).toBe(false);
    });

    it('is renewed by each catch-up', async () => {
      await load();
      await follow(10 * STALENESS_MS);
      expect(ask(1)).toBe(false);
      expect(store.asked).toEqual([]);
    });

    it('ends while a read hangs, and begins with its answer where that is not too late', async () => {
      await load();
      await time.pass(POLL_MS);
      await time.pass(STALENESS_MS - POLL_MS);
      expect(ask(1)).toBe('store');
      await feed.answer('s1');
      expect(ask(1)).toBe(false);
      await time.pass(POLL_MS);
      expect(ask(1)).toBe('store');
    });

    it('ends while reads fail', async () => {
      await load();
      await time.pass(POLL_MS);
      await feed.fail();
      await time.pass(STALENESS_MS - POLL_MS - 1);
      expect(ask(1)).toBe(false);
      await time.pass(1);
      expect(ask(1)).toBe('store');
    });

    it('is over for a process that was stopped and goes on', async () => {
      await load();
      time.pause(30_000);
      expect(ask(1)).toBe('store');
    });

    it('is over for a machine that was suspended, with its monotonic clock', async () => {
      await load();
      time.wallMs += STALENESS_MS;
      expect(ask(1)).toBe('store');
    });

    it('is over when the clock is set forward', async () => {
      await load();
      time.wallMs += 600_000;
      expect(ask(1)).toBe('store');
    });

    it('is not lengthened when the clock is set back', async () => {
      await load();
      time.wallMs -= 600_000;
      time.pause(STALENESS_MS - 1);
      expect(ask(1)).toBe(false);
      time.pause(1);
      expect(ask(1)).toBe('store');
    });
  });

  describe('its cursor', () => {
    it('is where the next read continues', async () => {
      await load();
      await time.pass(POLL_MS);
      await feed.answer('s1');
      await time.pass(POLL_MS);
      expect(feed.calls.filter((call) => call.startsWith('read'))).toEqual([
        'read all',
        'read s0',
        'read s1',
      ]);
    });

    it('stays where it was when a read fails, and what that brought is kept', async () => {
      await load();
      await time.pass(POLL_MS);
      feed.bring(revocationOf(1));
      await feed.fail();
      expect(ask(1)).toBe(true);
      await time.pass(POLL_MS);
      expect(feed.calls.at(-1)).toBe('read s0');
    });
  });

  describe('before another server, or one that was restarted or set back', () => {
    beforeEach(async () => {
      await load(revocationOf(1));
      await time.pass(POLL_MS);
    });

    it('has no lease from that moment on, and loads everything', async () => {
      expect(ask(2)).toBe(false);
      feed.announces = 'by hand';
      await feed.refuse();
      expect(ask(2)).toBe('store');
      await feed.announcements.at(-1)!.answer();
      expect(feed.calls.at(-1)).toBe('read all');
      expect(ask(2)).toBe('store');
      await feed.answer('t0', revocationOf(2));
      expect([ask(2), ask(3)]).toEqual([true, false]);
    });

    it('keeps what it knew: after a failover that lost rows it may be all who knows', async () => {
      await feed.refuse();
      await feed.answer('t0');
      expect(ask(1)).toBe(true);
    });

    it('is announced anew: the server may know nothing of the old announcement', async () => {
      feed.calls.length = 0;
      await feed.refuse();
      expect(feed.calls).toEqual(['announce nothing', 'read all']);
    });

    it('has no lease by what was announced to the old one', async () => {
      feed.announces = 'by hand';
      await feed.answer('s1');
      const { length } = feed.announcements;
      await time.pass(POLL_MS);
      await feed.refuse();
      await feed.announcements[length - 1]!.answer();
      expect(feed.calls.at(-1)).toBe('announce nothing');
      await feed.announcements[length]!.fail();
      await feed.answer('t0');
      expect(ask(2)).toBe('store');
    });

    it('loads again after a load that failed', async () => {
      await feed.refuse();
      await feed.fail();
      await time.pass(POLL_MS);
      expect(feed.calls.at(-1)).toBe('read all');
    });

    it('makes no storm of loads where servers take turns and the bell rings', async () => {
      await feed.refuse();
      await feed.answer('t0');
      await feed.hear();
      await time.pass(POLL_MS - 1);
      expect(feed.isReading).toBe(false);
      await time.pass(1);
      expect(feed.calls.at(-1)).toBe('read t0');
    });
  });

  describe('reads', () => {
    it('begin every pollIntervalMs, however long they take', async () => {
      await load();
      await time.pass(POLL_MS);
      await time.pass(300);
      await feed.answer('s1');
      await time.pass(POLL_MS - 300 - 1);
      expect(feed.isReading).toBe(false);
      await time.pass(1);
      expect(feed.isReading).toBe(true);
    });

    it('follow each other after a rest where they take longer than that', async () => {
      await load();
      await time.pass(POLL_MS);
      await time.pass(POLL_MS + 1);
      await feed.answer('s1');
      expect(feed.isReading).toBe(false);
      await time.pass(5);
      expect(feed.isReading).toBe(true);
    });

    it('begin at once when the bell rings', async () => {
      await load();
      await time.pass(100);
      await feed.hear();
      expect(feed.calls.at(-1)).toBe('read s0');
    });

    it('happen one at a time; all who ring meanwhile cause exactly one more', async () => {
      await load();
      await time.pass(100);
      await feed.hear();
      await feed.hear();
      await feed.hear();
      expect(feed.reads).toHaveLength(2);
      await feed.answer('s1');
      await time.pass(5);
      expect(feed.reads).toHaveLength(3);
      await feed.answer('s2');
      await time.pass(5);
      expect(feed.reads).toHaveLength(3);
    });

    it('do not follow each other more closely than every 5 ms, however often it rings', async () => {
      await load();
      for (let ms = 0; ms < 100; ms += 1) {
        await feed.hear();
        if (feed.isReading) await feed.answer('s');
        await time.pass(1);
      }
      expect(feed.reads.length).toBeLessThanOrEqual(1 + 100 / 5);
      expect(feed.reads.length).toBeGreaterThan(10);
    });

    it('rest the longer the more instances there are, but no longer than a poll', async () => {
      await load();
      feed.restMs = 50;
      for (let ms = 0; ms < 1000; ms += 1) {
        await feed.hear();
        if (feed.isReading) await feed.answer('s');
        await time.pass(1);
      }
      const often = feed.reads.length;
      feed.restMs = 10 * POLL_MS;
      await feed.hear();
      await time.pass(2 * POLL_MS);
      expect(often).toBeLessThanOrEqual(2 + 1000 / 50);
      expect(often).toBeGreaterThan(10);
      expect(feed.isReading).toBe(true);
    });

    it('come no later because it rang', async () => {
      await load();
      await time.pass(490);
      await feed.hear();
      await feed.answer('s1');
      await time.pass(POLL_MS - 1);
      expect(feed.isReading).toBe(false);
      await time.pass(1);
      expect(feed.isReading).toBe(true);
    });

    it('back off while they fail, to 2 s at most, and poll again once one succeeds', async () => {
      await load();
      await time.pass(POLL_MS);
      const pauses: number[] = [];
      for (let i = 0; i < 5; i += 1) {
        await feed.fail();
        const failedAtMs = time.monotonicMs;
        while (!feed.isReading) await time.pass(POLL_MS);
        pauses.push(time.monotonicMs - failedAtMs);
      }
      expect(pauses).toEqual([500, 1000, 2000, 2000, 2000]);
      await feed.answer('s1');
      await time.pass(POLL_MS);
      expect(feed.calls.at(-1)).toBe('read s1');
    });

    it('keep to a poll interval above 2 s when they fail', async () => {
      open({ maxStalenessMs: 20_000, pollIntervalMs: 5000 });
      await load();
      await time.pass(5000);
      await feed.fail();
      await time.pass(4999);
      expect(feed.isReading).toBe(false);
      await time.pass(1);
      expect(feed.isReading).toBe(true);
    });

    it('are no storm where they fail at once and the bell rings', async () => {
      await load();
      await time.pass(POLL_MS);
      await feed.fail();
      await feed.hear();
      await time.pass(POLL_MS - 1);
      expect(feed.isReading).toBe(false);
      await time.pass(1);
      expect(feed.isReading).toBe(true);
    });

    it('need not wait for the whole back-off when the bell rings', async () => {
      await load();
      await time.pass(POLL_MS);
      await feed.fail();
      await time.pass(POLL_MS);
      await feed.fail();
      await time.pass(600);
      expect(feed.isReading).toBe(false);
      await feed.hear();
      expect(feed.isReading).toBe(true);
    });
  });

  describe('its announcement', () => {
    it.each(['as it polls', 'as somebody waits for that'])(
      'tells after a catch-up how far memory reaches, %s',
      async (reason) => {
        await load();
        if (reason === 'as it polls') feed.wakenBy = 'polling';
        else await feed.hear(true);
        await time.pass(POLL_MS);
        await feed.answer('s1');
        expect(feed.announcements.map(({ question }) => question)).toEqual([
          { maxStalenessMs: STALENESS_MS, cursor: null },
          { maxStalenessMs: STALENESS_MS, cursor: { snapshot: 's0', server: 'one' } },
          { maxStalenessMs: STALENESS_MS, cursor: { snapshot: 's1', server: 'one' } },
        ]);
      },
    );

    it('is repeated every half of maxStalenessMs where nobody waits for it', async () => {
      await load();
      const before = feed.announcements.length;
      await follow(10 * STALENESS_MS);
      const count = feed.announcements.length - before;
      expect(count).toBeGreaterThanOrEqual(13); // 20, but for the poll that it waits for
      expect(count).toBeLessThanOrEqual(20);
    });

    it('is made for one who waits by a read that began after the ring', async () => {
      await load();
      await time.pass(100);
      await feed.hear();
      await feed.hear(true); // comes while a read is under way
      const before = feed.announcements.length;
      await feed.answer('s1');
      const during = feed.announcements.length;
      await time.pass(5);
      await feed.answer('s2');
      expect([during, feed.announcements.length]).toEqual([before, before + 1]);
      expect(feed.announcements.at(-1)!.question.cursor?.snapshot).toBe('s2');
    });

    it('is not on the way of the lease, nor of the next read', async () => {
      await load();
      feed.announces = 'by hand';
      await follow(4 * STALENESS_MS);
      expect(ask(1)).toBe(false);
    });

    it('is sent one at a time, and then the newest', async () => {
      await load();
      feed.wakenBy = 'polling';
      feed.announces = 'by hand';
      await time.pass(POLL_MS);
      await feed.answer('s1');
      await time.pass(POLL_MS);
      await feed.answer('s2');
      await time.pass(POLL_MS);
      await feed.answer('s3');
      const [hanging] = feed.announcements.slice(-1);
      await hanging!.answer();
      expect(feed.calls.filter((call) => call.startsWith('announce'))).toEqual([
        'announce nothing',
        'announce s0',
        'announce s1',
        'announce s3',
      ]);
    });

    it('lapses five times maxStalenessMs after it was sent, catch-ups or not', async () => {
      await load(); // announced again at once
      feed.announces = 'never';
      await follow(5 * STALENESS_MS - POLL_MS);
      time.pause(POLL_MS - 1);
      expect(ask(1)).toBe(false);
      time.pause(1);
      expect(ask(1)).toBe('store');
      await follow(POLL_MS);
      expect(ask(1)).toBe('store');
    });

    it('counts from when it was sent, not from when it succeeded', async () => {
      await load();
      feed.wakenBy = 'polling';
      feed.announces = 'by hand';
      await time.pass(POLL_MS);
      await feed.answer('s1'); // sends the last announcement that will succeed
      await follow(3 * STALENESS_MS);
      feed.announces = 'never';
      await feed.announcements.at(-1)!.answer();
      await follow(2 * STALENESS_MS - 2 * POLL_MS);
      expect(ask(1)).toBe(false);
      await follow(2 * POLL_MS);
      expect(ask(1)).toBe('store');
    });

    it('once lapsed, gives a lease again only to a read that begins after it succeeded', async () => {
      await load();
      feed.announces = 'never';
      await follow(6 * STALENESS_MS);
      feed.announces = 'by hand';
      while (!feed.isReading) await time.pass(POLL_MS / 10);
      await feed.answer('s1');
      await time.pass(POLL_MS); // a read is under way that began before
      await feed.announcements.at(-1)!.answer();
      await feed.answer('s2');
      expect(ask(1)).toBe('store');
      await time.pass(POLL_MS);
      await feed.answer('s3');
      expect(ask(1)).toBe(false);
    });

    it('lapses by the clock that went further', async () => {
      await load();
      feed.announces = 'never';
      await follow(STALENESS_MS);
      time.wallMs += 4 * STALENESS_MS;
      await time.pass(POLL_MS);
      if (feed.isReading) await feed.answer('s1');
      expect(ask(1)).toBe('store');
    });

    it('that never succeeds leaves every token to the store, and is told now and then', async () => {
      feed.announces = 'never';
      await load(revocationOf(1));
      await feed.answer('s1');
      await follow(119_000);
      expect([ask(1), ask(2)]).toEqual([true, 'store']);
      expect(errors.map(({ message }) => message)).toEqual([
        expect.stringContaining('could not announce'),
        expect.stringContaining('could not announce'),
      ]);
      expect(errors[0]!.cause).toEqual(new Error('permission denied'));
    });

    it('may come late: memory answers then', async () => {
      feed.announces = 'never';
      await load();
      await feed.answer('s1');
      feed.announces = 'at once';
      await follow(3 * POLL_MS);
      expect(ask(1)).toBe(false);
    });
  });

  describe('forgetting', () => {
    const soon = new Date(Date.UTC(2026, 0, 1) + 1000);

    it('goes by the store’s clock, never by its own', async () => {
      const storeMs = time.wallMs;
      feed.storeMs = () => storeMs;
      time.wallMs += DAY_MS;
      await load(revocationOf(1, soon));
      await follow(10_000);
      expect(ask(1)).toBe(true);
      feed.storeMs = () => storeMs + DAY_MS;
      await follow(POLL_MS);
      expect(ask(1)).toBe(false);
      expect(replica.status().size).toBe(0);
    });

    it('waits for a read, as only the store can tell its time', async () => {
      await load(revocationOf(1, soon));
      await time.pass(POLL_MS);
      time.pause(DAY_MS);
      expect(ask(1)).toBe(true);
      await feed.answer('s1');
      expect(replica.status().size).toBe(0);
    });

    it('is undone by a load when the store’s clock is set back', async () => {
      feed.storeMs = () => time.wallMs + DAY_MS;
      await load(revocationOf(1, soon));
      expect(replica.status().size).toBe(0);
      feed.storeMs = time.wall;
      await time.pass(POLL_MS);
      await feed.answer('s1');
      expect(ask(1)).toBe('store');
      await time.pass(POLL_MS);
      expect(feed.calls.at(-1)).toBe('read all');
      await feed.answer('s2', revocationOf(1, soon));
      expect([ask(1), ask(2)]).toEqual([true, false]);
    });

    it('takes a clock that is corrected a little for what it is', async () => {
      feed.storeMs = () => time.wallMs + 29_000;
      await load();
      feed.storeMs = time.wall;
      await follow(2 * POLL_MS);
      expect(feed.calls.filter((call) => call === 'read all')).toHaveLength(1);
    });

    it('notices a clock that is set back step by step', async () => {
      for (const aheadMs of [60_000, 40_000, 20_000]) {
        feed.storeMs = () => time.wallMs + aheadMs;
        await (aheadMs === 60_000 ? load() : follow(POLL_MS));
      }
      await time.pass(POLL_MS);
      expect(feed.calls.at(-1)).toBe('read all');
    });
  });

  describe('over maxEntries', () => {
    const soon = new Date(Date.UTC(2026, 0, 1) + 10_000);
    const many = (count: number, first = 1): Revocation[] =>
      Array.from({ length: count }, (_, i) => revocationOf(first + i, soon));
    beforeEach(() => {
      open({ maxEntries: 10 });
    });

    it('asks the store about whatever it does not know, evicts nothing, and says so', async () => {
      await load(...many(11));
      expect(ask(1)).toBe(true);
      expect(ask(11)).toBe('store');
      expect(replica.status()).toMatchObject({ answersFrom: 'store', isFull: true, size: 10 });
      expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining('maxEntries')]);
    });

    it('goes on catching up, cheaply', async () => {
      await load(...many(11));
      await feed.answer('s1');
      await follow(4 * POLL_MS);
      expect(ask(99)).toBe('store');
      expect(feed.calls.filter((call) => call === 'read all')).toHaveLength(1);
    });

    it('loads everything once there is room again, and then answers', async () => {
      await load(...many(11));
      await feed.answer('s1');
      await follow(9000);
      time.pause(DAY_MS);
      while (!feed.isReading) await time.pass(10);
      await feed.answer('s2');
      expect(ask(99)).toBe('store');
      await time.pass(POLL_MS);
      expect(feed.calls.slice(-2)).toEqual(['announce nothing', 'read all']);
      await feed.answer('s3', revocationOf(11));
      expect([ask(11), ask(99)]).toEqual([true, false]);
    });

    it('is noticed at once, when a logout here finds no room', async () => {
      await load(...many(10));
      expect(ask(11)).toBe(false);
      replica.learn(revocationOf(11));
      expect(ask(11)).toBe('store');
    });

    it('loads everything after a logout here that found no room, too', async () => {
      await load(...many(10));
      replica.learn(revocationOf(11));
      feed.storeMs = () => time.wallMs + DAY_MS; // makes room, while the old lease lasts
      await time.pass(POLL_MS);
      await feed.answer('s1');
      expect(ask(11)).toBe('store');
      await time.pass(POLL_MS);
      expect(feed.calls.at(-1)).toBe('read all');
    });

    it('stays with the store where the load finds too much again', async () => {
      await load(...many(11));
      await feed.answer('s1');
      time.pause(DAY_MS);
      await time.pass(POLL_MS);
      await feed.answer('s2');
      await time.pass(POLL_MS);
      expect(feed.calls.at(-1)).toBe('read all');
      await feed.answer(
        's3',
        ...many(11, 50).map((one) => ({ ...one, expiresAt: new Date(2e12) })),
      );
      expect(ask(99)).toBe('store');
    });
  });

  describe('a question', () => {
    it('about a logout of this instance is answered as its logout is', async () => {
      await load();
      expect(ask(1)).toBe(false);
      replica.learn(revocationOf(1));
      expect(ask(1)).toBe(true);
    });

    it('about what is known needs no lease and no store', () => {
      replica.learn(revocationOf(1));
      expect(ask(1)).toBe(true);
      expect(store.asked).toEqual([]);
    });

    it('about a session or a cutoff regards when the token was issued', async () => {
      await load({ ...revocationOf(1), scope: 'subject', issuedBefore: ISSUED });
      expect(replica.isRevoked(about([keyOf(9), keyOf(1)], ISSUED))).toBe(true);
      expect(replica.isRevoked(about([keyOf(1)], new Date(ISSUED.getTime() + 1)))).toBe(false);
    });

    it('about a logout in doubt is the store’s to answer, and no other is', async () => {
      await load();
      doubt(1);
      expect([ask(1), ask(2)]).toEqual(['store', false]);
      replica.learn(revocationOf(1));
      expect(ask(1)).toBe(true);
    });

    it('about one of very many logouts in doubt is the store’s for as long as it may be live', async () => {
      await load();
      const past = new Date(time.wall() - 1);
      doubt(1);
      for (let token = 2; token < 3000; token += 1) doubt(token, null, past);
      expect([ask(1), ask(2)]).toEqual(['store', false]);
    });

    it('about a logout in doubt is memory’s again once a read has seen its transaction end', async () => {
      await load();
      doubt(1, '7');
      doubt(2, null);
      await time.pass(POLL_MS);
      await feed.answer('b');
      expect([ask(1), ask(2)]).toEqual(['store', 'store']);

      feed.decided.add('7');
      expect([ask(1), ask(2)]).toEqual(['store', 'store']);
      await time.pass(POLL_MS);
      await feed.answer('c');
      expect([ask(1), ask(2)]).toEqual([false, 'store']);
    });

    it('about what two transactions have in doubt is the store’s until both have ended', async () => {
      await load();
      doubt(1, '7');
      doubt(1, '8');
      feed.decided.add('8');
      await time.pass(POLL_MS);
      await feed.answer('b');
      expect(ask(1)).toBe('store');
      feed.decided.add('7');
      await time.pass(POLL_MS);
      await feed.answer('c');
      expect(ask(1)).toBe(false);
    });

    it('about what was in doubt without a position is memory’s once it is known', async () => {
      await load();
      const cutoff = { ...revocationOf(1), scope: 'issuer' as const, issuedBefore: ISSUED };
      const younger = new Date(ISSUED.getTime() + 1);
      replica.doubt({ revocation: { ...cutoff, issuedBefore: younger }, position: null });
      expect(replica.known(about([keyOf(1)], younger))).toBeUndefined();
      await time.pass(POLL_MS);
      await feed.answer('b', cutoff);
      expect(replica.known(about([keyOf(1)], younger))).toBeUndefined();
      await time.pass(POLL_MS);
      await feed.answer('c', { ...cutoff, issuedBefore: younger });
      expect(replica.known(about([keyOf(1)], younger))).toBe(true);
      expect(replica.known(about([keyOf(1)], new Date(younger.getTime() + 1)))).toBe(false);
    });

    it('about a token younger than a cutoff in doubt is memory’s', async () => {
      await load();
      const cutoff = { ...revocationOf(1), scope: 'issuer' as const, issuedBefore: ISSUED };
      replica.doubt({ revocation: cutoff, position: null });
      expect(replica.known(about([keyOf(1)], ISSUED))).toBeUndefined();
      expect(replica.known(about([keyOf(1)], new Date(ISSUED.getTime() + 1)))).toBe(false);
    });

    it('without a lease is the store’s to answer', async () => {
      const answers = [1, 2].map((token) =>
        Promise.resolve(replica.isRevoked(about([keyOf(token)], ISSUED))),
      );
      await store.asked[0]!.answer(true);
      await store.asked[1]!.answer(false);
      await expect(Promise.all(answers)).resolves.toEqual([true, false]);
      expect(store.asked.map(({ question }) => question)).toEqual([[keyOf(1)], [keyOf(2)]]);
    });

    it('that the store answers too early is answered again by what was logged out here since', async () => {
      const answer = replica.isRevoked(about([keyOf(1)], ISSUED));
      replica.learn(revocationOf(1));
      await store.asked[0]!.answer(false);
      await expect(answer).resolves.toBe(true);
    });

    it('without any answer is an error, never "not revoked"', async () => {
      const answer = replica.isRevoked(about([keyOf(1)], ISSUED));
      const rejected = expect(answer).rejects.toThrow('timeout');
      await store.asked[0]!.fail('timeout');
      await rejected;
    });

    it('that the store refuses to take is an error, too', async () => {
      store.isRevoked = () => {
        throw new Error('too many are waiting');
      };
      await expect(replica.isRevoked(about([keyOf(1)], ISSUED))).rejects.toThrow('too many');
    });
  });

  describe('stopping', () => {
    it('ends a read that hangs, and after it nothing runs', async () => {
      await load();
      await time.pass(POLL_MS);
      await replica.stop();
      expect(feed.isReading).toBe(false);
      expect(time.pending).toBe(0);
      const { length } = feed.calls;
      await feed.hear();
      await time.pass(60_000);
      expect(feed.calls).toHaveLength(length);
      expect(errors).toEqual([]);
    });

    it('ends the wait for the next read', async () => {
      await load();
      await time.pass(100);
      await replica.stop();
      expect(time.pending).toBe(0);
    });

    it('ends a first load that hangs', async () => {
      const started = replica.start();
      await settle();
      await replica.stop();
      await started;
      expect(errors).toEqual([]);
    });

    it('ends a first announcement that hangs, and loads nothing any more', async () => {
      feed.announces = 'by hand';
      const started = replica.start();
      await settle();
      await replica.stop();
      await started;
      expect(feed.reads).toEqual([]);
      expect(errors).toEqual([]);
    });

    it('leaves every token to the store before the announcement is withdrawn', async () => {
      await load();
      feed.closes = 'by hand';
      const stopped = replica.stop();
      expect(ask(1)).toBe('store');
      await feed.closings[0]!.answer();
      await stopped;
    });

    it('is not undone by a read that still succeeds', async () => {
      await load();
      await time.pass(POLL_MS);
      feed.closes = 'by hand';
      const stopped = replica.stop();
      await feed.answer('s1', revocationOf(1));
      expect([ask(1), ask(2)]).toEqual([true, 'store']);
      await feed.closings[0]!.answer();
      await stopped;
      expect(feed.calls.at(-1)).toBe('close');
    });

    it('is not undone by a server that turns out to be another', async () => {
      await load();
      await time.pass(POLL_MS);
      feed.closes = 'by hand';
      const stopped = replica.stop();
      await feed.refuse();
      await feed.closings[0]!.answer();
      await stopped;
      expect(feed.calls.at(-1)).toBe('close');
    });

    it('is not complete before the read under way has ended', async () => {
      await load();
      await time.pass(POLL_MS);
      feed.endsCalls = false;
      let hasStopped = false;
      const stopped = replica.stop().then(() => (hasStopped = true));
      await settle();
      expect(hasStopped).toBe(false);
      await feed.fail();
      await stopped;
    });

    it('is not complete before the announcement under way has ended', async () => {
      await load();
      feed.wakenBy = 'polling';
      feed.announces = 'by hand';
      await time.pass(POLL_MS);
      await feed.answer('s1');
      feed.endsCalls = false;
      let hasStopped = false;
      const stopped = replica.stop().then(() => (hasStopped = true));
      await settle();
      expect(hasStopped).toBe(false);
      await feed.announcements.at(-1)!.answer();
      await stopped;
    });

    it('lets the announcement go that waits for the one under way', async () => {
      await load();
      feed.wakenBy = 'polling';
      feed.announces = 'by hand';
      await time.pass(POLL_MS);
      await feed.answer('s1');
      await time.pass(POLL_MS);
      await feed.answer('s2');
      await replica.stop();
      expect(feed.announcements).toHaveLength(3);
      expect(feed.announcements.every(({ isOver }) => isOver)).toBe(true);
      expect(feed.calls.at(-1)).toBe('close');
    });

    it('closes the feed once', async () => {
      await load();
      await Promise.all([replica.stop(), replica.stop()]);
      await replica.stop();
      expect(feed.calls.filter((call) => call === 'close')).toHaveLength(1);
    });

    it('can be done before starting', async () => {
      await replica.stop();
      expect(feed.calls).toEqual([]);
    });
  });

  describe('started again', () => {
    it('is announced, loads everything and knows what it knew', async () => {
      await load(revocationOf(1));
      await replica.stop();
      feed.calls.length = 0;
      await load();
      expect(feed.calls.slice(0, 3)).toEqual(['listen', 'announce nothing', 'read all']);
      expect([ask(1), ask(2)]).toEqual([true, false]);
    });

    it('waits until it has stopped', async () => {
      await load();
      feed.closes = 'by hand';
      const stopped = replica.stop();
      const { length } = feed.calls;
      void replica.start();
      await settle();
      expect(feed.calls).toHaveLength(length);
      await feed.closings[0]!.answer();
      await stopped;
      await settle();
      expect(feed.calls.at(-1)).toBe('read all');
    });

    it('and stopped meanwhile, does not start, and has stopped when all has', async () => {
      await load();
      feed.closes = 'by hand';
      void replica.stop();
      const started = replica.start();
      let hasStopped = false;
      const stopped = replica.stop().then(() => (hasStopped = true));
      await feed.closings[1]!.answer();
      expect(hasStopped).toBe(false);
      await feed.closings[0]!.answer();
      await Promise.all([started, stopped]);
      expect(feed.calls.filter((call) => call === 'listen')).toHaveLength(1);
      expect(feed.reads).toHaveLength(1);
    });
  });

  describe('its status', () => {
    it('tells of a life', async () => {
      expect(replica.status()).toEqual({
        answersFrom: 'store',
        leaseAgeMs: null,
        catchUpMs: null,
        catchUps: 0,
        failedCatchUps: 0,
        loads: 0,
        size: 0,
        isFull: false,
      });
      void replica.start();
      await settle();
      await time.pass(30);
      await feed.answer('s0', revocationOf(1));
      expect(replica.status()).toMatchObject({
        answersFrom: 'memory',
        leaseAgeMs: 30,
        catchUpMs: 30,
        catchUps: 0,
        loads: 1,
        size: 1,
      });
      await time.pass(POLL_MS - 30);
      await time.pass(10);
      await feed.answer('s1');
      expect(replica.status()).toMatchObject({ leaseAgeMs: 10, catchUpMs: 10, catchUps: 1 });
      await time.pass(POLL_MS);
      await feed.fail();
      time.pause(STALENESS_MS);
      expect(replica.status()).toMatchObject({
        answersFrom: 'store',
        leaseAgeMs: POLL_MS + STALENESS_MS + 10,
        catchUpMs: 10,
        catchUps: 1,
        failedCatchUps: 1,
        loads: 1,
      });
    });

    it('counts every load', async () => {
      await load();
      await time.pass(POLL_MS);
      await feed.refuse();
      await feed.answer('t0');
      expect(replica.status()).toMatchObject({ loads: 2, catchUps: 0, failedCatchUps: 0 });
    });
  });

  describe('an outage', () => {
    const failFor = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += POLL_MS) {
        if (feed.isReading) await feed.fail();
        await time.pass(POLL_MS);
      }
    };

    it('is told at once, and then once a minute', async () => {
      await load();
      await time.pass(POLL_MS);
      await feed.fail();
      expect(errors).toEqual([new Error('cut')]);
      await failFor(119_000);
      expect(errors).toHaveLength(2);
    });

    it('is outlived even where it cannot be told', async () => {
      open({
        onError: () => {
          throw new Error('no log');
        },
      });
      await load();
      await failFor(5000);
      while (!feed.isReading) await time.pass(POLL_MS);
      await feed.answer('s1');
      expect(ask(1)).toBe(false);
    });

    it('is told as an error, whatever the feed threw', async () => {
      await load();
      feed.read = () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- what is not ours may throw anything
        throw 'a text';
      };
      await time.pass(POLL_MS);
      expect(errors).toEqual([new Error('a text')]);
    });
  });
});
