import request from 'supertest';
import type { AuditEventName } from '../../src';
import { LOGOUT, PLATFORMS, TestApp } from '../support/app';
import { auditOf } from '../support/audit';

const ATTEMPTS = 9;

describe.each(PLATFORMS)('While anonymous requests flood the logout on %s', (platform) => {
  let app: TestApp;
  beforeEach(async () => {
    app = await TestApp.start(platform, { throttleLimit: 10 });
  });
  afterEach(() => app.close());

  /** Every kind of request that needs no token, many of each, side by side. */
  const flood = () =>
    Promise.all(
      Array.from({ length: 60 }, async () => {
        await request(app.url).get(LOGOUT);
        await request(app.url).options(LOGOUT).send({});
        await app.post();
        await app.post().type('form').send('a=b');
        await app.post().type('json').send('{');
        await app.logout('a.b.c');
      }),
    );

  it('every attempt on a foreign token and every reuse leaves its row', async () => {
    const revoked = Array.from({ length: ATTEMPTS }, () => app.issuer.token());
    for (const token of revoked) await app.logout(token).expect(200);
    const attack = flood();
    for (const token of revoked) {
      const own = app.issuer.token({ sub: 'mallory' });
      await app.logout(own, app.issuer.token()).expect(401);
      await app.me(token).expect(401);
    }
    await attack;
    const events = await auditOf(app, { limit: 1000 });
    const rows = (event: AuditEventName) => events.filter((each) => each.event === event).length;
    expect([rows('authz_fail'), rows('authn_token_reuse')]).toEqual([ATTEMPTS, ATTEMPTS]);
  });

  it('each reason is told in one row, and the full bucket in one more', async () => {
    await flood();
    const events = await auditOf(app, { outcome: 'failure', limit: 1000 });
    const refused = events.filter(({ event }) => event !== 'authn_token_revoked');
    const reasons = refused.map(({ reason }) => reason);
    expect(new Set(reasons).size).toBe(reasons.length);
    expect(reasons).toContain('limit_by_address');
    expect(events.length).toBeLessThanOrEqual(11);
  });
});
