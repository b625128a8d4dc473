import { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';
import { ANSWERS, answerOf } from '../../support/answers';
import { createMigratedDatabase, type TestDatabase } from '../../support/database';
import { SessionApp } from '../../support/session-app';
import { PATIENCE } from '../../support/patience';

interface Renewed {
  readonly accessToken: string;
  readonly refreshToken: string;
}

describe('The routes of sessions on PostgreSQL', () => {
  let database: TestDatabase;
  let host: SessionApp;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    const store = new PostgresRevocationStore({ url: database.url }, PATIENCE);
    host = await SessionApp.start('express', {}, { store });
  });
  afterAll(async () => {
    await host.close();
    await database.drop();
  });

  it('renew, list and end sessions', async () => {
    const [one, two, three] = [await host.login(), await host.login(), await host.login()];
    const { accessToken } = (await host.refresh(one.refresh).expect(200)).body as Renewed;
    const listed = await host.ask('get', '/sessions', accessToken).expect(200);
    const { sessions } = listed.body as { sessions: { id: string; current: boolean }[] };
    expect(sessions.map(({ id, current }) => [id, current])).toEqual([
      [three.sid, false],
      [two.sid, false],
      [one.sid, true],
    ]);
    await host.ask('delete', `/sessions/${two.sid}`, accessToken).expect(200);
    await host.ask('delete', `/sessions/${two.sid}`, accessToken).expect(404);
    await host.ask('post', '/logout/others', accessToken).expect(200);
    expect(await host.areAccepted(one, two, three)).toEqual([true, false, false]);
    await host.ask('post', '/logout/all', accessToken).expect(200);
    expect(await host.areAccepted(one, await host.login())).toEqual([false, true]);
  });

  it('end a session whose refresh token is revoked while tabs refresh it: nothing survives', async () => {
    for (let round = 0; round < 10; round += 1) {
      const login = await host.login('race');
      const answers = await Promise.all([
        host.refresh(login.refresh),
        host.revoke(login.refresh),
        host.refresh(login.refresh),
        host.refresh(login.refresh),
      ]);
      expect(answers[1].status).toBe(200);
      const renewed = answers
        .filter((_, at) => at !== 1)
        .map(({ body }) => body as Partial<Renewed>);
      for (const { accessToken = 'none', refreshToken = 'none' } of renewed) {
        await host.app.me(accessToken).expect(401);
        expect(answerOf(await host.refresh(refreshToken))).toEqual(ANSWERS.refused);
      }
      expect(await host.areAccepted(login)).toEqual([false]);
    }
  });

  it('answer 503 to /revoke, and 500 else, where the database is away', async () => {
    const { access, refresh } = await host.login();
    await host.app.store.close();
    await host.revoke(refresh).expect(503).expect('Retry-After', '1');
    for (const answer of [
      await host.refresh(refresh),
      await host.ask('post', '/logout/all', access),
    ])
      expect(answerOf(answer)).toEqual(ANSWERS.internal);
  });
});
