import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import request from 'supertest';
import type { StoreStatus } from '../../src/revocation/store-status';
import { DOCUMENTED, PLATFORMS } from '../support/app';
import { FaultyStore } from '../support/faulty-store';
import { startServiceApp } from '../support/service-app';
import { exchange, head } from '../support/wire';

/** Can be made to fail where it is asked how it is doing. */
class UntalkativeStore extends FaultyStore {
  isUntalkative = false;

  override status(): StoreStatus {
    if (this.isUntalkative) throw new Error('canary');
    return super.status();
  }
}

describe.each(PLATFORMS)('The platform of the service: %s', (platform) => {
  let app: INestApplication;
  let store: UntalkativeStore;
  beforeAll(async () => {
    store = new UntalkativeStore();
    app = await startServiceApp(platform, store);
  });
  afterAll(() => app.close());

  it.each(['/%zz', '/api/v1/auth/logout%'])('quotes nothing of the URL %s', async (url) => {
    const answer = await exchange(await app.getUrl(), head(`POST ${url}`, 'Content-Length: 0'));
    expect(answer).toMatchObject({
      status: 404,
      text: '{"success":false,"message":"No encontrado"}',
      headers: {
        'cache-control': 'no-store',
        'strict-transport-security': expect.any(String) as string,
      },
    });
  });

  it('is ready while its store answers, and says what does', async () => {
    const ready = () => request(app.getHttpServer() as Server).get('/health/ready');
    const details = { feed: null, leaseAgeMs: null, skewMs: 0, issuersWithoutKeys: [] };
    await ready()
      .expect(200, { status: 'ok', check: 'store', ...details })
      .expect('Cache-Control', 'no-store');
    store.isBlind = true;
    await ready()
      .expect(503, { status: 'unavailable', check: 'nothing', ...details })
      .expect('Cache-Control', 'no-store');
    store.isBlind = false;
  });

  it('is not ready while its clock and its store’s are more than 30 s apart', async () => {
    const ready = () => request(app.getHttpServer() as Server).get('/health/ready');
    store.clock.observe(Date.now() + 60_000);
    const answer = await ready().expect(503);
    expect(answer.body).toMatchObject({ status: 'unavailable', check: 'store' });
    store.clock.observe(Date.now());
    await ready().expect(200);
  });

  it('answers metrics that cannot be collected with 500, and says nothing of why', async () => {
    const read = () => request(app.getHttpServer() as Server).get('/metrics');
    await read().expect(200);
    store.isUntalkative = true;
    await read().expect(500, DOCUMENTED.internal).expect('Content-Type', /json/);
    store.isUntalkative = false;
  });
});
