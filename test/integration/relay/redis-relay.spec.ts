import { RedisRelay } from '../../../src/redis';
import { describeRelayTransport } from '../../../src/testing/contract/relay-transport-contract';
import { CLIENTS } from '../../support/redis-clients';
import { hasRedis, RedisServer } from '../../support/redis-server';
import { testWith } from '../../support/tools';

testWith('redis-server', hasRedis(), () => {
  let server: RedisServer;
  let logs = 0;

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  afterAll(async () => {
    await server.remove();
  });

  describe.each(CLIENTS)('by %s', (_, make) => {
    describeRelayTransport(
      'RedisRelay',
      (again) => {
        if (again === undefined) logs += 1;
        return new RedisRelay(make(server.url), { name: `log-${logs}`, callTimeoutMs: 5000 });
      },
      { describe, it, beforeAll, afterAll },
    );
  });
});
