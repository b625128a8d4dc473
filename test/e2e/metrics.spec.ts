import type { TokenReason } from '../../src/audit/reasons';
import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { metrics } from '@opentelemetry/api';
import type { IncomingHttpHeaders } from 'node:http';
import request from 'supertest';
import { JwtAuthGuard, LogoutThrottlerGuard, TokenRejectedError, type Claims } from '../../src';
import { readEnvironment } from '../../src/service/environment';
import { startService, type Service } from '../../src/service/service';
import type { StoreStatus } from '../../src/revocation/store-status';
import { LOGOUT, MeController, PLATFORMS, TestApp } from '../support/app';
import { createDatabase, type TestDatabase } from '../support/database';
import { PlainHost } from '../support/plain-host';
import { FaultyStore } from '../support/faulty-store';
import { MetricsProbe } from '../support/metrics';
import { AUDIENCE, ISSUER, TestIssuer } from '../support/tokens';

@Controller()
class HostController {
  @Get('passport')
  @UseGuards(AuthGuard('logout-jwt'))
  passport(): void {
    // No test here reaches it.
  }

  @Get('open')
  open(): void {
    // Reached by everyone.
  }

  @Post('refresh')
  @UseGuards(LogoutThrottlerGuard, JwtAuthGuard)
  refresh(): void {
    // Reached by live tokens.
  }
}

/** A source of the host's: no token that it finds can be removed. */
const found = ({ headers }: { headers?: IncomingHttpHeaders }) => headers?.['x-found'] as string;

/** The store of a test, which notices that it is asked how it is doing. */
class WatchedStore extends FaultyStore {
  statusReads = 0;

  override status(): StoreStatus {
    this.statusReads += 1;
    return super.status();
  }
}

