import crypto from 'node:crypto';
import type { Test } from 'supertest';
import { ANSWERS, answerOf, type WholeAnswer } from '../support/answers';
import { PLATFORMS, TestApp } from '../support/app';
import { auditOf } from '../support/audit';
import { FaultyStore } from '../support/faulty-store';
import { ISSUER, TEST_ALGORITHMS, TestIssuer } from '../support/tokens';

type Make = (app: TestApp) => string | Promise<string>;

const expired: Make = ({ issuer }) => issuer.expired();
const forged: Make = ({ issuer }) => new TestIssuer(issuer.algorithm).token();
const forgedExpired: Make = ({ issuer }) => new TestIssuer(issuer.algorithm).expired();
const stranger: Make = ({ issuer }) => issuer.token({ sub: 'bob' });
const expiredStranger: Make = ({ issuer }) => issuer.expired({ sub: 'bob' });
const noToken: Make = () => 'no-token';
const controls: Make = () => 'a\u0000b\r\n\u001b[2J';

async function revoked(app: TestApp, claims = {}): Promise<string> {
  const token = app.issuer.token(claims);
  await app.logout(token).expect(200);
  return token;
}
const revokedStranger: Make = (app) => revoked(app, { sub: 'bob' });

/** A logout with exactly this body text; without it, with no body at all. */
function logout(app: TestApp, bearer: string | undefined, body?: string): Test {
  const request = app.post();
  if (bearer !== undefined) request.set('Authorization', `Bearer ${bearer}`);
  return body === undefined ? request : request.type('application/json').send(body);
}

const naming = (make: Make) => async (app: TestApp) => JSON.stringify({ token: await make(app) });
const exactly = (text?: string) => () => text;

/** What the body can be, with the answer that a live bearer gets. */
const BODIES: readonly [
  what: string,
  make: (app: TestApp) => string | undefined | Promise<string>,
  answer: WholeAnswer,
  reason: string,
][] = [
  ['no body', exactly(), ANSWERS.refused, 'body_token_missing'],
  ['an array', exactly('["token"]'), ANSWERS.refused, 'body_token_form'],
  ['an empty array', exactly('[]'), ANSWERS.refused, 'body_token_form'],
  ['a string', exactly('"token"'), ANSWERS.refused, 'body_token_form'],
  ['a number', exactly('42'), ANSWERS.refused, 'body_token_form'],
  ['true', exactly('true'), ANSWERS.refused, 'body_token_form'],
  ['null', exactly('null'), ANSWERS.refused, 'body_token_form'],
  ['an empty object', exactly('{}'), ANSWERS.refused, 'body_token_missing'],
  ['a token that is null', exactly('{"token":null}'), ANSWERS.refused, 'body_token_form'],
  ['a token that is a number', exactly('{"token":42}'), ANSWERS.refused, 'body_token_form'],
  ['a token that is a list', exactly('{"token":["a.b.c"]}'), ANSWERS.refused, 'body_token_form'],
  ['a token that is an object', exactly('{"token":{}}'), ANSWERS.refused, 'body_token_form'],
  [
    'a token in __proto__',
    exactly('{"__proto__":{"token":"a.b.c"}}'),
    ANSWERS.refused,
    'body_token_missing',
  ],
  ['an empty token', exactly('{"token":""}'), ANSWERS.refused, 'body_token_form'],
  ['a text that is no token', naming(noToken), ANSWERS.refused, 'body_token_form'],
  ['control characters', naming(controls), ANSWERS.refused, 'body_token_form'],
  ['a forged token', naming(forged), ANSWERS.refused, 'body_token_signature'],
  ['a forged expired token', naming(forgedExpired), ANSWERS.refused, 'body_token_signature'],
  ["a stranger's token", naming(stranger), ANSWERS.refused, 'token_not_own'],
  ["a stranger's expired token", naming(expiredStranger), ANSWERS.refused, 'token_not_own'],
  ["a stranger's revoked token", naming(revokedStranger), ANSWERS.refused, 'token_not_own'],
  ['an own expired token', naming(expired), ANSWERS.expired, 'token_expired'],
  ['an own revoked token', naming((app) => revoked(app)), ANSWERS.refused, 'token_revoked'],
];

