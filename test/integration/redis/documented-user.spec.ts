import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import {
  initRedis,
  RedisRelay,
  RedisRevocationStore,
  RedisThrottlerStorage,
  RelayRevocationStore,
} from '../../../src/redis';
import { PostgresRevocationStore } from '../../../src/postgres';
import { about, logout, revocation } from '../../../src/testing/contract/contract';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { CLIENTS } from '../../support/redis-clients';
import { hasRedis, RedisServer } from '../../support/redis-server';
import { testWith } from '../../support/tools';
import { until } from '../../support/until';

/** As docs/redis.md has it. */
function documentedCommand(): [string, ...string[]] {
  const page = readFileSync('docs/redis.md', 'utf8');
  const [, rest = ''] = /^ACL (SETUSER .+)$/m.exec(page) ?? [];
  return ['ACL', ...rest.split(' ')];
}

const PATIENT = { lookupTimeoutMs: 10_000, writeTimeoutMs: 10_000 };
const NAMED = { name: 'app', callTimeoutMs: 5000 };

testWith('redis-server', hasRedis(), () => {
  describe('The Redis user of the documentation', () => {
    let server: RedisServer;
    let url: string;
    let database: TestDatabase;
    const opened: { open(): Promise<void>; close(): Promise<void> }[] = [];
    const open = async <T extends (typeof opened)[number]>(store: T): Promise<T> => {
      opened.push(store);
      await store.open();
      return store;
    };

    beforeAll(async () => {
      server = await RedisServer.start();
      await server.command(...documentedCommand());
      url = server.url.replace('//', '//logout:secret@');
      database = await createMigratedDatabase();
    });

    afterEach(async () => {
      await Promise.all(opened.splice(0).map((store) => store.close()));
    });

    afterAll(async () => {
      await database.drop();
      await server.remove();
    });

    it.each(CLIENTS)('may do all that we need, by %s', async (_, make) => {
      await server.command('FLUSHALL');
      const said: string[] = [];
      const onError = ({ message, cause }: Error) => said.push(`${message} ${String(cause)}`);

      await initRedis(make(url), { name: 'app' });
      const options = { name: 'app', ...PATIENT, onError };
      const alone = await open(new RedisRevocationStore(make(url), options));
      const one = revocation();
      await alone.add(one, logout());
      expect(await alone.isRevoked(about([one.key]))).toBe(true);
      expect((await alone.audit.find({})).events).toHaveLength(1);
      await until(() => alone.status().feed === 'doorbell');

      const relay = new RedisRelay(make(url), NAMED);
      const there = await open(
        new PostgresRevocationStore({ url: database.url }, { relay, onError }),
      );
      await until(() => (there.status().relay?.frames ?? 0) > 0);
      const here = await open(new RelayRevocationStore(new RedisRelay(make(url), NAMED)));
      const other = revocation();
      await there.add(other, logout());
      await until(() => here.known(about([other.key])) === true);
      await until(() => here.status().feed === 'doorbell');

      const throttler = new RedisThrottlerStorage(make(url), { ...NAMED, onError });
      for (let hits = 1; hits < 4; hits += 1)
        expect((await throttler.increment('a', 60_000, 2, 1000, 'b')).isBlocked).toBe(hits > 2);
      throttler.close();
      expect(said).toEqual([]);
    });

    it('may do nothing with other keys, or to the server', async () => {
      const client = new Redis(url, { lazyConnect: true });
      client.on('error', () => undefined);
      const refused: [string, ...string[]][] = [
        ['GET', 'session:ada'],
        ['HSET', '{nl:other}:head', 'generation', 'x'],
        ['EVAL', `return redis.call('SET', 'session:ada', 'x')`, '0'],
        ['PUBLISH', '{nl:other}:relay:framed', ''],
        ['FLUSHALL'],
        ['KEYS', '*'],
        ['CONFIG', 'GET', 'requirepass'],
        ['ACL', 'LIST'],
        ['DEBUG', 'SLEEP', '0'],
        ['REPLICAOF', 'NO', 'ONE'],
      ];
      for (const command of refused)
        await expect(client.call(...command)).rejects.toThrow(/NOPERM|can't access|permission/i);
      client.disconnect();
    });
  });
});