describe.each(PLATFORMS)('The refusals that OpenTelemetry is told of on %s', (platform) => {
  let probe: MetricsProbe;
  let store: WatchedStore;
  let app: TestApp;
  const validate = (claims: Claims): Claims | null => {
    if (claims.sub === 'mallory')
      throw new TokenRejectedError('TOKEN_INVALID', 'mallory again' as TokenReason);
    return claims.sub === 'eve' ? null : claims;
  };
  beforeEach(async () => {
    probe = new MetricsProbe();
    store = new WatchedStore();
    const options = { store, validate, tokenSources: [found], meterProvider: probe.provider };
    const controllers = [MeController, HostController];
    app = await TestApp.start(platform, options, { controllers });
  });
  afterEach(() => app.close());

  it('are none while tokens are let in and logged out', async () => {
    const token = app.issuer.token();
    await app.me(token).expect(200);
    await app.logout(token).expect(200);
    expect(await probe.refusals()).toEqual({});
  });

  it('are the guard’s, each once and by its reason', async () => {
    const forged = new TestIssuer().token();
    const revoked = app.issuer.token();
    await app.logout(revoked);
    await request(app.url).get('/me').expect(401);
    await app.me('no-token').expect(401);
    await app.me(forged).expect(401);
    await app.me(app.issuer.token({ iss: 'https://elsewhere.example' })).expect(401);
    await app.me(app.issuer.expired()).expect(403);
    await app.me(revoked).expect(401);
    await app.me(revoked).expect(401);
    expect(await probe.refusals()).toEqual({
      token_missing: 1,
      form: 1,
      signature: 1,
      issuer: 1,
      token_expired: 1,
      token_revoked: 2,
    });
  });

  it('are the host’s own too, but not in its words', async () => {
    await app.me(app.issuer.token({ sub: 'eve' })).expect(401);
    await app.me(app.issuer.token({ sub: 'mallory' })).expect(401);
    expect(await probe.refusals()).toEqual({ refused_by_host: 1, token_invalid: 1 });
  });

  it('are Passport’s', async () => {
    await request(app.url).get('/passport').expect(401);
    expect(await probe.refusals()).toEqual({ token_missing: 1 });
  });

  it('are counted once where a throttle looks at the token first', async () => {
    await request(app.url)
      .post('/refresh')
      .set('Authorization', `Bearer ${app.issuer.expired()}`)
      .expect(403);
    expect(await probe.refusals()).toEqual({ token_expired: 1 });
  });

  it('are the logout’s: those of the bearer, and those of the token that the body names', async () => {
    const bearer = app.issuer.token();
    await app.post().send({}).expect(401);
    await app.post().set('Authorization', `Bearer ${bearer}`).send({}).expect(401);
    await app.logout(bearer, 'no-token').expect(401);
    await app.logout(bearer, app.issuer.token({ sub: 'grace' })).expect(401);
    await app.logout(bearer, app.issuer.expired()).expect(403);
    expect(await probe.refusals()).toEqual({
      token_missing: 1,
      body_token_missing: 1,
      body_token_form: 1,
      token_not_own: 1,
      token_expired: 1,
    });
  });

  it('are the gate’s', async () => {
    const bearer = app.issuer.token();
    const send = (type: string, body: string) =>
      app.post().set('Authorization', `Bearer ${bearer}`).type(type).send(body);
    await request(app.url).get(LOGOUT).expect(405);
    await send('text', 'token').expect(415);
    await send('json', '{').expect(400);
    await send('json', JSON.stringify('x'.repeat(17_000))).expect(413);
    expect(await probe.refusals()).toEqual({
      method_not_allowed: 1,
      unsupported_media_type: 1,
      bad_request: 1,
      content_too_large: 1,
    });
  });

  it('tell of a store that gave no answer', async () => {
    store.isBlind = true;
    await app.me(app.issuer.token()).expect(500);
    await app.logout(app.issuer.token()).expect(500);
    expect(await probe.refusals()).toEqual({ store_unavailable: 2 });
  });

  it('tell of the throttle, at the gate and on routes of the host’s', async () => {
    await app.close();
    probe = new MetricsProbe();
    app = await TestApp.start(
      platform,
      { throttleLimit: 1, meterProvider: probe.provider },
      { controllers: [HostController] },
    );
    await app.post().send({}).expect(401);
    await app.post().send({}).expect(429);
    await request(app.url).post('/refresh').expect(429);
    expect(await probe.refusals()).toEqual({ token_missing: 1, limit_by_address: 2 });
  });

  it('are beside the requests from which enforcement removed a revoked token', async () => {
    const name = ['nestjs_logout.removed_tokens'];
    const revoked = app.issuer.token();
    await app.logout(revoked).expect(200);
    const open = (headers: Record<string, string>) => request(app.url).get('/open').set(headers);
    await open({ Authorization: `Bearer ${app.issuer.token()}` }).expect(200);
    await open({ Authorization: `Bearer ${new TestIssuer().token()}` }).expect(200);
    expect(await probe.figures()).toHaveProperty(name, 0);
    await open({ Authorization: `Bearer ${revoked}`, Cookie: `token=${revoked}` }).expect(200);
    await open({ Cookie: `token=${revoked}` }).expect(200);
    expect(await probe.figures()).toHaveProperty(name, 2);
    expect(await probe.refusals()).toEqual({});
  });

  it('are enforcement’s, where it cannot remove the token', async () => {
    const revoked = app.issuer.token();
    await app.logout(revoked).expect(200);
    await request(app.url).get('/open').set('X-Found', revoked).expect(401);
    expect(await probe.refusals()).toEqual({ token_revoked: 1 });
    expect(await probe.figures()).toHaveProperty(['nestjs_logout.removed_tokens'], 0);
  });

  it('end with the application: its store is asked no more', async () => {
    await probe.points();
    expect(store.statusReads).toBe(1);
    await app.close();
    await probe.points();
    expect(store.statusReads).toBe(1);
  });
});

