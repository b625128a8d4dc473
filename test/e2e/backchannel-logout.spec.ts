import { createHmac, randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import request, { type Test } from 'supertest';
import { RevocationStore, type AuthModuleOptions } from '../../src';
import { answerOf, ANSWERS, type WholeAnswer } from '../support/answers';
import { PLATFORMS, TestApp } from '../support/app';
import { auditOf } from '../support/audit';
import { FaultyStore } from '../support/faulty-store';
import {
  BACKCHANNEL,
  BACKCHANNEL_LOGOUT,
  CLIENT_ID,
  logoutClaims,
  logoutToken,
  nowSeconds,
} from '../support/logout-tokens';
import { ISSUER, TestIssuer } from '../support/tokens';

const TAKEN: Partial<WholeAnswer> = { status: 200, text: '', type: null, cacheControl: 'no-store' };
const INVALID_REQUEST = {
  ...ANSWERS.badRequest,
  text: '{"error":"invalid_request"}',
};
const MINUTE = 60;

describe.each(PLATFORMS)('POST /backchannel-logout on %s', (platform) => {
  const issuer = new TestIssuer('ES256');
  let app: TestApp;
  const start = async (options: Partial<AuthModuleOptions> = {}): Promise<void> => {
    app = await TestApp.start(platform, { backchannel: BACKCHANNEL, ...options }, { issuer });
  };
  beforeEach(() => start());
  afterEach(() => app.close());

  const send = (text: unknown): Test =>
    request(app.url).post(BACKCHANNEL_LOGOUT).type('form').send({ logout_token: text });
  const sendToken = (changes = {}, header = {}): Test => send(logoutToken(issuer, changes, header));
  const revocations = async () =>
    (await app.nest.get(RevocationStore).find({ limit: 1000 })).revocations;
  const isAccepted = async (token: string): Promise<boolean> => {
    const { status } = await app.me(token);
    expect([200, 401]).toContain(status);
    return status === 200;
  };
  const audited = async () =>
    (await auditOf(app)).map(({ event, outcome, reason, scope, subject, sessionId, actor }) => ({
      ...{ event, outcome, reason, scope, subject, sessionId, actor },
    }));

  describe('with the session of a user', () => {
    it('refuses every token of that session, and those of no other', async () => {
      const [first, second] = [issuer.token({ sid: 's1' }), issuer.token({ sid: 's1' })];
      const other = issuer.token({ sid: 's2' });
      expect(await isAccepted(first)).toBe(true);
      expect(answerOf(await sendToken({ sub: 'ada' }))).toMatchObject(TAKEN);
      expect(await Promise.all([first, second, other].map(isAccepted))).toEqual([
        false,
        false,
        true,
      ]);
      // One that the provider had minted before, and that comes here later.
      expect(await isAccepted(issuer.token({ sid: 's1', iat: nowSeconds() }))).toBe(false);
    });

    it.each(['42', '-7', String(Number.MAX_SAFE_INTEGER)])(
      'refuses tokens whose issuer writes the session %s as an integer, and tells the audit once',
      async (sid) => {
        await app.close();
        await start({ sessionClaim: 'session_id' });
        const token = (session_id: unknown) => issuer.token({ session_id });
        const tokens = [token(Number(sid)), token(sid), token(Number(sid) - 1), token(`${sid}.0`)];
        expect(await Promise.all(tokens.map(isAccepted))).toEqual([true, true, true, true]);
        const iat = nowSeconds(); // a logout of a later second is another one
        for (const jti of ['l1', 'l1', 'l2']) await sendToken({ sid, jti, iat }).expect(200);
        expect(await Promise.all(tokens.map(isAccepted))).toEqual([false, false, true, true]);
        const logouts = (await audited()).filter(({ event }) => event === 'authn_token_revoked');
        expect(logouts).toMatchObject([{ scope: 'session', sessionId: sid }]);
      },
    );

    it('says in the log that tokens without a session go on, where such came', async () => {
      const lines: unknown[] = [];
      const warn = (line: unknown) => lines.push(line);
      app.nest.useLogger({ log: () => undefined, error: () => undefined, warn });
      await sendToken({ sid: 's0' }).expect(200);
      expect(await isAccepted(issuer.token({ sid: 's1' }))).toBe(true);
      await sendToken({ sid: 's1' }).expect(200);
      expect(lines).toEqual([]);
      const without = issuer.token();
      expect(await isAccepted(without)).toBe(true);
      for (const sid of ['s2', 's3']) await sendToken({ sid }).expect(200);
      expect(lines).toEqual([
        expect.stringMatching(
          `^A logout at the issuer "${ISSUER}" ended the tokens of a session\\. .*sessionClaim`,
        ),
      ]);
      expect(await isAccepted(without)).toBe(true);
    });

    it('takes a user that is an integer, as access tokens may have it', async () => {
      const token = issuer.token({ sid: 's1', sub: 42 });
      expect(await isAccepted(token)).toBe(true);
      await sendToken({ sub: 42 }).expect(200);
      expect(await isAccepted(token)).toBe(false);
      expect(await audited()).toContainEqual(
        expect.objectContaining({ outcome: 'success', subject: '42' }),
      );
      const another = issuer.token({ sid: 's2', sub: 42 });
      await sendToken({ sub: 42, sid: undefined }).expect(200);
      expect(await isAccepted(another)).toBe(false);
    });

    it('tells the audit who ended it: the provider', async () => {
      await sendToken({ sub: 'ada', jti: 'l1' }).expect(200);
      const [row] = await auditOf(app);
      expect(row).toMatchObject({
        ...{ event: 'authn_token_revoked', outcome: 'success', scope: 'session', issuer: ISSUER },
        ...{ sessionId: 's1', subject: 'ada', tokenId: 'l1', ip: '127.0.0.1' },
        ...{ actor: `idp:${ISSUER}`, reason: 'backchannel_logout' },
      });
    });

    it('tells the audit of the longest name, cut to what a row can hold', async () => {
      await app.close();
      const iss = `https://${'a'.repeat(247)}`;
      await start({ issuer: iss });
      await sendToken({ iss }).expect(200);
      const [row] = await auditOf(app);
      expect(row).toMatchObject({ issuer: iss, actor: `idp:${iss.slice(0, 251)}` });
    });

    it('keeps that for as long as the session may have tokens, counted from the logout', async () => {
      await app.close();
      await start({ sessionSeconds: 1000, maxLifetimeSeconds: 900, clockToleranceSeconds: 10 });
      const iat = nowSeconds() - 30;
      await sendToken({ iat }).expect(200);
      const [{ expiresAt } = {}] = await revocations();
      expect(expiresAt?.getTime()).toBe((iat + 900 + 1000 + 10 + MINUTE) * 1000);
    });
  });

  describe('with a user alone', () => {
    const ofUser = { sid: undefined, sub: 'ada' };

    it('refuses what was issued by the second of the logout, and lets the next login in', async () => {
      const iat = nowSeconds() - 10;
      const token = (changes: Record<string, unknown>) => issuer.token({ sub: 'ada', ...changes });
      const tokens = [
        token({ iat: iat - 1 }),
        token({ iat }),
        token({ iat: iat + 0.999 }),
        token({ iat: iat + 1 }),
        token({ iat, sub: 'grace' }),
      ];
      await sendToken({ ...ofUser, iat }).expect(200);
      expect(await Promise.all(tokens.map(isAccepted))).toEqual([false, false, false, true, true]);
      const ended = (await audited()).filter(({ outcome }) => outcome === 'success');
      expect(ended).toMatchObject([
        { scope: 'subject', subject: 'ada', actor: `idp:${ISSUER}`, reason: 'backchannel_logout' },
      ]);
    });

    it('with cutoffClaim "auth_time", refuses also what is refreshed later, until a new login', async () => {
      await app.close();
      await start({ cutoffClaim: 'auth_time' });
      const iat = nowSeconds() - 10;
      await sendToken({ ...ofUser, iat }).expect(200);
      const refreshed = issuer.token({ auth_time: iat - 60, iat: iat + 5 });
      const newLogin = issuer.token({ auth_time: iat + 1, iat: iat + 5 });
      expect(await Promise.all([refreshed, newLogin].map(isAccepted))).toEqual([false, true]);
    });

    it('finds the user where access tokens have it, and says so where it is not there', async () => {
      await app.close();
      await start({ subjectClaim: 'uid' });
      const token = issuer.token({ sub: 'pairwise', uid: 'u7', sid: 's1' });
      expect(answerOf(await sendToken(ofUser))).toEqual(INVALID_REQUEST);
      await sendToken({ ...ofUser, uid: 'u8' }).expect(200);
      expect(await isAccepted(token)).toBe(true);
      await sendToken({ ...ofUser, uid: 'u7' }).expect(200);
      expect(await isAccepted(token)).toBe(false);
      const other = issuer.token({ uid: 'u9', sid: 's9' });
      await sendToken({ sid: 's9', sub: 'pairwise' }).expect(200);
      expect(await isAccepted(other)).toBe(false);
    });
  });

  describe("with ends: 'subject', of an issuer whose access tokens have no sid,", () => {
    const ofBoth = { sid: 's1', sub: 'ada' };
    beforeEach(async () => {
      await app.close();
      await start({ backchannel: { ...BACKCHANNEL, ends: 'subject' } });
    });

    it('refuses what the user had by the second of the logout, and the session for good', async () => {
      const iat = nowSeconds() - 10;
      const tokens = [
        issuer.token({ sub: 'ada', iat }),
        issuer.token({ sub: 'ada', iat: iat + 1 }),
        issuer.token({ sub: 'grace', iat }),
        issuer.token({ sub: 'ada', sid: 's1', iat: iat + 1 }),
        issuer.token({ sub: 'ada', sid: 's2', iat: iat + 1 }),
      ];
      expect(await Promise.all(tokens.map(isAccepted))).toEqual(tokens.map(() => true));
      expect(answerOf(await sendToken({ ...ofBoth, iat }))).toMatchObject(TAKEN);
      const accepted = await Promise.all(tokens.map(isAccepted));
      expect(accepted).toEqual([false, true, true, false, true]);
    });

    it('tells the audit both, once each', async () => {
      const captured = logoutToken(issuer, ofBoth);
      await send(captured).expect(200);
      await send(captured).expect(200);
      const ofProvider = { subject: 'ada', actor: `idp:${ISSUER}`, reason: 'backchannel_logout' };
      const rows = (await audited()).toSorted((a, b) => `${a.scope}`.localeCompare(`${b.scope}`));
      expect(rows).toMatchObject([
        { ...ofProvider, scope: 'session', sessionId: 's1' },
        { ...ofProvider, scope: 'subject', sessionId: undefined },
      ]);
    });

    it('takes the user alone, and refuses the session alone: nothing of the user would end', async () => {
      const token = issuer.token({ sub: 'ada', iat: nowSeconds() - 1 });
      expect(answerOf(await sendToken({ sid: 's1' }))).toEqual(INVALID_REQUEST);
      expect(await audited()).toMatchObject([{ reason: 'logout_token_subject' }]);
      expect(await isAccepted(token)).toBe(true);
      await sendToken({ ...ofBoth, sid: undefined }).expect(200);
      expect(await isAccepted(token)).toBe(false);
    });

    it.each([
      ['before', 0],
      ['after', 2],
    ] as const)(
      'ends both or neither: with a store that fails %s it has written, %i',
      async (when, ended) => {
        await app.close();
        const store = new FaultyStore();
        await start({ store, backchannel: { ...BACKCHANNEL, ends: 'subject' } });
        store.addFails = when;
        await sendToken(ofBoth).expect(503);
        expect(await revocations()).toHaveLength(ended);
      },
    );
  });

  it.each([
    ['sid', { sub: undefined }],
    ['sub', { sid: undefined, sub: 'ada' }],
    ['both', { sub: 'ada' }],
  ])(
    'answers 200 to %s of what is known, unknown, and ended, and 400 to neither',
    async (_, of) => {
      await app.me(issuer.token({ sid: 's1' })).expect(200);
      expect(answerOf(await sendToken(of))).toMatchObject(TAKEN);
      const unknown = Object.fromEntries(
        Object.entries({ sid: 's1', ...of }).map(([name, value]) => [name, value && randomUUID()]),
      );
      expect(answerOf(await sendToken(unknown))).toMatchObject(TAKEN);
      expect(answerOf(await sendToken(of))).toMatchObject(TAKEN);
      const neither = await sendToken({ sid: undefined, sub: undefined });
      expect(answerOf(neither)).toEqual(INVALID_REQUEST);
    },
  );

  it.each([
    ['session', 1, {}, 'session'],
    ['user', 1, { sid: undefined, sub: 'ada' }, 'session'],
    ['session and its user', 2, { sub: 'ada' }, 'subject'],
  ] as const)(
    'a captured logout token of a %s ends nothing again: 200 replays, with new logins between',
    async (_, rows, of, ends) => {
      await app.close();
      await start({ backchannel: { ...BACKCHANNEL, ends } });
      const iat = nowSeconds() - 2;
      const captured = logoutToken(issuer, { ...of, iat });
      await send(captured).expect(200);
      for (let login = 0; login < 10; login += 1) {
        const token = issuer.token({ sid: randomUUID(), iat: nowSeconds() });
        for (let replay = 0; replay < 20; replay += 1) await send(captured).expect(200);
        expect(await isAccepted(token)).toBe(true);
      }
      expect(await revocations()).toHaveLength(rows);
      expect(await audited()).toHaveLength(rows);
    },
  );

  it('takes one that is late: nothing that it could end is accepted any more', async () => {
    await app.close();
    await start({ maxLifetimeSeconds: 600, sessionSeconds: 60 });
    await sendToken({ iat: nowSeconds() - 3600, exp: nowSeconds() + 60 }).expect(200);
    expect(await revocations()).toEqual([]);
    expect(await audited()).toEqual([]);
  });

  describe('is refused, and nothing changes:', () => {
    const other = new TestIssuer('ES256');
    const unsigned = (text: string): string => {
      const [, payload] = text.split('.');
      return `${Buffer.from('{"alg":"none","typ":"logout+jwt"}').toString('base64url')}.${payload}`;
    };
    const withPublicKey = (): string => {
      const encoded = ['{"alg":"HS256","typ":"logout+jwt"}', JSON.stringify(logoutClaims())]
        .map((part) => Buffer.from(part).toString('base64url'))
        .join('.');
      const mac = createHmac('sha256', issuer.key).update(encoded).digest('base64url');
      return `${encoded}.${mac}`;
    };
    const tampered = (): string => {
      const [header, , signature] = logoutToken(issuer).split('.');
      const payload = Buffer.from(JSON.stringify(logoutClaims({ sid: 's2' })));
      return `${header}.${payload.toString('base64url')}.${signature}`;
    };
    const signed = (changes: Record<string, unknown>) => logoutToken(issuer, changes);

    it.each([
      ['form', 'no signature', () => `${unsigned(logoutToken(issuer))}.`],
      ['algorithm', 'alg none', () => `${unsigned(logoutToken(issuer))}.c2ln`],
      ['algorithm', 'an HMAC with the public key', withPublicKey],
      ['signature', 'the key of another issuer', () => logoutToken(other)],
      ['signature', 'another payload', tampered],
      ['audience', 'another client', () => signed({ aud: 'other' })],
      ['claims', 'neither sid nor sub', () => signed({ sid: undefined })],
    ])('%s: %s', async (cause, _, text) => {
      const token = issuer.token({ sid: 's1' });
      expect(answerOf(await send(text()))).toEqual(INVALID_REQUEST);
      expect(await revocations()).toEqual([]);
      expect(await isAccepted(token)).toBe(true);
      expect(await audited()).toMatchObject([
        {
          event: 'authn_token_revoked',
          outcome: 'failure',
          reason: `logout_token_${cause}`,
          actor: undefined,
        },
      ]);
    });

    it.each([
      ['an access token', () => issuer.token({ sid: 's1', aud: CLIENT_ID }), 'purpose'],
      [
        'an ID token',
        () => issuer.token({ sid: 's1', aud: CLIENT_ID, nonce: 'n', at_hash: 'h' }),
        'purpose',
      ],
    ])('%s', async (_, text, cause) => {
      expect(answerOf(await send(text()))).toEqual(INVALID_REQUEST);
      expect(await audited()).toMatchObject([{ reason: `logout_token_${cause}` }]);
      expect(await revocations()).toEqual([]);
    });

    it.each([
      ['a form without logout_token', 'token=a'],
      ['an empty one', 'logout_token='],
      ['no form', ''],
    ])('%s', async (_, body) => {
      const answer = await request(app.url).post(BACKCHANNEL_LOGOUT).type('form').send(body);
      expect(answerOf(answer)).toEqual(INVALID_REQUEST);
      expect(await audited()).toMatchObject([{ reason: 'logout_token_missing' }]);
    });

    it('two of them, JSON, and another method', async () => {
      const refused = '{"error":"invalid_request"}';
      const text = logoutToken(issuer);
      const form = `logout_token=${text}&logout_token=${text}`;
      const twice = await request(app.url).post(BACKCHANNEL_LOGOUT).type('form').send(form);
      expect(answerOf(twice)).toEqual(INVALID_REQUEST);
      await request(app.url)
        .post(BACKCHANNEL_LOGOUT)
        .send({ logout_token: text })
        .expect(415, refused);
      await request(app.url).get(BACKCHANNEL_LOGOUT).expect(405, refused);
      expect(await revocations()).toEqual([]);
    });
  });

  it.each([
    ['logout+jwt', {}],
    ['LOGOUT+JWT', { typ: 'application/LOGOUT+JWT' }],
    ['JWT', { typ: 'JWT' }],
    ['none', { typ: undefined }],
  ])('takes the header typ %s; with requireTyp the first two alone', async (_, header) => {
    await sendToken({}, header).expect(200);
    await app.close();
    await start({ backchannel: { ...BACKCHANNEL, requireTyp: true } });
    const isLogoutType = /logout\+jwt/i.test(JSON.stringify({ typ: 'logout+jwt', ...header }));
    await sendToken({}, header).expect(isLogoutType ? 200 : 400);
  });

  it('takes one without exp for two minutes, one that names us among others, and several names of us', async () => {
    await sendToken({ exp: undefined, iat: nowSeconds() - 100 }).expect(200);
    await sendToken({ aud: ['other', CLIENT_ID] }).expect(200);
    await app.close();
    await start({ backchannel: { clientIds: ['web', 'app'] } });
    await sendToken({ aud: 'app' }).expect(200);
    await sendToken({ aud: ['web', 'other'] }).expect(200);
    await sendToken({ aud: CLIENT_ID }).expect(400);
  });

  it('the log says why one was refused and what to change, and nothing of the token', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    await sendToken({ aud: 'the-other-client' }).expect(400);
    await sendToken({ sid: 5 }).expect(400);
    const lines = warn.mock.calls.map(([line]) => String(line));
    warn.mockRestore();
    expect(lines).toContain(
      'Refused, logout_token_audience: "aud" is text. The logout token is meant for another client. ' +
        'Name ours, as it is registered at the provider, in backchannel.clientIds.',
    );
    expect(lines.join()).toContain('Refused, logout_token_claims: "sid" is an integer. ');
    expect(lines.join()).not.toContain('the-other-client');
  });

  it('no logout token is a bearer, whatever its typ', async () => {
    for (const typ of ['logout+jwt', 'JWT', 'at+jwt', undefined])
      await app
        .me(logoutToken(issuer, { sub: 'ada', aud: 'https://api.example' }, { typ }))
        .expect(401);
    await app.logout(logoutToken(issuer, { sub: 'ada' })).expect(401);
  });

  describe('when it is not known whether it took effect', () => {
    it('answers 503 and when to repeat it, and audits that', async () => {
      await app.close();
      const store = new FaultyStore();
      await start({ store });
      store.addFails = 'before';
      const answer = await sendToken().expect(503);
      expect(answer.headers).toMatchObject({ 'retry-after': '1', 'cache-control': 'no-store' });
      expect(answer.text).toBe('{"error":"temporarily_unavailable"}');
      expect(await audited()).toMatchObject([{ outcome: 'failure', reason: 'store_unavailable' }]);
    });
  });

  describe('of a flood', () => {
    const LIMIT = 5;
    beforeEach(async () => {
      await app.close();
      await start({ throttleLimit: LIMIT });
    });
    const forged = () => send(logoutToken(new TestIssuer('ES256')));

    it('refuses forged ones, and lets every genuine one through', async () => {
      for (let count = 0; count < LIMIT; count += 1) await forged().expect(400);
      const refused = await forged().expect(429, '{"error":"temporarily_unavailable"}');
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      for (let count = 0; count < 3 * LIMIT; count += 1)
        await sendToken({ sid: `s${count}` }).expect(200);
      const reasons = (await audited()).map(({ reason }) => reason);
      expect(reasons.filter((reason) => reason === 'limit_by_address')).toHaveLength(1);
    });

    it('counts one genuine token by itself', async () => {
      const text = logoutToken(issuer);
      for (let count = 0; count < LIMIT; count += 1) await send(text).expect(200);
      await send(text).expect(429);
      await sendToken().expect(200);
    });

    it('leaves the logout of users its own count', async () => {
      for (let count = 0; count <= LIMIT; count += 1) await forged();
      await app.logout('no.to.ken').expect(401);
    });
  });
});

