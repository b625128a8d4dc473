import { Logger, type INestApplication } from '@nestjs/common';
import request from 'supertest';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { DOCUMENTED, LOGOUT } from '../support/app';
import { freePort } from '../support/free-port';
import { PublishedIssuer } from '../support/published-issuer';
import { startServiceBy } from '../support/service-app';
import { AUDIENCE } from '../support/tokens';
import { until } from '../support/until';

const ME = '/api/v1/auth/me';

describe('The service for an identity provider', () => {
  let issuer: PublishedIssuer;
  let app: INestApplication;
  beforeAll(async () => {
    issuer = await PublishedIssuer.start();
  });
  afterAll(() => issuer.close());
  afterEach(() => app.close());

  it.each([
    ['JWT_DISCOVERY', () => ({ JWT_ISSUER: issuer.url, JWT_DISCOVERY: 'true' })],
    ['JWT_JWKS_URI', () => ({ JWT_ISSUER: issuer.url, JWT_JWKS_URI: issuer.jwksUri })],
    [
      'JWT_ISSUERS',
      () => ({
        JWT_ISSUERS: JSON.stringify([{ issuer: issuer.url, audience: AUDIENCE, discovery: true }]),
      }),
    ],
  ])('logs its tokens out by three variables and no key: %s', async (_name, variables) => {
    const values: NodeJS.ProcessEnv = variables();
    const audience = values.JWT_ISSUERS === undefined ? { JWT_AUDIENCE: AUDIENCE } : {};
    app = await startServiceBy({ ...values, ...audience, PORT: '0' }, new MemoryRevocationStore());
    const url = await app.getUrl();
    const token = issuer.token();
    const bearer = `Bearer ${token}`;
    await request(url).get(ME).set('Authorization', bearer).expect(200);
    await request(url)
      .post(LOGOUT)
      .set('Authorization', bearer)
      .send({ token })
      .expect(200, DOCUMENTED.loggedOut);
    await request(url).get(ME).set('Authorization', bearer).expect(401);
    await request(url).get('/health/ready').expect(200);
    const { text } = await request(url).get('/metrics').expect(200);
    expect(text).toMatch(
      new RegExp(`^nestjs_logout_issuer_keys_age\\{issuer="${issuer.url}"\\} [\\d.]+$`, 'm'),
    );
  });

  it('is not ready while the provider has never answered, and says which one', async () => {
    const away = `http://127.0.0.1:${await freePort()}`;
    app = await startServiceBy(
      { JWT_ISSUER: away, JWT_AUDIENCE: AUDIENCE, JWT_DISCOVERY: 'true' },
      new MemoryRevocationStore(),
    );
    const ready = await request(await app.getUrl())
      .get('/health/ready')
      .expect(503);
    expect(ready.body).toMatchObject({ status: 'unavailable', issuersWithoutKeys: [away] });
  });

  it('logs once that it has the keys of a provider that is back', async () => {
    const port = await freePort();
    const lines: string[] = [];
    const away = `http://127.0.0.1:${port}`;
    app = await startServiceBy(
      { JWT_ISSUER: away, JWT_AUDIENCE: AUDIENCE, JWT_DISCOVERY: 'true' },
      new MemoryRevocationStore(),
    );
    const note = (entry: unknown) => lines.push(String(entry));
    Logger.overrideLogger({ log: note, warn: note, error: () => undefined });
    const back = await PublishedIssuer.start('ES256', port);
    await until(() => lines.length > 0);
    expect(lines).toEqual([
      `The keys of the issuer ${away} could be fetched again: its tokens are checked with them.`,
    ]);
    Logger.overrideLogger(false);
    await back.close();
  });
});
