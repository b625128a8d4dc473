import { AuditLog, type Messages } from '../../src';
import { ANSWERS, answerOf } from '../support/answers';
import { DOCUMENTED, PLATFORMS } from '../support/app';
import { SessionApp, type Login } from '../support/session-app';

interface Renewed {
  readonly accessToken: string;
  readonly refreshToken: string;
}

const NOT_FOUND = '{"success":false,"message":"No encontrado"}';
const MINUTES_15 = 900;
const DAYS_8 = 8 * 86_400;

describe.each(PLATFORMS)('The routes of sessions on %s', (platform) => {
  let host: SessionApp;
  const start = async (
    sessions: Parameters<typeof SessionApp.start>[1] = {},
    options: Parameters<typeof SessionApp.start>[2] = {},
  ): Promise<void> => {
    host = await SessionApp.start(platform, sessions, options);
  };
  beforeEach(() => start());
  afterEach(() => host.close());

  const renewed = async (refresh: string): Promise<Renewed> =>
    (await host.refresh(refresh).expect(200)).body as Renewed;
  const audited = async (): Promise<unknown[][]> => {
    const log = host.app.nest.get(AuditLog);
    await log.close();
    const { events } = await log.find({});
    return events.map(({ event, outcome, reason }) => [event, outcome, reason]).toReversed();
  };

  describe('POST /refresh', () => {
    it('exchanges a refresh token for new tokens', async () => {
      const { refresh, access } = await host.login();
      const answer = await host.refresh(refresh).expect(200);
      expect(answerOf(answer)).toEqual({ ...ANSWERS.loggedOut, text: answer.text });
      expect(answer.body).toEqual({
        success: true,
        message: 'Sesión renovada',
        tokenType: 'Bearer',
        accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) as string,
        expiresIn: MINUTES_15,
        refreshToken: expect.stringMatching(/^nlr1_[\w-]{91}$/) as string,
      });
      const { accessToken, refreshToken } = answer.body as Renewed;
      expect(refreshToken).not.toBe(refresh);
      await host.app.me(accessToken).expect(200);
      await host.app.me(access).expect(200);
    });

    it('needs no bearer, and looks at none', async () => {
      const first = await host.login();
      host.passSeconds(MINUTES_15 + 1);
      await host.app.me(first.access).expect(403);
      const expired = host.refresh(first.refresh).set('Authorization', `Bearer ${first.access}`);
      const { refreshToken } = (await expired.expect(200)).body as Renewed;
      await host.refresh(refreshToken).set('Authorization', 'Bearer rubbish').expect(200);
    });

    it('takes no revoked bearer for reuse: clients send what they still have', async () => {
      const [ended, live] = [await host.login(), await host.login()];
      await host.app.logout(ended.access);
      const answer = host.refresh(live.refresh).set('Authorization', `Bearer ${ended.access}`);
      await answer.expect(200);
      expect((await audited()).map(([event]) => event)).not.toContain('authn_token_reuse');
    });

    it.each([
      ['no body', undefined],
      ['none', {}],
      ['no object', []],
    ])('answers 401 to %s, with the challenge of who has sent nothing', async (_, body) => {
      const answer = await host.ask('post', '/refresh').send(body);
      expect(answerOf(answer)).toEqual(ANSWERS.missing);
    });

    it.each([
      ['rubbish', 'rubbish'],
      ['one with a wrong MAC', `nlr1_${'A'.repeat(91)}`],
      ['a number', 5],
      ['null', null],
      ['an object', { $ne: '' }],
      ['8 KB', 'n'.repeat(8000)],
    ])('answers 401 to %s', async (_, named) => {
      expect(answerOf(await host.refresh(named))).toEqual(ANSWERS.refused);
    });

    it('takes no access token for a refresh token, and the guard no refresh token', async () => {
      const { access, refresh } = await host.login();
      expect(answerOf(await host.refresh(access))).toEqual(ANSWERS.refused);
      await host.app.me(refresh).expect(401);
    });

    it('answers 401 to one of a session that was ended', async () => {
      const { access, refresh } = await host.login();
      await host.app.logout(access).expect(200, DOCUMENTED.loggedOut);
      expect(answerOf(await host.refresh(refresh))).toEqual(ANSWERS.refused);
    });

    it('answers 401 to each older token, and ends the session: two have it', async () => {
      const { refresh: first } = await host.login();
      const second = await renewed(first);
      const third = await renewed(second.refreshToken);
      const fourth = await renewed(third.refreshToken);
      expect(answerOf(await host.refresh(first))).toEqual(ANSWERS.refused);
      await host.app.me(fourth.accessToken).expect(401);
      expect(answerOf(await host.refresh(fourth.refreshToken))).toEqual(ANSWERS.refused);
    });

    it('gives the last token but one the same successor for some seconds', async () => {
      const { refresh } = await host.login();
      const answers = await Promise.all([renewed(refresh), renewed(refresh), renewed(refresh)]);
      expect(new Set(answers.map(({ refreshToken }) => refreshToken)).size).toBe(1);
    });

    it('answers what an expired token gets where the session is over', async () => {
      const { refresh } = await host.login();
      host.passSeconds(DAYS_8);
      expect(answerOf(await host.refresh(refresh))).toEqual(ANSWERS.expired);
    });

    it('answers 401 there with expiredStatus: 401', async () => {
      await host.close();
      await start({}, { expiredStatus: 401 });
      const { refresh } = await host.login();
      host.passSeconds(DAYS_8);
      const answer = await host.refresh(refresh);
      expect(answerOf(answer)).toEqual({ ...ANSWERS.expired, status: 401 });
    });

    it('answers 401 where the host lets the user in no more, and ends the session', async () => {
      await host.close();
      let isBanned = false;
      await start({ claims: () => (isBanned ? null : {}) });
      const login = await host.login();
      isBanned = true;
      expect(answerOf(await host.refresh(login.refresh))).toEqual(ANSWERS.refused);
      expect(await host.areAccepted(login)).toEqual([false]);
    });

    it('answers 500 where the hook of the host fails, and the same token works afterwards', async () => {
      await host.close();
      let fails = false;
      await start({
        claims: () => {
          if (fails) throw new Error('the database of the host is away');
          return { role: 'admin' };
        },
      });
      const { refresh } = await host.login();
      fails = true;
      expect(answerOf(await host.refresh(refresh))).toEqual(ANSWERS.internal);
      fails = false;
      await host.refresh(refresh).expect(200);
    });

    it('records what is refused, and why', async () => {
      const { access, refresh } = await host.login();
      await host.refresh('rubbish');
      await host.refresh(undefined);
      await host.app.logout(access);
      await host.refresh(refresh);
      expect((await audited()).filter(([event]) => event === 'session_renewed')).toEqual([
        ['session_renewed', 'failure', 'refresh_token_unknown'],
        ['session_renewed', 'failure', 'refresh_token_missing'],
        ['session_renewed', 'failure', 'session_ended'],
      ]);
    });
  });

  describe('POST /logout of one of our access tokens', () => {
    it('ends its session in the documented words', async () => {
      const [one, other] = [await host.login(), await host.login()];
      const { accessToken } = await renewed(one.refresh);
      expect(answerOf(await host.app.logout(one.access))).toEqual(ANSWERS.loggedOut);
      await host.app.me(accessToken).expect(401);
      expect(await host.areAccepted(one, other)).toEqual([false, true]);
    });
  });

  describe('POST /logout/others', () => {
    it('ends all other sessions of the user', async () => {
      const [one, two, three] = [await host.login(), await host.login(), await host.login()];
      const bob = await host.login('bob');
      const answer = await host.ask('post', '/logout/others', one.access);
      expect(answerOf(answer)).toEqual(ANSWERS.loggedOut);
      expect(await host.areAccepted(one, two, three, bob)).toEqual([true, false, false, true]);
      await host.refresh(two.refresh).expect(401);
      await host.refresh(one.refresh).expect(200);
    });

    it('of six that end each other at once leaves one', async () => {
      const logins = await Promise.all(Array.from({ length: 6 }, () => host.login()));
      const answers = await Promise.all(
        logins.map(({ access }) => host.ask('post', '/logout/others', access)),
      );
      expect(answers.map(({ status }) => status).toSorted()).toEqual([
        200, 401, 401, 401, 401, 401,
      ]);
      const accepted = await host.areAccepted(...logins);
      expect(accepted.filter(Boolean)).toHaveLength(1);
    });
  });

  describe('POST /logout/all', () => {
    it('ends all sessions of the user, and a login right after works', async () => {
      const [one, two] = [await host.login(), await host.login()];
      const bob = await host.login('bob');
      expect(answerOf(await host.ask('post', '/logout/all', one.access))).toEqual(
        ANSWERS.loggedOut,
      );
      const after = await host.login();
      expect(await host.areAccepted(one, two, bob, after)).toEqual([false, false, true, true]);
      for (const { refresh } of [one, two])
        expect(answerOf(await host.refresh(refresh))).toEqual(ANSWERS.refused);
      await host.refresh(after.refresh).expect(200);
    });
  });

  describe('GET /sessions', () => {
    it('lists the live sessions of the user, opened last first', async () => {
      const source = { ip: '203.0.113.7', userAgent: 'Firefox' };
      const first = await host.login('ada', { device: 'phone', source });
      host.passSeconds(60);
      const second = await host.login();
      await host.login('bob');
      await host.app.logout((await host.login()).access);
      const answer = await host.ask('get', '/sessions', second.access).expect(200);
      expect(answerOf(answer)).toEqual({ ...ANSWERS.loggedOut, text: answer.text });
      const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
      const instants = { openedAt: instant, lastSeenAt: instant, idleExpiresAt: instant };
      expect(answer.body).toEqual({
        success: true,
        message: 'Sesiones activas',
        sessions: [
          { id: second.sid, current: true, ...instants, expiresAt: instant },
          {
            ...{ id: first.sid, current: false, device: 'phone', ip: '203.0.113.7' },
            ...{ ...instants, expiresAt: instant },
          },
        ],
      });
    });

    it('says when each was last refreshed, and when it is over', async () => {
      const { access, refresh } = await host.login();
      host.passSeconds(600);
      await host.refresh(refresh).expect(200);
      const answer = await host.ask('get', '/sessions', access).expect(200);
      const [session] = (answer.body as { sessions: Record<string, string>[] }).sessions;
      const secondsFromOpening = (name: string): number =>
        Math.round((Date.parse(session![name]!) - Date.parse(session!.openedAt!)) / 1000);
      expect(
        ['lastSeenAt', 'idleExpiresAt', 'expiresAt'].map((name) => secondsFromOpening(name)),
      ).toEqual([600, 600 + 7 * 86_400, 30 * 86_400]);
    });

    it('shows none that a cutoff covers, and none that is over', async () => {
      await host.close();
      await start({ idleSeconds: 1800 });
      await host.login();
      host.passSeconds(1801);
      await host.ask('post', '/logout/all', (await host.login()).access).expect(200);
      const { access, sid } = await host.login();
      const answer = await host.ask('get', '/sessions', access).expect(200);
      const { sessions } = answer.body as { sessions: { id: string }[] };
      expect(sessions.map(({ id }) => id)).toEqual([sid]);
    });
  });

  describe('DELETE /sessions/:sid', () => {
    it('ends another session of the user, and not that of the bearer', async () => {
      const [one, two] = [await host.login(), await host.login()];
      const answer = await host.ask('delete', `/sessions/${two.sid}`, one.access);
      expect(answerOf(answer)).toEqual(ANSWERS.loggedOut);
      expect(await host.areAccepted(one, two)).toEqual([true, false]);
      await host.refresh(two.refresh).expect(401);
    });

    it('ends that of the bearer as a logout does, cookies included', async () => {
      await host.close();
      await start({}, { cookies: [{ name: 'theme' }] });
      const [one, two] = [await host.login(), await host.login()];
      const other = await host.ask('delete', `/sessions/${two.sid}`, one.access).expect(200);
      expect(other.headers).not.toHaveProperty('set-cookie');
      const own = await host.ask('delete', `/sessions/${one.sid}`, one.access).expect(200);
      expect(own.headers['set-cookie']).toEqual([expect.stringContaining('theme=; Max-Age=0')]);
      expect(await host.areAccepted(one)).toEqual([false]);
    });

    it('answers 404 alike to what is malformed, ended, unknown and another user’s', async () => {
      const [{ access }, ended, { sid: ofBob }] = [
        await host.login(),
        await host.login(),
        await host.login('bob'),
      ];
      await host.app.logout(ended.access);
      const ids = [
        ...[
          ended.sid,
          ofBob,
          'A'.repeat(22),
          'x',
          '%00',
          '%2e%2e',
          'a%2Fb',
          "';--",
          '%F0%9F%98%80',
        ],
        ...['x'.repeat(100), '__proto__', '0', 'null', ofBob.toLowerCase()],
      ];
      const answers = await Promise.all(
        ids.map((id) => host.ask('delete', `/sessions/${id}`, access)),
      );
      expect(new Set(answers.map((answer) => JSON.stringify(answerOf(answer))))).toEqual(
        new Set([JSON.stringify({ ...ANSWERS.loggedOut, status: 404, text: NOT_FOUND })]),
      );
    });

    it('quotes nothing of an id that cannot be decoded', async () => {
      const { access } = await host.login();
      const answer = await host.ask('delete', '/sessions/%zz', access);
      // Fastify refuses every path that it cannot decode, before it looks for a route.
      expect([answer.status, answer.text]).toEqual(
        platform === 'express'
          ? [404, NOT_FOUND]
          : [400, expect.stringContaining('not a valid url')],
      );
    });

    it('of two at once one succeeds', async () => {
      const [{ access }, { sid }] = [await host.login(), await host.login()];
      const path = `/sessions/${sid}`;
      const answers = await Promise.all([
        host.ask('delete', path, access),
        host.ask('delete', path, access),
      ]);
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 404]);
    });
  });

  describe('Without a live access token of a session of ours', () => {
    const ROUTES = [
      ['post', '/logout/others'],
      ['post', '/logout/all'],
      ['get', '/sessions'],
      ['delete', '/sessions/AAAAAAAAAAAAAAAAAAAAAA'],
    ] as const;

    it.each(ROUTES)(
      '%s %s is refused as a logout is, and changes nothing',
      async (method, path) => {
        const [ended, live] = [await host.login(), await host.login()];
        await host.app.logout(ended.access);
        const elsewhere = host.app.issuer.token({ sub: 'ada', sid: live.sid });
        const answers = [
          await host.ask(method, path),
          await host.ask(method, path, 'rubbish'),
          await host.ask(method, path, ended.access),
          await host.ask(method, path, elsewhere),
          await host.ask(method, path, live.refresh),
        ];
        const { missing, refused } = ANSWERS;
        expect(answers.map(answerOf)).toEqual([missing, refused, refused, refused, refused]);
        expect(await host.areAccepted(live)).toEqual([true]);
        host.passSeconds(MINUTES_15 + 1);
        expect(answerOf(await host.ask(method, path, live.access))).toEqual(ANSWERS.expired);
      },
    );

    it('the audit tells why', async () => {
      const { access } = await host.login();
      await host.ask('post', '/logout/all');
      await host.ask('post', '/logout/others', host.app.issuer.token());
      await host.app.logout(access);
      await host.ask('post', '/logout/all', access);
      const failures = (await audited()).filter(([, outcome]) => outcome === 'failure');
      expect(failures.filter(([event]) => event === 'authn_token_revoked')).toEqual([
        ['authn_token_revoked', 'failure', 'token_missing'],
        ['authn_token_revoked', 'failure', 'session_missing'],
        ['authn_token_revoked', 'failure', 'token_revoked'],
      ]);
    });
  });

  describe('POST /revoke', () => {
    const EMPTY = { ...ANSWERS.loggedOut, text: '', type: null };

    it('ends the session of a refresh token, of whatever generation', async () => {
      const [one, two] = [await host.login(), await host.login()];
      const { refreshToken } = await renewed(one.refresh);
      await renewed(refreshToken);
      expect(answerOf(await host.revoke(one.refresh))).toEqual(EMPTY);
      expect(answerOf(await host.revoke(two.refresh))).toEqual(EMPTY);
      expect(await host.areAccepted(one, two)).toEqual([false, false]);
      await host.refresh(two.refresh).expect(401);
    });

    it('ends the session of an access token', async () => {
      const [one, other] = [await host.login(), await host.login()];
      expect(answerOf(await host.revoke(one.access))).toEqual(EMPTY);
      expect(await host.areAccepted(one, other)).toEqual([false, true]);
      await host.refresh(one.refresh).expect(401);
    });

    it('revokes the token of another issuer that is accepted', async () => {
      const token = host.app.issuer.token();
      expect(answerOf(await host.revoke(token))).toEqual(EMPTY);
      await host.app.me(token).expect(401);
    });

    it('revokes refresh tokens that are JWTs, where the rules say what they are', async () => {
      await host.close();
      const claim = { name: 'token_use', value: 'refresh' };
      await start({}, { refreshTokens: { claim } });
      const token = host.app.issuer.token({ token_use: 'refresh' });
      await host.revoke(token).expect(200);
      const { revocations } = await host.app.store.find({ subject: 'ada' });
      expect(revocations).toHaveLength(1);
    });

    it('answers 200 also to what is unknown, expired or revoked, and ignores the hint', async () => {
      const { access, refresh } = await host.login();
      await host.app.logout(access);
      const tokens = [
        'rubbish',
        `nlr1_${'A'.repeat(91)}`,
        host.app.issuer.expired(),
        access,
        refresh,
      ];
      for (const token of tokens) {
        const hint = { token, token_type_hint: 'no such thing' };
        const answer = await host.ask('post', '/revoke').type('form').send(hint);
        expect(answerOf(answer)).toEqual(EMPTY);
      }
    });

    it.each([
      ['missing', 'token_type_hint=access_token'],
      ['empty', 'token='],
      ['there twice', 'token=a&token=b'],
      ['missing with the whole body', ''],
    ])('answers invalid_request where the token is %s', async (_, body) => {
      const answer = await host.ask('post', '/revoke').type('form').send(body);
      expect(answerOf(answer)).toEqual({ ...ANSWERS.badRequest, text: answer.text });
      expect(answer.body).toEqual({
        ...{ success: false, message: 'Solicitud inválida' },
        error: 'invalid_request',
      });
    });

    it('takes a form alone', async () => {
      const { access } = await host.login();
      const answer = await host.ask('post', '/revoke').send({ token: access });
      expect(answerOf(answer)).toEqual(ANSWERS.unsupported);
      await host.app.me(access).expect(200);
    });

    it('answers 503 with Retry-After where the store fails: the token must be taken for live', async () => {
      const { access, refresh } = await host.login();
      await host.app.store.close();
      for (const token of [access, refresh]) {
        const answer = await host.revoke(token).expect('Retry-After', '1');
        expect(answerOf(answer)).toEqual({ ...ANSWERS.internal, status: 503 });
      }
    });
  });

  describe('The store is away', () => {
    it('each route answers the documented 500', async () => {
      const { access, refresh, sid } = await host.login();
      await host.app.store.close();
      const answers = [
        await host.refresh(refresh),
        await host.ask('post', '/logout/others', access),
        await host.ask('post', '/logout/all', access),
        await host.ask('get', '/sessions', access),
        await host.ask('delete', `/sessions/${sid}`, access),
      ];
      for (const answer of answers) expect(answerOf(answer)).toEqual(ANSWERS.internal);
    });
  });

  describe('The throttle', () => {
    beforeEach(async () => {
      await host.close();
      await start({}, { throttleLimit: 3 });
    });

    const fill = async (path: string): Promise<void> => {
      for (let count = 0; count < 4; count += 1) await host.ask('post', path).send({});
      const answer = await host.ask('post', path).send({});
      expect(answerOf(answer)).toEqual(ANSWERS.tooMany);
      expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    };

    it('counts each route for itself', async () => {
      await fill('/refresh');
      expect(answerOf(await host.ask('post', '/logout/all'))).toEqual(ANSWERS.missing);
      expect(answerOf(await host.ask('get', '/sessions'))).toEqual(ANSWERS.missing);
      expect(answerOf(await host.ask('post', '/logout'))).toEqual(ANSWERS.missing);
      await host.revoke('rubbish').expect(200);
    });

    it('lets a genuine refresh token pass where its address has sent too many', async () => {
      const { refresh } = await host.login();
      await fill('/refresh');
      await host.refresh(`nlr1_${'A'.repeat(91)}`).expect(429);
      await host.refresh(refresh).expect(200);
    });

    it('lets a genuine refresh token be revoked where its address has sent too many', async () => {
      const login = await host.login();
      for (let count = 0; count < 4; count += 1) await host.revoke('rubbish');
      await host.revoke('rubbish').expect(429);
      await host.revoke(login.refresh).expect(200);
      expect(await host.areAccepted(login)).toEqual([false]);
    });

    it('counts 120 refreshes a minute for each session, whatever generation is sent', async () => {
      const [one, other] = [await host.login(), await host.login()];
      let { refresh } = one;
      for (let count = 0; count < 120; count += 1)
        ({ refreshToken: refresh } = await renewed(refresh));
      expect(answerOf(await host.refresh(refresh))).toEqual(ANSWERS.tooMany);
      expect(answerOf(await host.refresh(one.refresh))).toEqual(ANSWERS.tooMany);
      expect(await host.areAccepted(one)).toEqual([true]);
      await host.refresh(other.refresh).expect(200);
    });

    it('counts a live bearer by its token, and lets it log out all the same', async () => {
      const [one, other] = [await host.login(), await host.login()];
      for (let count = 0; count < 3; count += 1)
        await host.ask('get', '/sessions', one.access).expect(200);
      expect(answerOf(await host.ask('get', '/sessions', one.access))).toEqual(ANSWERS.tooMany);
      await host.ask('get', '/sessions', other.access).expect(200);
      await host.ask('post', '/logout/others', one.access).expect(200);
      await host.app.logout(one.access).expect(200);
    });
  });

  describe('What is no request of theirs', () => {
    it.each([
      ['GET', '/refresh', 'POST'],
      ['PUT', '/logout/others', 'POST'],
      ['DELETE', '/logout/all', 'POST'],
      ['POST', '/sessions', 'GET'],
      ['GET', '/sessions/AAAAAAAAAAAAAAAAAAAAAA', 'DELETE'],
      ['PATCH', '/revoke', 'POST'],
    ])('%s %s is a 405 that names the method', async (method, path, allow) => {
      const answer = await fetch(`${host.app.url}/api/v1/auth${path}`, { method });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow]);
    });

    it('a session id that a client sends is ignored', async () => {
      const [one, other] = [await host.login(), await host.login('bob')];
      const body = { sid: other.sid, sessionId: other.sid, sub: 'bob' };
      await host.ask('post', `/logout/all?sid=${other.sid}`, one.access).send(body).expect(200);
      expect(await host.areAccepted(one, other)).toEqual([false, true]);
      const refreshed = { refreshToken: other.refresh, sid: one.sid };
      const answer = await host.ask('post', '/refresh').send(refreshed).expect(200);
      await host.app.me((answer.body as Renewed).accessToken).expect(200);
    });
  });
});

