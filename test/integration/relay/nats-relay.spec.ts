import { NatsRelay } from '../../../src/nats';
import { describeRelayTransport } from '../../../src/testing/contract/relay-transport-contract';
import { hasNats, NatsServer } from '../../support/nats-server';
import { testWith } from '../../support/tools';

testWith('nats-server', hasNats(), () => {
  let server: NatsServer;
  let logs = 0;

  beforeAll(async () => {
    server = await NatsServer.start();
  });

  afterAll(async () => {
    await server.remove();
  });

  describeRelayTransport(
    'NatsRelay',
    (again) => {
      if (again === undefined) logs += 1;
      return new NatsRelay({ servers: server.url }, { name: `log-${logs}`, callTimeoutMs: 5000 });
    },
    { describe, it, beforeAll, afterAll },
  );
});