describe.each(PLATFORMS)('Without backchannel on any issuer, on %s,', (platform) => {
  it('there is no such route', async () => {
    const issuer = new TestIssuer();
    const app = await TestApp.start(platform, {}, { issuer });
    const text = logoutToken(issuer);
    await app.post(BACKCHANNEL_LOGOUT).type('form').send({ logout_token: text }).expect(404);
    await app.close();
  });
});

describe('Of several issuers', () => {
  const [withLogout, without] = [new TestIssuer('ES256'), new TestIssuer('ES256')];
  const rulesOf = (issuer: TestIssuer, name: string) => ({
    ...{ algorithms: ['ES256'], keys: issuer.key, issuer: name, audience: null },
  });
  const [first, second] = ['https://one.example', 'https://two.example'] as const;
  let app: TestApp;
  beforeAll(async () => {
    const flat = { algorithms: undefined, keys: undefined, issuer: undefined, audience: undefined };
    const options = {
      ...flat,
      issuers: [
        { ...rulesOf(withLogout, first), backchannel: BACKCHANNEL },
        rulesOf(without, second),
      ],
    };
    app = await TestApp.start('fastify', options as unknown as Partial<AuthModuleOptions>);
  });
  afterAll(() => app.close());

  it.each([
    ['one without backchannel logs no user out', without, second],
    ['none signs for another', without, first],
    ['nor the other way round', withLogout, second],
  ])('%s', async (_, issuer, iss) => {
    const token = withLogout.token({ iss: first, sid: 's1' });
    const text = logoutToken(issuer, { iss });
    await app.post(BACKCHANNEL_LOGOUT).type('form').send({ logout_token: text }).expect(400);
    await app.me(token).expect(200);
  });

  it('a logout is that of its issuer alone', async () => {
    const tokens = [
      withLogout.token({ iss: first, sid: 's1' }),
      without.token({ iss: second, sid: 's1' }),
    ];
    const text = logoutToken(withLogout, { iss: first });
    await app.post(BACKCHANNEL_LOGOUT).type('form').send({ logout_token: text }).expect(200);
    const statuses = await Promise.all(tokens.map(async (token) => (await app.me(token)).status));
    expect(statuses).toEqual([401, 200]);
  });
});
