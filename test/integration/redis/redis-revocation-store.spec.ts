import { initRedis, RedisRevocationStore, type RedisStoreOptions } from '../../../src/redis';
import { describeRevocationStore } from '../../../src/testing/contract/revocation-store-contract';
import type { StoreUnderTest } from '../../../src/testing/contract/contract';
import { CLIENTS } from '../../support/redis-clients';
import { hasRedis, RedisServer } from '../../support/redis-server';
import { testWith } from '../../support/tools';

const RUNNER = { describe, it, beforeAll, afterAll };

testWith('redis-server', hasRedis(), () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  afterAll(async () => {
    await server.remove();
  });

  const now = async (): Promise<Date> => {
    const [seconds, micros] = (await server.command('TIME')) as [string, string];
    return new Date(Number(seconds) * 1000 + Math.floor(Number(micros) / 1000));
  };

  describe.each(CLIENTS)('By %s,', (client, make) => {
    const opening = (options: RedisStoreOptions) => async (): Promise<StoreUnderTest> => {
      const name = `${client}-${options.check}`.replaceAll(' ', '-');
      await initRedis(make(server.url), { name });
      const patient = { lookupTimeoutMs: 5000, writeTimeoutMs: 10_000 };
      const store = new RedisRevocationStore(make(server.url), { name, ...patient, ...options });
      await store.open();
      return { store, now };
    };

    describeRevocationStore('RedisRevocationStore', opening({ check: 'replica' }), RUNNER, {
      forgetsAtOnce: false,
    });

    describeRevocationStore(
      'RedisRevocationStore that asks Redis each time',
      opening({ check: 'direct' }),
      RUNNER,
    );
  });
});
