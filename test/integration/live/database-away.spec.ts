import { Module } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { PostgresRevocationStore } from '../../../src/postgres';
import { LiveWsAdapter } from '../../../src/nest/ws';
import type { TestApp } from '../../support/app';
import { startCluster, type TestCluster } from '../../support/cluster';
import { until } from '../../support/until';
import { liveOf, startHost } from './two-instances';
import { WsClient } from './ws-clients';

const STALENESS_MS = 500;
const GRACE_MS = 2 * STALENESS_MS;

@WebSocketGateway({ path: '/live' })
class Gateway {
  @SubscribeMessage('echo')
  echo() {
    return { event: 'echo', data: true };
  }
}

@Module({ providers: [Gateway] })
class Gateways {}

describe.each(['replica', 'direct'] as const)('With the database away (%s)', (check) => {
  let cluster: TestCluster;
  let app: TestApp;
  beforeAll(async () => {
    cluster = await startCluster();
    const store = new PostgresRevocationStore(
      { url: cluster.url },
      { check, maxStalenessMs: STALENESS_MS, pollIntervalMs: 50 },
    );
    app = await startHost(
      {
        imports: [Gateways],
        options: { liveGraceMs: GRACE_MS },
        configure: (nest) => {
          nest.useWebSocketAdapter(new LiveWsAdapter(nest));
        },
      },
      store,
    );
  });
  afterAll(async () => {
    await app.close();
    await cluster.remove();
  });

  const clientOf = (token: string): WsClient =>
    WsClient.withHeader(`${app.url.replace('http', 'ws')}/live`, token);

  it('connections are closed with 1013 within the grace, and let in again once it is back', async () => {
    const tokens = Array.from({ length: 50 }, () => app.issuer.token());
    const clients = await Promise.all(tokens.map((token) => clientOf(token).opened()));
    await until(() => liveOf(app).size === clients.length);
    const awayMs = performance.now();
    await cluster.stop('immediate');
    const closedMs = await Promise.all(
      clients.map(async ({ closed }) => {
        expect(await closed).toEqual({ code: 1013, reason: 'Try again later' });
        return performance.now() - awayMs;
      }),
    );
    // Not at the first failure. That they are not closed together: live-connections.spec.ts.
    expect(Math.min(...closedMs)).toBeGreaterThanOrEqual(GRACE_MS / 4);
    const [token = ''] = tokens;
    expect((await clientOf(token).closed).code).toBe(1013);
    await cluster.start();
    await until(async () => (await app.me(token)).status === 200);
    const back = await clientOf(token).opened();
    expect(await back.ask('echo')).toEqual({ event: 'echo', data: true });
    await app.logout(token).expect(200);
    expect((await back.closed).code).toBe(4401);
  });
});