describe('The metrics of the Express face', () => {
  let probe: MetricsProbe;
  let store: WatchedStore;
  let host: PlainHost;
  beforeEach(async () => {
    probe = new MetricsProbe();
    metrics.setGlobalMeterProvider(probe.provider);
    store = new WatchedStore();
    host = await PlainHost.express({ options: { store } });
    await host.revocation.open();
  });
  afterEach(async () => {
    await host.close();
    metrics.disable();
  });

  it('go to the SDK that the host has set up', async () => {
    await host.logout(host.issuer.token()).expect(200);
    expect(await probe.figures()).toMatchObject({
      'nestjs_logout.store.commits': 1,
      'nestjs_logout.store.revocations': 1,
    });
  });

  it('tell of every refusal once and by its reason', async () => {
    const revoked = host.issuer.token();
    await host.logout(revoked);
    await host.protected().expect(401);
    await host.protected(revoked).expect(401);
    await host.logout(revoked).expect(400);
    await host.logout(host.issuer.expired()).expect(400);
    await host.post().send({}).expect(400);
    await host.post().type('json').send('{').expect(400);
    store.isBlind = true;
    await host.protected(host.issuer.token()).expect(500);
    await host.logout(host.issuer.token()).expect(500);
    expect(await probe.refusals()).toEqual({
      token_missing: 2,
      token_revoked: 2,
      token_expired: 1,
      bad_request: 1,
      store_unavailable: 2,
    });
  });

  it('tell from how many requests enforcement removed a revoked token', async () => {
    await host.close();
    const options = { store: new FaultyStore(), tokenSources: [found] };
    host = await PlainHost.express({ options, isEnforced: true });
    await host.revocation.open();
    const name = ['nestjs_logout.removed_tokens'];
    const revoked = host.issuer.token();
    await host.logout(revoked).expect(200);
    await host.protected(host.issuer.token()).expect(200);
    await host.protected().expect(401);
    expect(await probe.figures()).toHaveProperty(name, 0);
    await host.protected(revoked).set('Cookie', `token=${revoked}`).expect(401);
    await host.protected().set('X-Found', revoked).expect(401);
    expect(await probe.figures()).toHaveProperty(name, 1);
    expect(await probe.refusals()).toEqual({ token_missing: 1, token_revoked: 2 });
  });

  it('end with close(): the store is asked no more', async () => {
    await probe.points();
    await host.revocation.close();
    await probe.points();
    expect(store.statusReads).toBe(1);
  });
});

describe.each(PLATFORMS)('GET /metrics of the service on %s', (platform) => {
  const issuer = new TestIssuer();
  let database: TestDatabase;
  let service: Service;
  beforeAll(async () => {
    database = await createDatabase();
    const environment = readEnvironment({
      PORT: '0',
      PLATFORM: platform,
      DATABASE_URL: database.url,
      JWT_SECRET: issuer.key,
      JWT_ISSUER: ISSUER,
      JWT_AUDIENCE: AUDIENCE,
      THROTTLE_LIMIT: '4',
      LOG_LEVEL: 'error',
    });
    service = await startService(environment);
  });
  afterAll(async () => {
    await service.stop();
    await database.drop();
  });
  const scrape = () => request(service.url).get('/metrics');
  const logout = (token: string) =>
    request(service.url)
      .post(LOGOUT)
      .set({ Authorization: `Bearer ${token}`, 'User-Agent': 'canary-agent' })
      .set('X-Request-Id', 'canary-request')
      .send({ token });

  it('answers in the text format of Prometheus, and is not kept by caches', async () => {
    const { text } = await scrape()
      .expect(200)
      .expect('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
      .expect('Cache-Control', 'no-store');
    expect(text).toMatch(/^# TYPE nestjs_logout_refusals_total counter$/m);
    expect(text).toMatch(/^nestjs_logout_refusals_total\{reason="token_revoked"\} \d+$/m);
    const line = /^(?:# .+|[a-z_]+(?:\{reason="[a-z_]+"\})? (?:[-\d.e]+|NaN))$/;
    const strange = text.split('\n').filter((each) => each !== '' && !line.test(each));
    expect(strange).toEqual([]);
  });

  it('counts refusals by their reason, and names no user, token, client or address', async () => {
    const claims = { sub: 'canary-subject', jti: 'canary-token-id', sid: 'canary-session' };
    const token = issuer.token({ ...claims, client_id: 'canary-client' });
    const me = () =>
      request(service.url).get('/api/v1/auth/me').set('Authorization', `Bearer ${token}`);
    await logout(token).expect(200);
    await logout(token).expect(401);
    await me().expect(401);
    await me().expect(401);
    const { text } = await scrape();
    expect(text).toContain('nestjs_logout_refusals_total{reason="token_revoked"} 3\n');
    expect(text).toMatch(/^nestjs_logout_refusals_total\{reason="token_missing"\} 0$/m);
    const [header = '', payload = '', signature = ''] = token.split('.');
    const secrets = ['canary', header, payload, signature, '127.0.0.1', ISSUER, issuer.key];
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
    const key = await database.query("SELECT encode(key, 'hex') AS key FROM revoked_tokens");
    expect(key).toHaveLength(1);
    expect(text).not.toContain(key[0]?.key);
  });

  it('is not throttled, and needs no token', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 6; i += 1) statuses.push((await scrape()).status);
    expect(statuses).toEqual(Array<number>(6).fill(200));
    let limited = 0;
    for (let i = 0; i < 6; i += 1) limited = (await logout('no-token')).status;
    expect(limited).toBe(429);
    expect((await scrape()).text).toMatch(/reason="limit_by_address"\} [1-9]/);
  });
});
