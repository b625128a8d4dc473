import type { Server } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import request from 'supertest';
import { AuthModule } from '../../src';
import { startService, type Service } from '../../src/service/service';
import { readEnvironment } from '../../src/service/environment';
import { LogoutHealthIndicator } from '../../src/nest/terminus';
import { DOCUMENTED, PLATFORMS, TestApp } from '../support/app';
import { startCluster, type TestCluster } from '../support/cluster';
import { FaultyStore } from '../support/faulty-store';
import { AUDIENCE, ISSUER, TestIssuer } from '../support/tokens';

@Controller('health')
class HostHealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly logout: LogoutHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([() => this.logout.isHealthy('logout')]);
  }
}

@Module({
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [HostHealthController],
  providers: [LogoutHealthIndicator],
})
class HostHealthModule {}

describe.each(PLATFORMS)('The indicator for Terminus on %s', (platform) => {
  let store: FaultyStore;
  let app: TestApp;
  beforeEach(async () => {
    store = new FaultyStore();
    const imports = [HostHealthModule];
    app = await TestApp.start(platform, { store }, { extras: { isGlobal: true }, imports });
  });
  afterEach(() => app.close());
  const health = () => request(app.url).get('/health');

  it('is up while tokens can be checked, and says by what', async () => {
    const logout = {
      status: 'up',
      answersFrom: 'store',
      feed: null,
      leaseAgeMs: null,
      issuersWithoutKeys: [],
    };
    const answer = await health().expect(200);
    expect(answer.body).toMatchObject({ status: 'ok', info: { logout } });
  });

  it('is down while they cannot, and tells nothing of why', async () => {
    store.isBlind = true;
    const answer = await health().expect(503);
    const logout = { status: 'down', answersFrom: 'nothing' };
    expect(answer.body).toMatchObject({ status: 'error', error: { logout } });
    expect(answer.text).not.toContain('secret');
  });

  it('is down while the clocks are more than 30 s apart, and says how far', async () => {
    store.clock.observe(Date.now() + 60_000);
    const answer = await health().expect(503);
    expect(answer.body).toMatchObject({
      error: { logout: { status: 'down', answersFrom: 'store' } },
    });
  });
});

describe('The indicator for Terminus', () => {
  it('finds the store of an AuthModule that is not global', async () => {
    const issuer = new TestIssuer();
    const auth = AuthModule.forRoot({
      algorithms: ['HS256'],
      keys: issuer.key,
      issuer: ISSUER,
      audience: AUDIENCE,
      store: new FaultyStore(),
    });

    @Module({
      imports: [auth, TerminusModule],
      controllers: [HostHealthController],
      providers: [LogoutHealthIndicator],
    })
    class OneModule {}

    const app = await NestFactory.create(OneModule, { logger: false, abortOnError: false });
    try {
      await app.listen(0, '127.0.0.1');
      await request(app.getHttpServer() as Server)
        .get('/health')
        .expect(200);
    } finally {
      await app.close();
    }
  });
});

describe.each(['direct', 'replica'])('The service with CHECK=%s, its database away', (CHECK) => {
  const issuer = new TestIssuer();
  let cluster: TestCluster;
  let service: Service;
  beforeAll(async () => {
    cluster = await startCluster();
    service = await startService(
      readEnvironment({
        PORT: '0',
        DATABASE_URL: cluster.url,
        JWT_SECRET: issuer.key,
        JWT_ISSUER: ISSUER,
        JWT_AUDIENCE: AUDIENCE,
        CHECK,
        MAX_STALENESS_MS: '200',
        LOG_LEVEL: 'error',
      }),
    );
  });
  afterAll(async () => {
    await service.stop();
    await cluster.remove();
  });
  const ready = () => request(service.url).get('/health/ready');
  const me = () =>
    request(service.url).get('/api/v1/auth/me').set('Authorization', `Bearer ${issuer.token()}`);
  /** Asks until the service says so; Jest ends what never comes. */
  const untilReadyIs = async (status: number, check: string): Promise<unknown> => {
    for (;;) {
      const answer = await ready();
      const body = answer.body as { check: string };
      if (answer.status === status && body.check === check) return body;
      await setTimeout(10);
    }
  };

  it('is live but not ready once nothing answers, and ready again when something does', async () => {
    const check = CHECK === 'replica' ? 'memory' : 'store';
    await ready().expect('Cache-Control', 'no-store').expect(200);
    expect(await untilReadyIs(200, check)).toMatchObject({ status: 'ok' });
    await me().expect(200);
    await cluster.stop('immediate');
    expect(await untilReadyIs(503, 'nothing')).toMatchObject({ status: 'unavailable' });
    await request(service.url).get('/health/live').expect(200, { status: 'ok' });
    await me().expect(500, DOCUMENTED.internal);
    await cluster.start();
    expect(await untilReadyIs(200, check)).toMatchObject({ status: 'ok' });
    await me().expect(200);
  });
});