/** What the bearer can be, with the answer it gets whatever the body is. */
const DEAD_BEARERS: readonly [what: string, make: Make, answer: WholeAnswer, reason: string][] = [
  ['no token', noToken, ANSWERS.refused, 'form'],
  ['forged', forged, ANSWERS.refused, 'signature'],
  ['forged and expired', forgedExpired, ANSWERS.refused, 'signature'],
  ['expired', expired, ANSWERS.expired, 'token_expired'],
  ['revoked', (app) => revoked(app), ANSWERS.refused, 'token_revoked'],
];

type Answered = readonly [what: string, make: unknown, answer: WholeAnswer, reason: string];
const otherThan =
  ([, , answer]: Answered) =>
  ([, , other]: Answered): boolean =>
    other !== answer;

describe.each(PLATFORMS)('The verdicts on %s', (platform) => {
  it.each(TEST_ALGORITHMS)(
    'answer 200 for a live bearer that names itself, and 401 ever after: with %s',
    async (algorithm) => {
      const app = await TestApp.start(platform, {}, { issuer: new TestIssuer(algorithm) });
      try {
        const token = app.issuer.token();
        expect(answerOf(await app.logout(token))).toEqual(ANSWERS.loggedOut);
        expect(answerOf(await app.logout(token))).toEqual(ANSWERS.refused);
        await app.me(token).expect(401);
      } finally {
        await app.close();
      }
    },
  );

  describe('with HS256', () => {
    let app: TestApp;
    beforeAll(async () => {
      app = await TestApp.start(platform);
    });
    afterAll(() => app.close());

    it.each(DEAD_BEARERS.slice(1))(
      'are one answer for a bearer that is %s',
      async (_, make, answer) => {
        const bearer = await make(app);
        expect(answerOf(await app.logout(bearer))).toEqual(answer);
      },
    );

    it.each(BODIES.slice(-8))('are one answer for a body with %s', async (_, make, answer) => {
      const bearer = app.issuer.token();
      expect(answerOf(await logout(app, bearer, await make(app)))).toEqual(answer);
    });
  });

  describe('in their order', () => {
    let app: TestApp;
    beforeAll(async () => {
      app = await TestApp.start(platform);
    });
    afterAll(() => app.close());

    it('cost one signature where the bearer names itself', async () => {
      const token = app.issuer.token();
      const hmac = jest.spyOn(crypto, 'createHmac');
      await app.logout(token).expect(200);
      expect(hmac).toHaveBeenCalledTimes(1);
      hmac.mockRestore();
    });

    it.each(BODIES)('ask for a bearer before they look at %s', async (_, make) => {
      expect(answerOf(await logout(app, undefined, await make(app)))).toEqual(ANSWERS.missing);
    });

    // Each bearer with one body and each body with one bearer, such that the two answers differ.
    const deadPairs = [
      ...DEAD_BEARERS.map((dead) => ({ dead, body: BODIES.find(otherThan(dead))! })),
      ...BODIES.map((body) => ({ dead: DEAD_BEARERS.find(otherThan(body))!, body })),
    ].map(({ dead: [bearer, makeBearer, answer], body: [body, makeBody] }) => ({
      ...{ bearer, makeBearer, answer },
      ...{ body, makeBody },
    }));
    it.each(deadPairs)(
      'judge a bearer that is $bearer before $body',
      async ({ makeBearer, makeBody, answer }) => {
        const body = await makeBody(app);
        const bearer = await makeBearer(app);
        expect(answerOf(await logout(app, bearer, body))).toEqual(answer);
      },
    );

    it.each(BODIES)('give a live bearer with %s its one answer', async (_, make, answer) => {
      const bearer = app.issuer.token();
      const body = await make(app);
      expect(answerOf(await logout(app, bearer, body))).toEqual(answer);
      await app.me(bearer).expect(200);
    });
  });
});

