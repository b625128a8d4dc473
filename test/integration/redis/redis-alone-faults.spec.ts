import { setTimeout as sleep } from 'node:timers/promises';
import {
  initRedis,
  RedisRevocationStore,
  type RedisClient,
  type RedisStoreOptions,
} from '../../../src/redis';
import type { Revocation } from '../../../src/revocation/revocation';
import type { RevocationStore } from '../../../src/revocation/revocation-store';
import { about, logout, randomKey, revocation } from '../../../src/testing/contract/contract';
import { login, refreshOf } from '../../../src/testing/contract/session-orders';
import { EVERY_ISSUER } from '../../../src/tokens/scopes';
import { TestApp } from '../../support/app';
import { CLIENTS } from '../../support/redis-clients';
import { hasRedis, RedisServer } from '../../support/redis-server';
import { testWith } from '../../support/tools';
import { until } from '../../support/until';

const STALENESS_MS = 1000;
const ALL_BUT_INTERVALS = [
  'Date',
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setTimeout',
  'clearTimeout',
] as const;

testWith('redis-server', hasRedis(), () => {
  let server: RedisServer;
  let servers: RedisServer[];
  let stores: RevocationStore[];
  let errors: string[];
  let names = 0;
  let name: string;

  beforeEach(async () => {
    servers = [];
    stores = [];
    errors = [];
    names += 1;
    name = `faults-${names}`;
    server = await start();
    await initRedis(clientOf(server), { name });
  });

  afterEach(async () => {
    for (const one of servers) one.signal('SIGCONT');
    await Promise.all(stores.map((store) => store.close()));
    await Promise.all(servers.map((one) => one.remove()));
  });

  const start = async (...settings: string[]): Promise<RedisServer> => {
    const started = await RedisServer.start(...settings);
    servers.push(started);
    return started;
  };

  const clientOf = ({ url }: RedisServer, at = 0): RedisClient => CLIENTS[at]![1](url);

  const make = (
    options: RedisStoreOptions = {},
    client: RedisClient = clientOf(server),
  ): RedisRevocationStore => {
    const store = new RedisRevocationStore(client, {
      name,
      maxStalenessMs: STALENESS_MS,
      onError: ({ message, cause }) => errors.push(`${message} ${String(cause)}`),
      ...options,
    });
    stores.push(store);
    return store;
  };

  const open = async (
    options?: RedisStoreOptions,
    client?: RedisClient,
  ): Promise<RedisRevocationStore> => {
    const store = make(options, client);
    await store.open();
    return store;
  };

  /** The client of an instance that no bell reaches, and that sends nothing while `held` is pending. */
  const deaf = (client = clientOf(server), held = () => Promise.resolve()): RedisClient => ({
    connect() {
      const open = client.connect();
      return {
        ready: open.ready,
        call: (command) => held().then(() => open.call(command)),
        close: () => {
          open.close();
        },
      };
    },
    subscribe: () => ({ ready: new Promise(() => undefined), close: () => undefined }),
  });

  const answersFrom = (store: RevocationStore) => store.status().replica?.answersFrom;
  const isRefused = async (store: RevocationStore, { key }: Revocation) =>
    store.isRevoked(about([key]));
  /** As a token of any issuer is asked about. */
  const asked = ({ key }: Revocation, at: number) => ({
    absolute: [key],
    cutoffs: [{ key: EVERY_ISSUER, at }],
  });
  /** Also why, down to the cause. */
  const failureOf = (work: unknown): Promise<string> =>
    Promise.resolve(work).then(
      () => 'none',
      (error: unknown) => messages(error).join(' '),
    );

  it.each(CLIENTS)(
    'A logout at one instance is refused at all others, by %s',
    async (_, client) => {
      const [a, b] = [await open({}, client(server.url)), await open({}, client(server.url))];
      const one = revocation();
      const session = login();
      await b.sessions.open(session);

      await a.add(one, logout());
      expect(a.known(about([one.key]))).toBe(true);
      await until(() => b.known(about([one.key])));
      await a.cutOff(
        { key: session.cutoffKeys[0]!, scope: 'subject', expiresAt: one.expiresAt },
        logout(),
      );
      await until(() => b.known(about([session.cutoffKeys[0]!], new Date(0))));
      expect(await a.sessions.list(session)).toEqual([]);
      expect(answersFrom(b)).toBe('memory');

      await b.close();
      const restarted = await open({}, client(server.url));
      expect(restarted.known(about([one.key]))).toBe(true);
    },
  );

  it('A refresh token that two instances rotate at once is rotated once', async () => {
    const [a, b] = [await open(), await open()];
    const order = login();
    await a.sessions.open(order);

    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, at) => (at % 2 ? a : b).sessions.refresh(refreshOf(order, 0))),
    );

    expect(answers.filter(({ outcome }) => outcome === 'rotated')).toHaveLength(1);
    expect(answers.filter(({ outcome }) => outcome === 'replayed')).toHaveLength(59);
  });

  it('A logout that waits for the cluster is answered when every instance refuses', async () => {
    const other = await open({ maxStalenessMs: 60_000, pollIntervalMs: 300 }, deaf());
    const store = await open({ logoutWaits: 'cluster' });
    for (let turn = 0; turn < 3; turn += 1) {
      const one = revocation();
      await store.add(one, logout());
      expect(other.known(about([one.key]))).toBe(true);
    }
  });

  it('A logout that waits for the cluster waits for one that is stopped until its lease is over', async () => {
    const other = await open({ pollIntervalMs: 500 }, deaf());
    await until(() => answersFrom(other) === 'memory');
    const store = await open({ logoutWaits: 'cluster' });
    await server.command(
      'HSET',
      `{nl:${name}}:instances`,
      'gone',
      JSON.stringify({ until: Date.now() + 60_000, maxStalenessMs: STALENESS_MS, cursor: null }),
    );
    const began = performance.now();
    await store.add(revocation(), logout());
    expect(performance.now() - began).toBeGreaterThanOrEqual(STALENESS_MS);
  });

  it('A Redis that was emptied answers nobody until it is initialised, which refuses all older tokens', async () => {
    const apps = [];
    for (const store of [make(), make()]) apps.push(await TestApp.start('express', { store }));
    const [a, b] = apps as [TestApp, TestApp];
    const tokenOf = (claims = {}) => a.issuer.token({ ...claims });
    const issuer = a.issuer;
    const c = await TestApp.start(
      'express',
      { store: make(), issuer: null, subjectClaim: null },
      { issuer },
    );
    const [out, nameless] = [tokenOf(), tokenOf({ iss: undefined, sub: undefined })];
    await a.logout(out).expect(200);
    await c.me(nameless).expect(200);

    await server.command('FLUSHALL');
    for (const app of [a, b, c])
      await until(async () => (await app.me(app.issuer.token())).status === 500);
    await a.logout(tokenOf()).expect(500);
    await expect(initRedis(clientOf(server), { name, afterLoss: true })).resolves.toBe(true);

    for (const app of [a, b, c]) {
      await until(async () => (await app.me(out)).status === 401);
      await app.me(nameless).expect(401);
      const iat = Math.ceil(Date.now() / 1000) + 1;
      await sleep(iat * 1000 - Date.now());
      await app.me(app.issuer.token({ iat })).expect(200);
    }
    await Promise.all([a, b, c].map((app) => app.close()));
  });

  it('A Redis that came back empty is told from one that never held anything', async () => {
    const store = await open();
    await server.kill();
    await server.restart();
    const one = revocation();

    const why = await until(async () => {
      const failure = await failureOf(store.isRevoked(about([one.key])));
      return failure.includes('holds nothing') && failure;
    });
    expect(why).toContain(`run initRedis(client, { name: '${name}' }) once`);
    expect(await failureOf(open())).toContain('holds nothing');

    expect(await initRedis(clientOf(server), { name })).toBe(true);
    expect(await initRedis(clientOf(server), { name })).toBe(false);
    expect(await failureOf(store.isRevoked(about([one.key])))).toContain('other data than before');
    expect(await failureOf(store.add(one, logout()))).toContain('initialised anew');
    expect(await isRefused(await open(), one)).toBe(false);

    expect(await initRedis(clientOf(server), { name, afterLoss: true })).toBe(true);
    await until(() => answersFrom(store) === 'memory');
    expect(await store.isRevoked(asked(one, Date.now() - 60_000))).toBe(true);
    expect(await store.isRevoked(asked(one, Date.now() + 60_000))).toBe(false);
    const [{ reason = '' } = {}] = await store.explain(asked(one, 0));
    expect(reason).toBe('Redis lost revocations');
    expect((await store.audit.find({})).events.map((event) => event.reason)).toEqual([reason]);
  });

  it('A loss that is declared in the millisecond of an answer is taken by who has that answer', async () => {
    const [store, client] = [await open(), clientOf(server)];
    const order = login();
    for (let time = 0; time < 10; time += 1) {
      // Both wait at Redis, and are answered one right after the other.
      await server.command('CLIENT', 'PAUSE', '40', 'ALL');
      await Promise.all([store.sessions.list(order), initRedis(client, { name, afterLoss: true })]);
      expect(await store.sessions.list(order)).toEqual([]);
    }
  });

  it('A session that was opened before a loss is over, also where it is still there', async () => {
    const store = await open();
    const order = login();
    await store.sessions.open(order);
    await initRedis(clientOf(server), { name, afterLoss: true });

    await until(async () => (await store.sessions.list(order).catch(() => [order])).length === 0);
    const { outcome } = await until(() =>
      store.sessions.refresh(refreshOf(order, 0)).catch(() => false as const),
    );
    expect(outcome).toBe('ended');
    const { session } = await store.sessions.open(login());
    expect(await store.isRevoked(asked(revocation(), session.openedAt.getTime()))).toBe(false);
  });

  it('With appendfsync always, what was answered survives kill -9', async () => {
    server = await start('--appendonly', 'yes', '--appendfsync', 'always');
    await initRedis(clientOf(server), { name });
    const store = await open();
    const all = Array.from({ length: 200 }, () => revocation());
    const answered: Revocation[] = [];
    const adding = all.map(async (one, at) => {
      await sleep(at);
      await store.add(one, logout()).then(
        () => answered.push(one),
        () => undefined,
      );
    });
    await until(() => answered.length >= 50);
    await server.kill();
    await Promise.all(adding);
    await server.restart();

    const other = await open();
    for (const one of answered) expect(other.known(about([one.key]))).toBe(true);
    expect(answered.length).toBeLessThan(200);
  });

  it('Writes that a restart lost stay known where they were known, and the log says so', async () => {
    const [knowing, asking] = [await open(), await open({ check: 'direct' })];
    const [kept, lost] = [revocation(), revocation()];
    await knowing.add(kept, logout());
    await server.command('SAVE');
    await knowing.add(lost, logout());
    await server.kill();
    await server.restart();

    await until(
      () => answersFrom(knowing) === 'memory' && errors.some((text) => text.includes('has lost')),
    );
    expect([await isRefused(knowing, kept), await isRefused(knowing, lost)]).toEqual([true, true]);
    expect(await isRefused(asking, kept)).toBe(true);

    await initRedis(clientOf(server), { name, afterLoss: true });
    const then = Date.now() - 5000;
    await until(() => asking.isRevoked(asked(lost, then)));
  });

  it('A logout that took the place of a lost one in the log is read all the same', async () => {
    const [a, b] = [await open(), await open()];
    await server.command('SAVE');
    const lost = revocation();
    await a.add(lost, logout());
    await until(() => b.known(about([lost.key])));
    await server.kill();
    await server.restart();
    const direct = await open({ check: 'direct' });
    const next = revocation();
    await direct.add(next, logout());

    for (const one of [a, b]) {
      await until(() => one.known(about([next.key])));
      expect(one.known(about([lost.key]))).toBe(true);
    }
  });

  it.each(CLIENTS)(
    'While the server is stopped, no token is accepted Δ after its logout: by %s',
    async (_, client) => {
      const [a, b] = [
        await open({}, client(server.url)),
        await open({ pollIntervalMs: 500, writeTimeoutMs: 300 }, deaf(client(server.url))),
      ];
      await until(() => answersFrom(b) === 'memory');
      const one = revocation();
      await a.add(one, logout());
      server.signal('SIGSTOP');
      const answered = performance.now();

      const late: string[] = [];
      let failures = 0;
      while (failures === 0 || performance.now() - answered < 3 * STALENESS_MS) {
        const began = performance.now();
        const verdict = await isRefused(b, one).catch(() => null);
        if (verdict === null) failures += 1;
        else if (!verdict && began - answered >= STALENESS_MS)
          late.push(`after ${began - answered} ms`);
        await sleep(2);
      }
      expect(late).toEqual([]);
      server.signal('SIGCONT');
      await until(() => isRefused(b, one).catch(() => false));
    },
  );

  it('A logout whose answer was lost may be repeated, and is audited once', async () => {
    const store = await open({ writeTimeoutMs: 200 });
    const one = revocation();
    const event = logout({ subject: one.key });
    server.signal('SIGSTOP');
    expect(await failureOf(store.add(one, event))).toContain('could not add a revocation');
    server.signal('SIGCONT');

    await until(() =>
      store.add(one, event).then(
        () => true,
        () => false as const,
      ),
    );
    expect(await isRefused(store, one)).toBe(true);
    expect((await store.audit.find({ subject: one.key })).events).toHaveLength(1);
  });

  it('A Redis that evicts keys is refused at the start, and a minute after it was changed', async () => {
    jest.useFakeTimers({ doNotFake: [...ALL_BUT_INTERVALS] });
    const store = await open();
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');

    expect(await failureOf(open())).toContain('maxmemory-policy "allkeys-lru"');
    expect(await isRefused(store, revocation())).toBe(false);
    jest.advanceTimersByTime(60_000);
    jest.useRealTimers();
    await until(async () =>
      (await failureOf(store.add(revocation(), logout()))).includes('noeviction'),
    );
    await until(async () =>
      (await failureOf(store.isRevoked(about([randomKey()])))).includes('noeviction'),
    );
  });

  it('A Redis whose memory is full takes no logout, changes nothing, and still tells what is revoked', async () => {
    const store = await open({ check: 'direct' });
    const [one, other] = [revocation(), revocation()];
    const order = login();
    await store.add(one, logout());
    await store.sessions.open(order);
    await server.command('CONFIG', 'SET', 'maxmemory', '1');

    expect(await failureOf(store.add(other, logout()))).toContain('could not add a revocation');
    expect(await failureOf(store.sessions.refresh(refreshOf(order, 0)))).toContain('could not');
    expect([await isRefused(store, one), await isRefused(store, other)]).toEqual([true, false]);
    await server.command('CONFIG', 'SET', 'maxmemory', '0');

    expect((await store.audit.find({})).events).toHaveLength(2);
    expect(await store.add(other, logout())).toBe(true);
    expect((await store.sessions.refresh(refreshOf(order, 0))).outcome).toBe('rotated');
  });

  describe('Where a replica must confirm', () => {
    let replica: RedisServer;

    beforeEach(async () => {
      replica = await start();
      await replica.replicate(server);
    });

    it('each logout is at the replica, and one that is not is no logout', async () => {
      const store = await open({ waitForReplicas: 1, writeTimeoutMs: 500 });
      const one = revocation();
      await store.add(one, logout());
      await replica.command('REPLICAOF', 'NO', 'ONE');
      const promoted = await open({}, clientOf(replica));
      expect(promoted.known(about([one.key]))).toBe(true);

      expect(await failureOf(store.add(revocation(), logout()))).toContain(
        '0 replicas of Redis have confirmed',
      );
    });

    it.each(CLIENTS)(
      'a primary without it grants no lease, though it answers: by %s',
      async (_, client) => {
        const cutOff = await open(
          { waitForReplicas: 1, pollIntervalMs: 500 },
          deaf(client(server.url)),
        );
        expect(answersFrom(cutOff)).toBe('memory');
        // The two servers part: clients of each go on with theirs.
        await replica.command('REPLICAOF', 'NO', 'ONE');
        const promoted = await open({}, client(replica.url));
        const one = revocation();
        await promoted.add(one, logout());
        const answered = performance.now();

        const late: string[] = [];
        while (performance.now() - answered < 2.5 * STALENESS_MS) {
          const began = performance.now();
          const verdict = await isRefused(cutOff, one).catch(() => null);
          if (verdict === false && began - answered >= STALENESS_MS)
            late.push(`after ${began - answered} ms`);
          await sleep(5);
        }
        expect(late).toEqual([]);
        expect(answersFrom(cutOff)).toBe('store');
      },
    );

    it('a client that was given the replica is refused', async () => {
      expect(await failureOf(open({}, clientOf(replica)))).toContain('is a replica of Redis');
      await expect(initRedis(clientOf(replica), { name })).rejects.toThrow('Give the primary');
    });
  });

  it('An instance that is further behind than the log reaches loads everything', async () => {
    const store = await open();
    let held = Promise.resolve();
    let release = (): void => undefined;
    const behind = await open(
      { maxStalenessMs: 60_000, pollIntervalMs: 100, writeTimeoutMs: 60_000 },
      deaf(clientOf(server), () => held),
    );
    const loads = () => behind.status().replica?.loads;
    expect(loads()).toBe(1);
    held = new Promise((resolve) => (release = resolve));
    const last = revocation();
    for (let turn = 0; turn < 101; turn += 1)
      await Promise.all(Array.from({ length: 100 }, () => store.add(revocation(), logout())));
    await store.add(last, logout());

    expect(await server.command('XLEN', `{nl:${name}}:log`)).toBe(10_000);
    release();
    await until(() => loads() === 2);
    expect(behind.known(about([last.key]))).toBe(true);
    expect(behind.status().replica?.size).toBe(10_101);
    expect(errors).toEqual([]);
  });

  it('A hundred thousand revocations are in memory after the start', async () => {
    const store = await open({ check: 'direct', writeTimeoutMs: 20_000 });
    const all = Array.from({ length: 100_000 }, (_, at) =>
      revocation({ expiresAt: new Date(Date.now() + (1 + (at % 48)) * 1_800_000) }),
    );
    for (let at = 0; at < all.length; at += 1000)
      await store.commit({
        revocations: all.slice(at, at + 1000).map((one) => ({ revocation: one, event: logout() })),
        events: [],
      });

    const meanwhile: Revocation[] = [];
    const loading = open({ maxStalenessMs: 60_000, writeTimeoutMs: 20_000 }, deaf());
    const progress = { isOver: false };
    void loading.then(() => (progress.isOver = true));
    while (!progress.isOver) {
      const one = revocation({ expiresAt: all[0]!.expiresAt });
      await store.add(one, logout());
      meanwhile.push(one);
    }
    const loaded = await loading;

    expect(answersFrom(loaded)).toBe('memory');
    expect(all.every(({ key }) => loaded.known(about([key])) === true)).toBe(true);
    expect(meanwhile.length).toBeGreaterThan(10);
    await until(() => meanwhile.every(({ key }) => loaded.known(about([key])) === true));
    const { revocations, nextCursor } = await loaded.find({ limit: 1000 });
    expect(revocations).toHaveLength(1000);
    expect(nextCursor).toBeDefined();
  });

  it('Hashes of hours, and what is kept of sessions, go away by themselves', async () => {
    const store = await open();
    const one = revocation();
    const order = login();
    await store.add(one, logout());
    const { session } = await store.sessions.open(order);
    await store.cutOff({ key: randomKey(), scope: 'client', expiresAt: one.expiresAt }, logout());

    const keys = (await server.command('KEYS', '*')) as string[];
    const ends = await Promise.all(
      keys.map(async (key) => [
        key.split(':')[2],
        Number(await server.command('PEXPIRETIME', key)),
      ]),
    );
    const hour = (Math.floor(one.expiresAt.getTime() / 3_600_000) + 1) * 3_600_000;
    const kept = session.expiresAt.getTime() + 86_400_000;
    expect(ends.toSorted()).toEqual(
      [
        ['audit', -1],
        ['head', -1],
        ['hours', -1],
        ['instances', -1],
        ['log', -1],
        ['hour', hour + 60_000],
        ['session', kept],
        ['subject', kept],
        ['token', kept],
      ].toSorted(),
    );
  });

  it('A logout that waits for the cluster waits for Δ where the others cannot be asked for', async () => {
    const client = clientOf(server);
    const cut: RedisClient = {
      subscribe: (channel, onMessage) => client.subscribe(channel, onMessage),
      connect() {
        const open = client.connect();
        const isQuestion = (script = ''): boolean => script.endsWith('return ok(others)');
        return {
          ready: open.ready,
          call: (command) =>
            isQuestion(command[1]) ? Promise.reject(new Error('cut')) : open.call(command),
          close: () => {
            open.close();
          },
        };
      },
    };
    const store = await open({ logoutWaits: 'cluster' }, cut);
    const began = performance.now();
    await store.add(revocation(), logout());
    expect(performance.now() - began).toBeGreaterThanOrEqual(STALENESS_MS);
  });

  it('The audit is searched to its begin, also before 1970', async () => {
    const store = await open();
    const first = logout({ subject: 'ada' });
    await store.audit.append([first]);
    for (let turn = 0; turn < 3; turn += 1)
      await store.audit.append(Array.from({ length: 700 }, () => logout()));

    expect((await store.audit.find({ subject: 'ada' })).events).toMatchObject([first]);
    expect((await store.audit.find({ to: new Date(-1) })).events).toEqual([]);
  });

  it('What has expired is not listed, though Redis keeps it to the end of its hour', async () => {
    const store = await open({ check: 'direct' });
    const one = revocation({ expiresAt: new Date(Date.now() + 300) });
    await store.add(one, logout());
    await until(async () => !(await isRefused(store, one)));
    expect((await store.find({})).revocations).toEqual([]);
  });

  it('A name may be left out', async () => {
    await initRedis(clientOf(server));
    const store = new RedisRevocationStore(clientOf(server));
    stores.push(store);
    await store.open();
    const one = revocation();
    await store.add(one, logout());
    expect(await server.command('HGET', '{nl:default}:head', 'number')).toBe('2');
    expect(store.known(about([one.key]))).toBe(true);
  });

  it('The audit keeps as many events as it may', async () => {
    const store = await open({ maxAuditEvents: 3 });
    for (const reason of ['a', 'b', 'c', 'd']) await store.audit.append([logout({ reason })]);
    expect((await store.audit.find({})).events.map(({ reason }) => reason)).toEqual([
      'd',
      'c',
      'b',
    ]);
  });

  it('A transaction of the host’s is refused', async () => {
    const store = await open();
    const transaction = { query: () => Promise.resolve([]) };
    const one = revocation();
    expect(await failureOf(store.add(one, logout(), transaction))).toContain(
      'cannot join a transaction',
    );
    const order = { key: randomKey(), scope: 'client', expiresAt: one.expiresAt } as const;
    expect(await failureOf(store.cutOff(order, logout(), transaction))).toContain('cannot join');
    expect(await isRefused(store, one)).toBe(false);
  });

  it('A bad option stops the boot', () => {
    expect(() => make({ waitForReplicas: -1 })).toThrow('"waitForReplicas" must be');
    expect(() => make({ pollIntervalMs: 600 })).toThrow('at most half of "maxStalenessMs"');
    expect(() => make({}, {} as never)).toThrow('what fromNodeRedis or fromIoredis returns');
  });
});

function messages(error: unknown): string[] {
  return error instanceof Error ? [error.message, ...messages(error.cause)] : [];
}
