import request from 'supertest';
import { RefusalCounts } from '../../src/metrics/refusal-counts';
import { auditOf } from '../support/audit';
import { LOGOUT, PLATFORMS, TestApp } from '../support/app';
import { FaultyStore } from '../support/faulty-store';

describe.each(PLATFORMS)('For every refused logout on %s', (platform) => {
  it('metrics and audit give the same reason', async () => {
    const store = new FaultyStore();
    const app = await TestApp.start(platform, { store, throttleLimit: 12 });
    try {
      const bearer = app.issuer.token();
      const revoked = app.issuer.token();
      await app.logout(revoked).expect(200);
      await request(app.url).get(LOGOUT).expect(405);
      await app.post().type('json').send('{').expect(400);
      await app.post().type('form').send('a=b').expect(415);
      await app
        .post()
        .send({ a: 'x'.repeat(17_000) })
        .expect(413);
      await app.post().send({}).expect(401);
      await app.logout('no.to.ken').expect(401);
      await app.logout(app.issuer.expired()).expect(403);
      await app.logout(bearer, 'no.to.ken').expect(401);
      await app.logout(bearer, app.issuer.token({ sub: 'grace' })).expect(401);
      store.addFails = 'before';
      await app.logout(bearer).expect(500);
      store.error = new RangeError('a bug of the store');
      await app.logout(bearer).expect(500);
      await app.post().send({}).expect(429);

      const refused = (await auditOf(app)).filter(({ outcome }) => outcome === 'failure');
      const audited = refused.map(({ reason }) => reason).sort();
      const counted = [...app.nest.get(RefusalCounts, { strict: false })]
        .flatMap(([reason, count]) => Array<string>(count).fill(reason))
        .sort();
      expect(counted).toEqual(audited);
      expect(new Set(counted).size).toBeGreaterThan(10);
    } finally {
      await app.close();
    }
  });
});