describe('The audit of refused logouts', () => {
  let app: TestApp;
  beforeEach(async () => {
    app = await TestApp.start('express');
  });
  afterEach(() => app.close());

  it.each(DEAD_BEARERS.slice(1))(
    'says why a bearer that is %s was refused',
    async (_, make, __, reason) => {
      const bearer = await make(app);
      await logout(app, bearer, '[]').set('User-Agent', 'probe/1');
      const [event] = await auditOf(app, { event: 'authn_token_revoked', outcome: 'failure' });
      expect(event).toMatchObject({ reason, ip: '127.0.0.1', userAgent: 'probe/1' });
    },
  );

  it.each(BODIES.filter(([, , , reason]) => reason !== 'token_not_own'))(
    'says why a live bearer with %s was refused, and whose it was',
    async (_, make, __, reason) => {
      const body = await make(app);
      await logout(app, app.issuer.token({ jti: 'the-bearer' }), body);
      const [event] = await auditOf(app, { event: 'authn_token_revoked', outcome: 'failure' });
      expect(event).toMatchObject({ reason, subject: 'ada', tokenId: 'the-bearer' });
    },
  );

  it.each(BODIES.filter(([, , , reason]) => reason === 'token_not_own'))(
    'calls naming %s what it is: an attempt on another user',
    async (_, make) => {
      const body = await make(app);
      await logout(app, app.issuer.token({ jti: 'the-bearer' }), body);
      const [event] = await auditOf(app, { event: 'authz_fail' });
      expect(event).toMatchObject({
        outcome: 'failure',
        reason: 'token_not_own',
        subject: 'ada',
        tokenId: 'the-bearer',
      });
    },
  );

  it('says that no token came', async () => {
    await logout(app, undefined, '{}');
    const [event] = await auditOf(app);
    expect(event).toMatchObject({ event: 'authn_token_revoked', reason: 'token_missing' });
    expect(event).not.toHaveProperty('subject');
  });

  it('records the reuse of a revoked bearer beside the refusal', async () => {
    const token = await revoked(app, { jti: 'ended' });
    await app.logout(token).expect(401);
    expect(await auditOf(app, { event: 'authn_token_reuse' })).toMatchObject([
      { tokenId: 'ended', outcome: 'failure', reason: 'token_revoked' },
    ]);
  });

  it('records a success once, with its scope', async () => {
    await revoked(app, { jti: 'done', sid: 'session-7' });
    expect(await auditOf(app, { outcome: 'success' })).toMatchObject([
      { event: 'authn_token_revoked', scope: 'token', tokenId: 'done', sessionId: 'session-7' },
    ]);
  });
});

describe.each(PLATFORMS)('Which token ends on %s', (platform) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start(platform, { issuer: [ISSUER, 'https://other.example'] });
  });
  afterAll(() => app.close());

  it('is the one that the body names, while the bearer lives', async () => {
    const bearer = app.issuer.token();
    const named = app.issuer.token();
    expect(answerOf(await app.logout(bearer, named))).toEqual(ANSWERS.loggedOut);
    await app.me(named).expect(401);
    await app.me(bearer).expect(200);
  });

  it("is never a stranger's", async () => {
    const victim = app.issuer.token({ sub: 'bob' });
    expect(answerOf(await app.logout(app.issuer.token(), victim))).toEqual(ANSWERS.refused);
    await app.me(victim).expect(200);
  });

  it('is never one of another issuer, though the subject has the same name', async () => {
    const victim = app.issuer.token({ iss: 'https://other.example' });
    expect(answerOf(await app.logout(app.issuer.token(), victim))).toEqual(ANSWERS.refused);
    await app.me(victim).expect(200);
  });

  it('is the last one, where a careless client repeats the key', async () => {
    const [bearer, first, last] = [app.issuer.token(), app.issuer.token(), app.issuer.token()];
    const body = `{"token":"${first}","token":"${last}"}`;
    expect(answerOf(await logout(app, bearer, body))).toEqual(ANSWERS.loggedOut);
    await app.me(first).expect(200);
    await app.me(last).expect(401);
  });

  it('does not depend on anything else in the body', async () => {
    const token = app.issuer.token();
    const body = JSON.stringify({ sub: 'bob', exp: 1, admin: true, token, __proto: {} });
    expect(answerOf(await logout(app, token, body))).toEqual(ANSWERS.loggedOut);
    await app.me(token).expect(401);
  });

  it('ends once, however many ask at the same instant', async () => {
    const token = app.issuer.token({ sub: 'carol' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => app.logout(token)));
    expect(answers.map(({ status }) => status).sort()).toEqual([
      200,
      ...Array<number>(19).fill(401),
    ]);
    expect(await auditOf(app, { subject: 'carol', outcome: 'success' })).toHaveLength(1);
  });
});