describe.each(PLATFORMS)('The words of the routes of sessions on %s', (platform) => {
  const wordsOf = async (messages: 'es' | 'en' | Partial<Messages>): Promise<unknown[]> => {
    const host = await SessionApp.start(platform, {}, { messages });
    try {
      const [one, two]: Login[] = [await host.login(), await host.login()];
      const answers = [
        await host.refresh(one!.refresh),
        await host.ask('get', '/sessions', one!.access),
        await host.ask('delete', `/sessions/${two!.sid}`, one!.access),
        await host.ask('delete', `/sessions/${two!.sid}`, one!.access),
        await host.ask('post', '/logout/others', one!.access),
        await host.ask('post', '/logout/all', one!.access),
        await host.refresh(one!.refresh),
      ];
      return answers.map(({ body }) => (body as { message: unknown }).message);
    } finally {
      await host.close();
    }
  };

  it.each([
    [
      'es' as const,
      ['Sesión renovada', 'Sesiones activas', 'Sesión cerrada exitosamente', 'No encontrado'],
      ['Sesión cerrada exitosamente', 'Token no proporcionado o inválido'],
    ],
    [
      'en' as const,
      ['Session renewed', 'Active sessions', 'Logged out successfully', 'Not found'],
      ['Logged out successfully', 'Token missing or invalid'],
    ],
  ])('are those of the language %s', async (language, first, [loggedOut, refused]) => {
    expect(await wordsOf(language)).toEqual([...first, loggedOut, loggedOut, refused]);
  });

  it('are the host’s own where it has some', async () => {
    const own = { sessionRenewed: 'On we go', activeSessions: 'Here they are' };
    expect((await wordsOf(own)).slice(0, 2)).toEqual(Object.values(own));
  });
});
