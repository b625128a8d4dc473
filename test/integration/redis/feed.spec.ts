import timers from 'node:timers/promises';
import { initRedis } from '../../../src/redis';
import { resolveRedisOptions } from '../../../src/redis/store/redis-store-options';
import { RedisStore } from '../../../src/redis/store/redis-store';
import { APPLIED_PER_TURN } from '../../../src/revocation/feed-slice';
import type { FeedCursor } from '../../../src/revocation/revocation-feed';
import { logout, revocation } from '../../../src/testing/contract/contract';
import { CLIENTS } from '../../support/redis-clients';
import { hasRedis, RedisServer } from '../../support/redis-server';
import { testWith } from '../../support/tools';
import { appliedPerTurn } from '../../support/turns';

const COUNT = 1000;

testWith('redis-server', hasRedis(), () => {
  describe('What is read from Redis alone', () => {
    let server: RedisServer;
    let store: RedisStore;

    beforeAll(async () => {
      server = await RedisServer.start();
      const client = CLIENTS[0]![1](server.url);
      await initRedis(client, {});
      store = new RedisStore(client, resolveRedisOptions({}));
      await store.open();
    });

    afterAll(async () => {
      await store.feed.close();
      await store.close();
      await server.remove();
    });

    it('lets requests be answered meanwhile; a catch-up rests, and a load does not', async () => {
      const since = await store.feed.read(null, () => undefined);
      await Promise.all(Array.from({ length: COUNT }, () => store.add(revocation(), logout())));
      const sleep = jest.spyOn(timers, 'setTimeout');
      const read = async (cursor: FeedCursor | null) => {
        sleep.mockClear();
        const perTurn = await appliedPerTurn((apply) => store.feed.read(cursor, apply));
        return { perTurn, rests: sleep.mock.calls.length };
      };

      const caughtUp = await read(since);
      const loaded = await read(null);
      sleep.mockRestore();

      for (const { perTurn } of [caughtUp, loaded]) {
        expect(perTurn.reduce((sum, each) => sum + each, 0)).toBe(COUNT);
        expect(Math.max(...perTurn)).toBeLessThan(2 * APPLIED_PER_TURN);
      }
      expect(caughtUp.rests).toBeGreaterThan(1);
      expect(loaded.rests).toBe(0);
    });
  });
});
