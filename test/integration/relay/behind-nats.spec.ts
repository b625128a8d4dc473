import { NatsRelay, RelayRevocationStore } from '../../../src/nats';
import type { PostgresStoreOptions } from '../../../src/stores/postgres/options';
import { about, logout, randomKey, revocation } from '../../../src/testing/contract/contract';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { hasNats, NatsServer } from '../../support/nats-server';
import { testWith } from '../../support/tools';
import { until } from '../../support/until';
import { openStore } from '../stores/open-store';

testWith('nats-server', hasNats(), () => {
  let server: NatsServer;
  let database: TestDatabase;
  const toClose: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    server = await NatsServer.start();
  });

  beforeEach(async () => {
    database = await createMigratedDatabase();
    await server.clear();
  });

  afterEach(async () => {
    await Promise.all(toClose.splice(0).map((open) => open.close()));
    await database.drop();
  });

  afterAll(async () => {
    await server.remove();
  });

  const relayTo = () => new NatsRelay({ servers: server.url }, { callTimeoutMs: 2000 });

  const withDatabase = async (options: PostgresStoreOptions = {}) => {
    const store = await openStore(database.url, options);
    toClose.push(store);
    return store;
  };

  const behindNats = async (
    options: ConstructorParameters<typeof RelayRevocationStore>[1] = {},
  ): Promise<RelayRevocationStore> => {
    const store = new RelayRevocationStore(relayTo(), { lookupTimeoutMs: 10_000, ...options });
    await store.open();
    toClose.push(store);
    return store;
  };

  const refusesOnly = async (
    here: RelayRevocationStore,
    there: Awaited<ReturnType<typeof withDatabase>>,
  ): Promise<void> => {
    const one = revocation();
    await there.add(one, logout());
    await until(() => here.known(about([one.key])) === true);
    expect(await here.isRevoked(about([randomKey()]))).toBe(false);
  };

  describe('An instance that reaches only NATS', () => {
    it('refuses what an instance with the database has revoked, and nothing else', async () => {
      const there = await withDatabase({ relay: relayTo() });
      const here = await behindNats();
      expect(await here.isRevoked(about([randomKey()]))).toBe(false);

      await refusesOnly(here, there);
      expect(here.status().feed).toBe('doorbell');
    });

    it('knows from its start what was revoked before, also where that is many pages', async () => {
      await withDatabase({ relay: relayTo() });
      await database.query(`
        INSERT INTO revoked_tokens (key, scope, issued_before, expires_at)
        SELECT sha256(n::text::bytea), 'token', 'infinity',
          date_trunc('hour', now()) + 30 * interval '1 minute' + (n % 5) * interval '1 hour'
        FROM generate_series(5, 20004) AS n`);
      await server.clear(); // so that the relay begins anew, with all of it
      const here = await behindNats();
      await here.isRevoked(about([randomKey()]));

      await until(() => (here.status().replica?.size ?? 0) >= 16_000);
    });

    it('says in its log what to do while no relay has written', async () => {
      const said: string[] = [];
      const onError = ({ cause }: Error) => said.push(String(deepest(cause)));
      const here = await behindNats({ lookupTimeoutMs: 100, onError });

      await expect(here.isRevoked(about([randomKey()]))).rejects.toThrow();
      expect(said.join()).toMatch(/No relay has written to this broker\. Give "relay"/);
    });

    it('goes on while relays come and go', async () => {
      const first = await withDatabase({ relay: relayTo() });
      const here = await behindNats();
      await here.isRevoked(about([randomKey()]));
      const loads = here.status().replica?.loads;
      const second = await withDatabase({ relay: relayTo() });
      await first.close();

      await refusesOnly(here, second);
      expect(here.status().replica?.loads).toBe(loads);
    });

    const losses: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['all streams are lost', () => server.clear()],
      ['the questions are lost', () => server.api('STREAM.DELETE.nl-default-asks')],
      ['the frames are lost', () => server.api('STREAM.DELETE.nl-default-log')],
      ['the pages are lost', () => server.api('STREAM.DELETE.nl-default-pages')],
      ['the frames are purged', () => server.api('STREAM.PURGE.nl-default-log')],
      ['the pages are purged', () => server.api('STREAM.PURGE.nl-default-pages')],
      ['one frame is deleted', () => deleteFrame()],
      ['somebody writes what is no frame', () => server.publish('nl.default.log.9', 'nonsense')],
    ];

    it.each(losses)('goes on after one round, and so does a new one, when %s', async (_, lose) => {
      const there = await withDatabase({ relay: relayTo() });
      await there.add(revocation(), logout()); // a log without revocations has no pages
      await server.clear();
      const here = await behindNats();
      await refusesOnly(here, there);
      await refusesOnly(here, there);

      await lose();

      await refusesOnly(here, there);
      await refusesOnly(await behindNats(), there);
    });

    it('goes on when NATS comes back empty', async () => {
      const own = await NatsServer.start();
      toClose.push({ close: () => own.remove() });
      const relay = () => new NatsRelay({ servers: own.url }, { callTimeoutMs: 400 });
      const there = await withDatabase({ relay: relay() });
      const here = new RelayRevocationStore(relay(), { lookupTimeoutMs: 10_000 });
      toClose.unshift(here);
      await here.open();
      await refusesOnly(here, there);

      await own.kill();
      await own.restart();

      await refusesOnly(here, there);
    });
  });

  /** Of the middle of the log. */
  async function deleteFrame(): Promise<void> {
    const { state } = await server.api<{ state: { last_seq: number } }>(
      'STREAM.INFO.nl-default-log',
    );
    await server.api('STREAM.MSG.DELETE.nl-default-log', { seq: state.last_seq - 1 });
  }

  it('hands on nothing of what somebody wrote into the log as SQL', async () => {
    const there = await withDatabase({ relay: relayTo() });
    const here = await behindNats();
    await here.isRevoked(about([randomKey()]));
    const last = await server.api<{ message: { data: string } }>('STREAM.MSG.GET.nl-default-log', {
      last_by_subj: 'nl.default.log.*',
    });
    const [head = ''] = Buffer.from(last.message.data, 'base64').toString().split('\n');
    const cursor = ["1:1:'); DROP TABLE nestjs_logout.revoked_tokens; --", 'x'];
    const text = JSON.stringify([1, [], cursor, 0, [[], []]]);
    await server.publish('nl.default.log.1000000', `${head}\n${text}`);

    await refusesOnly(here, there);
  });
});

function deepest(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? deepest(error.cause) : error;
}
