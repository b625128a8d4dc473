import { RelayRevocationStore, RedisRelay } from '../../../src/redis';
import { StoreUnavailableError } from '../../../src/revocation/errors';
import { readinessOf } from '../../../src/revocation/readiness';
import type { PostgresStoreOptions } from '../../../src/stores/postgres/options';
import { about, logout, randomKey, revocation } from '../../../src/testing/contract/contract';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { CLIENTS } from '../../support/redis-clients';
import { hasRedis, RedisServer } from '../../support/redis-server';
import { testWith } from '../../support/tools';
import { until } from '../../support/until';
import { openStore } from '../stores/open-store';

const PATIENT = { lookupTimeoutMs: 10_000 };
const [[, ioredis]] = CLIENTS as readonly [(typeof CLIENTS)[number]];

testWith('redis-server', hasRedis(), () => {
  let server: RedisServer;
  let database: TestDatabase;
  const toClose: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  beforeEach(async () => {
    database = await createMigratedDatabase();
    await server.command('FLUSHALL');
  });

  afterEach(async () => {
    await Promise.all(toClose.splice(0).map((open) => open.close()));
    await database.drop();
  });

  afterAll(async () => {
    await server.remove();
  });

  const relayTo = (make = ioredis, at = server): RedisRelay =>
    new RedisRelay(make(at.url), { callTimeoutMs: 2000 });

  const withDatabase = async (options: PostgresStoreOptions = {}) => {
    const store = await openStore(database.url, options);
    toClose.push(store);
    return store;
  };

  const behindRedis = async (
    options: ConstructorParameters<typeof RelayRevocationStore>[1] = {},
    make = ioredis,
  ): Promise<RelayRevocationStore> => {
    const store = new RelayRevocationStore(relayTo(make), { ...PATIENT, ...options });
    await store.open();
    toClose.push(store);
    return store;
  };

  describe.each(CLIENTS)('An instance that reaches only Redis, by %s,', (_, make) => {
    it('refuses what an instance with the database has revoked, and nothing else', async () => {
      const there = await withDatabase({ relay: relayTo(make) });
      const here = await behindRedis({}, make);
      const one = revocation();
      const query = about([one.key]);

      expect(await here.isRevoked(query)).toBe(false);
      await there.add(one, logout());

      await until(() => here.known(query) === true);
      expect(await here.isRevoked(about([randomKey()]))).toBe(false);
    });
  });

  it('knows from its start what was revoked before, also where that is many pages', async () => {
    const there = await withDatabase({ relay: relayTo() });
    await database.query(`
      INSERT INTO revoked_tokens (key, scope, issued_before, expires_at)
      SELECT sha256(n::text::bytea), 'token', 'infinity',
        date_trunc('hour', now()) + 30 * interval '1 minute' + (n % 5) * interval '1 hour'
      FROM generate_series(5, 20004) AS n`);
    const cutoff = revocation({ scope: 'subject', issuedBefore: new Date() });
    await there.add(cutoff, logout());

    const here = await behindRedis();
    await here.isRevoked(about([randomKey()]));

    expect(here.status().replica?.size).toBeGreaterThan(16_000);
    expect(await here.isRevoked(about([cutoff.key], new Date(Date.now() - 60_000)))).toBe(true);
    expect(await here.isRevoked(about([cutoff.key], new Date(Date.now() + 60_000)))).toBe(false);
  });

  it('says neither yes nor no while no relay answers, and says in its log what to do', async () => {
    const said: string[] = [];
    const onError = ({ message, cause }: Error) =>
      said.push(`${message} ${String(causeOf(cause))}`);
    const here = await behindRedis({ lookupTimeoutMs: 100, onError });

    await expect(here.isRevoked(about([randomKey()]))).rejects.toThrow(StoreUnavailableError);
    expect(await readinessOf(here)).toMatchObject({ isReady: false, answersFrom: 'nothing' });
    expect(said.join()).toMatch(/No relay has written to this broker\. Give "relay"/);
  });

  it('revokes nothing, opens no session, keeps no audit, and says what to do', async () => {
    const said: string[] = [];
    const here = await behindRedis({ onError: ({ message }) => said.push(message) });
    const refused = [
      () => here.add(revocation(), logout()),
      () => here.cutOff(),
      () => here.find(),
      () => here.explain(),
      () => here.audit.find({}),
      () => here.sessions.open({} as never),
      () => here.sessions.refresh({} as never),
      () => here.sessions.end({} as never),
      () => here.sessions.endOthers({} as never),
      () => here.sessions.list({} as never),
      () => here.sessions.lastEnd(),
    ];

    for (const act of refused) await expect(act()).rejects.toThrow(StoreUnavailableError);
    await here.audit.append([logout()]);
    expect(said.join()).toMatch(
      /cannot revoke\. Send such requests to an instance with a Postgres/,
    );
  });

  it('gets no lease that is longer than that of the relay, which says so', async () => {
    const said: string[] = [];
    const onError = ({ message }: Error) => said.push(message);
    await withDatabase({ relay: relayTo(), maxStalenessMs: 1000, onError });
    const here = await behindRedis({ maxStalenessMs: 1001, lookupTimeoutMs: 1500 });

    await expect(here.isRevoked(about([randomKey()]))).rejects.toThrow(StoreUnavailableError);
    expect(said.join()).toMatch(/has "maxStalenessMs" 1001, more than the 1000 of this relay/);
  });

  it('is waited for by cluster-wide logouts until its leases have ended', async () => {
    await withDatabase({ relay: relayTo(), maxStalenessMs: 1000 });
    const there = await withDatabase({ logoutWaits: 'cluster', maxStalenessMs: 1000 });
    const here = await behindRedis({ maxStalenessMs: 1000 });
    await here.isRevoked(about([randomKey()]));

    const began = performance.now();
    await there.add(revocation(), logout());

    expect(performance.now() - began).toBeGreaterThan(1000);
  });

  it('goes on while relays come and go, and the last frame says where the next one goes on', async () => {
    const first = await withDatabase({ relay: relayTo() });
    const here = await behindRedis();
    await here.isRevoked(about([randomKey()]));
    const loads = here.status().replica?.loads;
    const second = await withDatabase({ relay: relayTo() });
    await first.close();
    const one = revocation();
    await second.add(one, logout());

    await until(() => here.known(about([one.key])) === true);
    expect(here.status().replica?.loads).toBe(loads);
    expect(await here.isRevoked(about([randomKey()]))).toBe(false);
  });

  it('says of each instance what it does: leads, waits for the lead, or is told', async () => {
    const first = await withDatabase({ relay: relayTo() });
    await until(() => first.status().relay?.isLeading === true);
    const second = await withDatabase({ relay: relayTo() });
    const here = await behindRedis();
    await here.isRevoked(about([randomKey()]));
    const one = revocation();
    await second.add(one, logout());
    await until(() => here.known(about([one.key])) === true);

    const isBehindBroker = false;
    expect(first.status()).toMatchObject({ isBehindBroker, relay: { failures: 0 } });
    expect(first.status().relay?.frames).toBeGreaterThanOrEqual(2);
    expect(first.status().relay?.answers).toBeGreaterThanOrEqual(1);
    expect(first.status().relay?.lastRoundAgeMs).not.toBeNull();
    await until(() => (first.status().relay?.logLength ?? 0) >= 2);
    const waiting = { isLeading: false, lastRoundAgeMs: null, frames: 0, failures: 0 };
    expect(second.status()).toMatchObject({ isBehindBroker, relay: waiting });
    expect(here.status()).toMatchObject({ isBehindBroker: true, relay: null, feed: 'doorbell' });
    expect(here.status().replica?.answersFrom).toBe('memory');

    await first.close();
    await until(() => second.status().relay?.isLeading === true);
    await until(() => (second.status().relay?.answers ?? 0) > 0);
  });

  it('counts a relay whose Redis is away as ready, and says for how long it has failed', async () => {
    const own = await RedisServer.start();
    toClose.push({ close: () => own.remove() });
    const there = await withDatabase({ relay: relayTo(ioredis, own) });
    const age = () => there.status().relay?.lastRoundAgeMs ?? Infinity;
    await until(() => age() < 1000);
    await own.kill();

    await until(() => (there.status().relay?.failures ?? 0) > 0 && age() > 1000);
    expect(there.status().relay?.isLeading).toBe(false);
    expect(await readinessOf(there)).toMatchObject({ isReady: true, answersFrom: 'memory' });

    await own.restart();
    await until(() => age() < 1000);
  });

  it('asks for the Redis to keep what it is given', async () => {
    const said: string[] = [];
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    try {
      await withDatabase({ relay: relayTo(), onError: ({ message }) => said.push(message) });
      await until(() => said.some((one) => one.includes('maxmemory-policy "allkeys-lru"')));
    } finally {
      await server.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    }
  });

  it('hands on nothing of what somebody wrote into the log as SQL', async () => {
    const there = await withDatabase({ relay: relayTo() });
    const here = await behindRedis();
    await here.isRevoked(about([randomKey()]));
    const head = '{nl:default}:relay:head';
    const generation = await server.command('HGET', head, 'generation');
    const cursor = ["1:1:'); DROP TABLE nestjs_logout.revoked_tokens; --", 'x'];
    const text = JSON.stringify([1, [], cursor, 0, [[], []]]);
    await server.command(
      'XADD',
      '{nl:default}:relay:log',
      '1000000-0',
      'random',
      'x',
      'text',
      text,
    );
    await server.command('HSET', head, 'number', '1000000', 'random', 'x', 'checkpoint', '1000000');
    await server.command('XTRIM', '{nl:default}:relay:log', 'MINID', '1000000-0');
    const one = revocation();
    await there.add(one, logout());

    await until(() => here.known(about([one.key])) === true);
    expect(await server.command('HGET', head, 'generation')).not.toBe(generation);
  });

  it.each(CLIENTS)('sends no command after its time limit, by %s', async (_, make) => {
    const own = await RedisServer.start();
    toClose.push({ close: () => own.remove() });
    const relay = new RedisRelay(make(own.url), { callTimeoutMs: 200 });
    toClose.push(relay);
    await relay.ask('0000000000000001 1000');
    await own.kill();

    for (let asked = 2; asked < 9; asked += 1)
      await expect(relay.ask(`000000000000000${asked} 1000`)).rejects.toThrow();

    await own.restart();
    await until(() =>
      relay.ask('000000000000000a 1000').then(
        () => true,
        () => false,
      ),
    );
    const { questions } = await relay.takeAsks();
    expect(questions.filter((question) => !question.startsWith('000000000000000a'))).toEqual([]);
  });

  it.each(CLIENTS)('comes back by itself after a silence of the server, by %s', async (_, make) => {
    const own = await RedisServer.start();
    toClose.push({ close: () => own.remove() });
    const relay = new RedisRelay(make(own.url), { callTimeoutMs: 200 });
    toClose.push(relay);
    let rings = 0;
    relay.listen('asks', () => (rings += 1));
    await relay.ask('0000000000000001 1000');

    own.signal('SIGSTOP');
    await expect(relay.ask('0000000000000002 1000')).rejects.toThrow(
      'did not answer within 200 ms',
    );
    own.signal('SIGCONT');

    const ask = () =>
      relay.ask('0000000000000003 1000').then(
        () => true,
        () => false,
      );
    await until(ask);
    const before = rings;
    await until(async () => (await ask()) && rings > before && relay.isListening);
  });
});

function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? causeOf(error.cause) : error;
}