describe('An application that takes any issuer', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start('express', { issuer: null });
  });
  afterAll(() => app.close());

  it.each([
    ['another issuer', { iss: 'https://other.example' }],
    ['no issuer', { iss: undefined }],
  ])('still tells the subject of %s from its own', async (_, claims) => {
    const victim = app.issuer.token(claims);
    expect(answerOf(await app.logout(app.issuer.token(), victim))).toEqual(ANSWERS.refused);
    await app.me(victim).expect(200);
  });

  it('logs out a token that names no issuer', async () => {
    const token = app.issuer.token({ iss: undefined });
    expect(answerOf(await app.logout(token))).toEqual(ANSWERS.loggedOut);
    await app.me(token).expect(401);
  });
});

describe.each(PLATFORMS)('A store that fails on %s', (platform) => {
  let app: TestApp;
  let store: FaultyStore;
  beforeEach(async () => {
    store = new FaultyStore();
    app = await TestApp.start(platform, { store });
  });
  afterEach(() => app.close());

  it('is a 500 at the logout when it cannot look a token up', async () => {
    const token = app.issuer.token();
    store.isBlind = true;
    expect(answerOf(await app.logout(token))).toEqual(ANSWERS.internal);
    expect(store.additions).toBe(0);
  });

  it('is a 500 on guarded routes, and lets no request in', async () => {
    const token = app.issuer.token();
    store.isBlind = true;
    expect(answerOf(await app.me(token))).toEqual(ANSWERS.internal);
  });

  it('is a 500 when it cannot add, and the token lives', async () => {
    const token = app.issuer.token();
    store.addFails = 'before';
    expect(answerOf(await app.logout(token))).toEqual(ANSWERS.internal);
    await app.me(token).expect(200);
    expect(await auditOf(app)).toMatchObject([
      { event: 'authn_token_revoked', outcome: 'failure', reason: 'store_unavailable' },
    ]);
  });

  it('is a 500 when it is unknown whether it committed, and 401 tells the retry that it did', async () => {
    const token = app.issuer.token();
    store.addFails = 'after';
    expect(answerOf(await app.logout(token))).toEqual(ANSWERS.internal);
    store.addFails = 'never';
    expect(answerOf(await app.logout(token))).toEqual(ANSWERS.refused);
    await app.me(token).expect(401);
  });

  it('is a 500 when it cannot look up another named token', async () => {
    const [bearer, named] = [app.issuer.token(), app.issuer.token()];
    const isRevoked = store.isRevoked.bind(store);
    store.isRevoked = (query) => {
      store.isBlind = store.lookUps === 1;
      return isRevoked(query);
    };
    expect(answerOf(await app.logout(bearer, named))).toEqual(ANSWERS.internal);
    expect(store.additions).toBe(0);
  });

  it('is a 500 too when it throws what no store should', async () => {
    store.error = new RangeError('relation "revoked_tokens" does not exist');
    store.isBlind = true;
    const token = app.issuer.token();
    expect(answerOf(await app.logout(token))).toEqual(ANSWERS.internal);
    expect(answerOf(await app.me(token))).toEqual(ANSWERS.internal);
  });

  it('is not asked about what is no token, so that those get their 401 meanwhile', async () => {
    store.isBlind = true;
    expect(answerOf(await app.logout('no.to.ken'))).toEqual(ANSWERS.refused);
    // A revocation may be kept for a minute after the token has expired.
    const now = Math.floor(Date.now() / 1000);
    const expired = app.issuer.expired({ iat: now - 600, exp: now - 120 });
    expect(answerOf(await app.logout(expired))).toEqual(ANSWERS.expired);
    expect(store.lookUps).toBe(0);
  });

  it('is asked again for each request: nothing is remembered as live', async () => {
    const token = app.issuer.token();
    await app.me(token).expect(200);
    store.isBlind = true;
    await app.me(token).expect(500);
    store.isBlind = false;
    await app.me(token).expect(200);
  });
});
