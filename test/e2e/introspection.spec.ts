import { generateKeyPairSync } from 'node:crypto';
import http from 'node:http';
import { ForbiddenException } from '@nestjs/common';
import { jwtVerify } from 'jose';
import request, { type Test } from 'supertest';
import {
  AuditLog,
  BulkRevocation,
  TokenRejectedError,
  type AuthModuleOptions,
  type Claims,
} from '../../src';
import { answerOf } from '../support/answers';
import { PLATFORMS } from '../support/app';
import { FaultyStore } from '../support/faulty-store';
import { basic, hashOf, INACTIVE, INTROSPECT, SIGNED, TestCaller } from '../support/introspection';
import { SessionApp } from '../support/session-app';
import { OWN_ISSUER } from '../support/sessions';
import { AUDIENCE, ISSUER, TestIssuer } from '../support/tokens';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const MINUTES_15 = 900;
const DAYS_8 = 8 * 86_400;

const api = new TestCaller('api', { audiences: [OWN_ISSUER, AUDIENCE] });
const all = new TestCaller('all', { audiences: null, refreshTokens: true });
const foreign = new TestCaller('foreign', {
  audiences: 'https://other.example',
  refreshTokens: true,
});

describe.each(PLATFORMS)('POST /introspect on %s', (platform) => {
  let host: SessionApp;
  const start = async (
    options: Partial<AuthModuleOptions> = {},
    sessions: Parameters<typeof SessionApp.start>[1] = {},
  ): Promise<void> => {
    host = await SessionApp.start(
      platform,
      { signingKeys: { key: privateKey, kid: 'now' }, ...sessions },
      { introspectionCallers: [api, all, foreign].map(({ options: each }) => each), ...options },
    );
  };
  const restart = async (...options: Parameters<typeof start>): Promise<void> => {
    await host.close();
    await start(...options);
  };
  beforeEach(() => start());
  afterEach(() => host.close());

  const ask = (token: string, caller = api): Test => caller.ask(host.app.url, token);
  const post = (authorization?: string): Test => {
    const asked = request(host.app.url).post(INTROSPECT).type('form');
    return authorization === undefined ? asked : asked.set('Authorization', authorization);
  };
  const activeIn = async (token: string, caller = api): Promise<object> =>
    (await ask(token, caller).expect(200)).body as object;
  const expectInactive = (token: string, caller = api): Promise<unknown> =>
    ask(token, caller).expect(200, INACTIVE);
  const audited = async (event: string): Promise<object[]> => {
    const log = host.app.nest.get(AuditLog);
    await log.close();
    return (await log.find({})).events.filter((each) => each.event === event);
  };

  describe('of a live token', () => {
    it('tells whose it is, for whom, until when, and of which session', async () => {
      const { access, sid } = await host.login();
      const answer = await ask(access);
      expect(answerOf(answer)).toMatchObject({
        status: 200,
        type: 'application/json; charset=utf-8',
        cacheControl: 'no-store',
        sniffing: 'nosniff',
        challenge: null,
      });
      expect(answer.body).toEqual({
        active: true,
        iss: OWN_ISSUER,
        sub: 'ada',
        aud: OWN_ISSUER,
        exp: expect.any(Number) as number,
        iat: expect.any(Number) as number,
        jti: expect.any(String) as string,
        sid,
        client_id: OWN_ISSUER,
        token_type: 'Bearer',
      });
    });

    it('tells what another issuer has written, and nothing of what is its own affair', async () => {
      const claims = { ...host.app.issuer.claims(), scope: 'read write', azp: 'web', jti: 'j1' };
      const token = host.app.issuer.token({
        ...claims,
        email: 'ada@example',
        sub: 7,
        username: 'a',
      });
      expect(await activeIn(token)).toEqual({
        active: true,
        iss: ISSUER,
        sub: '7',
        aud: AUDIENCE,
        exp: (claims as Record<string, unknown>).exp,
        iat: (claims as Record<string, unknown>).iat,
        jti: 'j1',
        client_id: 'web',
        scope: 'read write',
        token_type: 'Bearer',
      });
    });

    it('tells session and client by the claims in which the issuer writes them', async () => {
      await restart({ sessionClaim: 'login' });
      const token = host.app.issuer.token({ login: 's1', sid: 'another', cid: 'web' });
      expect(await activeIn(token)).toMatchObject({ sid: 's1', client_id: 'web' });
      const { access, sid } = await host.login(); // of a session of ours
      expect(await activeIn(access)).toMatchObject({ sid });
    });

    it('tells the key that a token is bound to, so that no other client may use it', async () => {
      const dpop = await activeIn(host.app.issuer.token({ cnf: { jkt: 'thumb' } }));
      expect(dpop).toMatchObject({ cnf: { jkt: 'thumb' }, token_type: 'DPoP' });
      const mtls = await activeIn(host.app.issuer.token({ cnf: { 'x5t#S256': 'thumb' } }));
      expect(mtls).toMatchObject({ cnf: { 'x5t#S256': 'thumb' }, token_type: 'Bearer' });
    });

    it('is told to a caller of one of its audiences', async () => {
      const one = host.app.issuer.token({ aud: [AUDIENCE, 'https://other.example'] });
      expect(await activeIn(one, foreign)).toMatchObject({ active: true });
      expect(await activeIn(one, all)).toMatchObject({ active: true });
      await expectInactive(host.app.issuer.token(), foreign);
    });

    it('is inactive to a caller of none of its audiences: the log says why, once, and no audit', async () => {
      const lines: string[] = [];
      const nothing = (): void => undefined;
      const warn = (line: unknown) => lines.push(String(line));
      host.app.nest.useLogger({ log: nothing, error: nothing, debug: nothing, warn });
      const evil = 'https://evil.example\n\u202e';
      const token = host.app.issuer.token({ aud: [AUDIENCE, evil] });
      await expectInactive(token, foreign);
      await expectInactive(token, foreign);
      await expectInactive(host.app.issuer.expired(), foreign);
      await expectInactive(new TestIssuer().token(), foreign);
      expect(lines.filter((line) => line.startsWith('Answered'))).toEqual([
        `Answered inactive to the caller "foreign": The token is live and for "${AUDIENCE}", ` +
          '"https://evil.example\\n\\u202e" (aud), and the caller has "https://other.example" ' +
          '(audiences). Add one of the token to those of the caller, if it may be told of such tokens; ' +
          'or send it a token that is for one of its own.',
      ]);
      const log = host.app.nest.get(AuditLog);
      await log.close();
      expect((await log.find({})).events).toEqual([]);
    });

    it('tells no time at which it was issued where the token names none', async () => {
      const token = host.app.issuer.token({ iat: undefined });
      expect(await activeIn(token)).not.toHaveProperty('iat');
    });

    it('ignores the hint of its type', async () => {
      const { access } = await host.login();
      const asked = post(api.authorization).send({ token: access, token_type_hint: 'nonsense' });
      expect((await asked.expect(200)).body).toMatchObject({ active: true });
    });
  });

  describe('of any other text', () => {
    it.each([
      ['rubbish', () => 'rubbish'],
      ['a token of another key', () => new TestIssuer().token()],
      ['an expired token', () => host.app.issuer.expired()],
      ['a token for another audience', () => host.app.issuer.token({ aud: 'https://x.example' })],
      ['an ID token', () => host.app.issuer.token({ nonce: 'n' })],
      ['a forged refresh token', () => `nlr1_${'A'.repeat(91)}`],
      ['text with U+0000', () => '\0'],
      ['9 KB', () => 'x'.repeat(9000)],
    ])('says that it is inactive, and no more: %s', async (_, token) => {
      await expectInactive(token(), all);
    });

    it('says so of the tokens of a session that was ended', async () => {
      const { access, refresh } = await host.login();
      await host.app.logout(access).expect(200);
      await expectInactive(access, all);
      await expectInactive(refresh, all);
    });

    it('says so of the tokens of a user that was banned', async () => {
      const { access, refresh } = await host.login('bob');
      const subject = { issuer: OWN_ISSUER, subject: 'bob' };
      await host.app.nest.get(BulkRevocation).revokeSubject(subject);
      await expectInactive(access, all);
      await expectInactive(refresh, all);
    });

    it('says so of those that are over, though no upkeep has run', async () => {
      const { access, refresh } = await host.login();
      host.passSeconds(MINUTES_15 + 1);
      await expectInactive(access, all);
      expect(await activeIn(refresh, all)).toMatchObject({ active: true });
      host.passSeconds(DAYS_8);
      await expectInactive(refresh, all);
    });

    it('says so to a caller of another audience, whatever form it asks for', async () => {
      const { access, refresh } = await host.login();
      for (const token of [access, refresh]) {
        for (const accept of ['*/*', 'application/json', 'text/html'])
          await ask(token, foreign).set('Accept', accept).expect(200, INACTIVE);
        for (const accept of [SIGNED, `${SIGNED}, application/json;q=0.1`]) {
          const { text } = await ask(token, foreign).set('Accept', accept).expect(200);
          const { payload } = await jwtVerify(text, publicKey);
          expect(JSON.stringify(payload.token_introspection)).toBe(INACTIVE);
        }
      }
    });

    it('counts a revoked token as reuse: a client has presented it', async () => {
      const token = host.app.issuer.token({ jti: 'used' });
      await host.app.logout(token).expect(200);
      await expectInactive(token);
      expect(await audited('authn_token_reuse')).toMatchObject([{ tokenId: 'used' }]);
    });
  });

  describe('of a token that the option validate refuses', () => {
    const hook = jest.fn<unknown, [Claims, object]>();
    beforeEach(async () => {
      hook.mockReset();
      await restart({ validate: hook });
    });

    it.each<[string, () => unknown]>([
      ['returns false', () => false],
      ['returns null, later', () => Promise.resolve(null)],
      [
        'throws its own refusal',
        () => {
          throw new ForbiddenException();
        },
      ],
      ['throws TokenRejectedError', () => Promise.reject(new TokenRejectedError('TOKEN_INVALID'))],
      ...(['TOKEN_EXPIRED', 'LOGOUT_TOKEN_INVALID'] as const).map(
        (code): [string, () => unknown] => [
          `throws it with ${code}`,
          () => {
            throw new TokenRejectedError(code);
          },
        ],
      ),
    ])('tells nothing: it %s', async (_what, refuse) => {
      const { access } = await host.login();
      hook.mockImplementation(refuse);
      expect((await host.app.me(access)).status).not.toBe(200);
      await expectInactive(access);
      hook.mockImplementation((claims) => claims);
      expect(await activeIn(access)).toMatchObject({ active: true });
    });

    it('tells what was signed, whatever the hook writes to the claims', async () => {
      const token = host.app.issuer.token({
        cnf: { jkt: 'thumb' },
        aud: [AUDIENCE, 'https://other.example'],
      });
      hook.mockImplementation((claims) => {
        const { cnf, aud } = claims as unknown as { cnf: { jkt?: string }; aud: string[] };
        delete cnf.jkt;
        aud.push('https://evil.example');
        return Object.assign(claims, { sub: 'eve', scope: 'admin', client_id: 'evil' });
      });
      const told = await activeIn(token);
      expect(told).toMatchObject({ sub: 'ada', cnf: { jkt: 'thumb' }, token_type: 'DPoP' });
      expect(told).toHaveProperty('aud', [AUDIENCE, 'https://other.example']);
      expect(told).not.toHaveProperty('scope');
    });

    it('the log says that the hook refused it', async () => {
      const { access } = await host.login();
      const warn = jest.fn<unknown, [string]>();
      const nothing = (): void => undefined;
      host.app.nest.useLogger({ log: nothing, error: nothing, debug: nothing, warn });
      hook.mockImplementation(() => Promise.reject(new TokenRejectedError('TOKEN_EXPIRED')));
      await expectInactive(access);
      const sentence = 'The option validate returned null, undefined or false, or has thrown.';
      const lines = warn.mock.calls.map(([line]) => line);
      expect(lines).toEqual([`Answered inactive to the caller "api": ${sentence}`]);
    });

    it('says that it cannot tell where the hook fails', async () => {
      const { access } = await host.login();
      hook.mockImplementation(() => Promise.reject(new Error('the directory is away')));
      await ask(access).expect(503, '{"error":"temporarily_unavailable"}');
    });
  });

  describe('of a refresh token', () => {
    it('tells a caller that may see it, as no bearer, and uses nothing up', async () => {
      const { refresh, sid } = await host.login();
      const told = {
        active: true,
        iss: OWN_ISSUER,
        sub: 'ada',
        exp: expect.any(Number) as number,
        iat: expect.any(Number) as number,
        sid,
        client_id: OWN_ISSUER,
      };
      expect(await activeIn(refresh, all)).toEqual(told);
      expect(await activeIn(refresh, all)).toEqual(told);
      await host.refresh(refresh).expect(200);
    });

    it('says that one which was exchanged is inactive, and ends no session for it', async () => {
      const { access, refresh: first } = await host.login();
      const next = async (token: string): Promise<string> =>
        ((await host.refresh(token).expect(200)).body as { refreshToken: string }).refreshToken;
      const second = await next(first);
      const third = await next(second);
      for (const old of [first, second]) await expectInactive(old, all);
      await host.app.me(access).expect(200);
      expect(await activeIn(third, all)).toMatchObject({ active: true });
      await next(third);
    });

    it('tells it to no other caller, and the log says why where it could have', async () => {
      const { refresh } = await host.login();
      const warn = jest.fn<unknown, [string]>();
      host.app.nest.useLogger({ log: warn, error: warn, warn });
      await expectInactive(refresh, api);
      expect(warn).not.toHaveBeenCalled();
      await expectInactive(refresh, foreign);
      expect(warn.mock.calls.map(([line]) => line)).toEqual([
        expect.stringContaining(
          `inactive to the caller "foreign": The token is live and for "${OWN_ISSUER}" (aud)`,
        ),
      ]);
    });

    it('tells one that is a JWT, by the option refreshTokens', async () => {
      await restart({ refreshTokens: { types: ['refresh+jwt'] } });
      const token = host.app.issuer.token({ sid: 's1' }, { typ: 'refresh+jwt' });
      const warn = jest.fn();
      host.app.nest.useLogger({ log: warn, error: warn, warn });
      expect(await activeIn(token, all)).toEqual({
        active: true,
        iss: ISSUER,
        sub: 'ada',
        exp: expect.any(Number) as number,
        iat: expect.any(Number) as number,
        sid: 's1',
      });
      expect(warn).not.toHaveBeenCalled();
      await expectInactive(token, api);
      await expectInactive(token, foreign);
    });

    it('goes on to tell a caller that may see them of access tokens', async () => {
      await restart({ refreshTokens: { types: ['refresh+jwt'] } });
      expect(await activeIn(host.app.issuer.token(), all)).toMatchObject({ token_type: 'Bearer' });
    });

    it('says that one of another key is inactive', async () => {
      await restart({ refreshTokens: { types: ['refresh+jwt'] } });
      await expectInactive(new TestIssuer().token({ sid: 's1' }, { typ: 'refresh+jwt' }), all);
    });
  });

  describe('by a caller that is not known', () => {
    const refused = {
      status: 401,
      text: '{"error":"invalid_client"}',
      type: 'application/json; charset=utf-8',
      cacheControl: 'no-store',
      sniffing: 'nosniff',
      challenge: 'Basic realm="introspection"',
      allow: null,
      setCookie: null,
      clearSiteData: null,
    };

    it.each<[string, string | undefined]>([
      ['no credentials', undefined],
      ['a wrong secret', basic(api.id, 'x'.repeat(64))],
      ['an empty secret', basic(api.id, '')],
      ['no secret', `Basic ${Buffer.from(api.id).toString('base64')}`],
      ['the secret of another', basic(api.id, all.secret)],
      ['an unknown id', basic('nobody', api.secret)],
      ['the hash instead of the secret', basic(api.id, hashOf(api.secret))],
      ['another scheme', `Bearer ${api.secret}`],
      ['no base64', 'Basic %%%'],
      ['no UTF-8', `Basic ${Buffer.from([0xff, 0x3a, 0xff]).toString('base64')}`],
      ['a malformed escape', basic(api.id, '%zz')],
    ])('is 401 with %s', async (_, authorization) => {
      const { access } = await host.login();
      const answer = await post(authorization).send({ token: access });
      expect(answerOf(answer)).toEqual(refused);
    });

    it.each([
      ['the id in the body', { client_id: api.id }],
      ['the secret in the body', { client_id: api.id, client_secret: api.secret }],
    ])('is 401 with %s alone', async (_, more) => {
      const { access } = await host.login();
      const answer = await post().send({ token: access, ...more });
      expect(answerOf(answer)).toEqual(refused);
    });

    it('is 401 with two Authorization headers, though one is good', async () => {
      const { status } = await twoHeaders(host.app.url, [api.authorization, api.authorization]);
      expect(status).toBe(401);
    });

    it('looks at no token: none is asked about, none is reused, and no body is read', async () => {
      const store = new FaultyStore();
      await restart({ store });
      const { access } = await host.login();
      await host.app.logout(access);
      const before = store.lookUps;
      await post().send({ token: access }).expect(401);
      await post().type('json').send({}).expect(401);
      await post().send('token=1&token=2').expect(401);
      expect(store.lookUps).toBe(before);
      expect(await audited('authn_token_reuse')).toEqual([]);
    });

    it('leaves one row of the audit a window, with its address', async () => {
      for (let times = 0; times < 3; times += 1) await post().expect(401);
      expect(await audited('authn_login_fail')).toEqual([
        expect.objectContaining({ outcome: 'failure', reason: 'caller_refused', ip: '127.0.0.1' }),
      ]);
    });

    it('is 429 once its address has tried too often, and callers that are known go on', async () => {
      await restart({ throttleLimit: 2 });
      const { access } = await host.login();
      await post().expect(401);
      await post().expect(401);
      await post().expect(429, '{"error":"temporarily_unavailable"}');
      for (let times = 0; times < 5; times += 1)
        expect(await activeIn(access)).toMatchObject({ active: true });
    });
  });

  it('limits each caller by introspectionLimit, and no other caller with it', async () => {
    await restart({ introspectionLimit: 2 });
    const { access } = await host.login();
    await ask(access).expect(200);
    await ask(access).expect(200);
    const full = await ask(access);
    expect([full.status, full.headers['retry-after']]).toEqual([429, '60']);
    await ask(access, all).expect(200);
    expect(await audited('excess_rate_limit_exceeded')).toMatchObject([
      { reason: 'limit_by_caller' },
    ]);
  });

  it('takes either secret while one replaces the other', async () => {
    const [old, next] = ['o'.repeat(64), 'n'.repeat(64)];
    const secretHashes = [hashOf(old), hashOf(next)];
    await restart({ introspectionCallers: [{ id: 'api', secretHashes, audiences: null }] });
    for (const secret of [old, next])
      await post(basic('api', secret)).send({ token: 't' }).expect(200, INACTIVE);
  });

  it('reads id and secret form-urlencoded, as RFC 6749 has it', async () => {
    const secret = 'of 32 bytes: ü+%&=/'.padEnd(32, '*');
    const options = { id: 'my api+1', secretHashes: hashOf(secret), audiences: null };
    await restart({ introspectionCallers: [options] });
    const encoded = (text: string): string => encodeURIComponent(text).replaceAll('%20', '+');
    const authorization = basic(encoded('my api+1'), encoded(secret));
    await post(authorization).send({ token: 't' }).expect(200, INACTIVE);
  });

  describe('that is no form with one token', () => {
    it.each([
      ['no token', ''],
      ['an empty one', 'token='],
      ['two', 'token=a&token=b'],
      ['another parameter twice', 'token=a&x=1&x=2'],
    ])('is 400 with %s', async (_, body) => {
      const answer = await post(api.authorization).send(body);
      expect(answerOf(answer)).toMatchObject({
        status: 400,
        text: '{"error":"invalid_request"}',
        cacheControl: 'no-store',
      });
    });

    it('is 415 as JSON, 413 where it is too long, and 405 with GET', async () => {
      const refused = '{"error":"invalid_request"}';
      await post(api.authorization).type('json').send({ token: 't' }).expect(415, refused);
      await post(api.authorization)
        .send({ token: 'x'.repeat(20_000) })
        .expect(413, refused);
      const get = request(host.app.url).get(INTROSPECT);
      await get.expect(405, refused).expect('Allow', 'POST');
    });
  });

  it('is 503 while the store gives no answer, never "inactive", and works afterwards', async () => {
    const store = new FaultyStore();
    await restart({ store });
    const { access } = await host.login();
    store.isBlind = true;
    const answer = await ask(access);
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(answer.text).toBe('{"error":"temporarily_unavailable"}');
    store.isBlind = false;
    expect(await activeIn(access)).toMatchObject({ active: true });
  });

  describe('with Accept: application/token-introspection+jwt', () => {
    const signed = (token: string, caller = api): Test => ask(token, caller).set('Accept', SIGNED);

    it('answers a JWT for the caller alone, in which the plain answer stands', async () => {
      const { access } = await host.login();
      const answer = await signed(access).expect(200).expect('Content-Type', SIGNED);
      const { payload, protectedHeader } = await jwtVerify(answer.text, publicKey);
      expect(protectedHeader).toEqual({
        alg: 'ES256',
        typ: 'token-introspection+jwt',
        kid: 'now',
      });
      expect(payload).toEqual({
        iss: OWN_ISSUER,
        aud: api.id,
        iat: expect.any(Number) as number,
        token_introspection: await activeIn(access),
      });
      expect(answer.headers['cache-control']).toBe('no-store');
    });

    it('says of what is not active that alone', async () => {
      const { text } = await signed('rubbish').expect(200);
      const { payload } = await jwtVerify(text, publicKey);
      expect(JSON.stringify(payload.token_introspection)).toBe(INACTIVE);
    });

    it('is no bearer, neither here nor for its caller', async () => {
      const { access } = await host.login();
      const { text } = await signed(access).expect(200);
      await host.app.me(text).expect(401);
      await expectInactive(text, all);
    });

    it.each([
      ['signed', SIGNED],
      ['signed', `application/json;q=0.9, ${SIGNED}`],
      ['signed', `${SIGNED};q=0.5, */*;q=0.1`],
      ['signed', `${SIGNED.toUpperCase()} , text/html`],
      ['JSON', '*/*'],
      ['JSON', 'application/*'],
      ['JSON', `${SIGNED};q=0`],
      ['JSON', `${SIGNED};q=0.5, application/json`],
      ['JSON', 'text/html'],
    ])('is %s where a client sends "%s"', async (form, accept) => {
      const answer = await ask('rubbish').set('Accept', accept).expect(200);
      expect(answer.headers['content-type']).toBe(
        form === 'signed' ? SIGNED : 'application/json; charset=utf-8',
      );
    });

    it('is JSON where our key is a secret, which no caller could check', async () => {
      await restart({}, { signingKeys: 'k'.repeat(32) });
      const { access } = await host.login();
      const answer = await signed(access).expect(200);
      expect(answer.body).toMatchObject({ active: true });
    });
  });

  it('is announced in our metadata', async () => {
    const metadata = '/.well-known/oauth-authorization-server';
    const answer = await request(host.app.url).get(metadata).expect(200);
    expect(answer.body).toMatchObject({
      introspection_endpoint: `${OWN_ISSUER}${INTROSPECT}`,
      introspection_endpoint_auth_methods_supported: ['client_secret_basic'],
      introspection_signing_alg_values_supported: ['ES256'],
    });
  });

  it('is no route without the option', async () => {
    await restart({ introspectionCallers: undefined });
    await post(api.authorization).send({ token: 't' }).expect(404);
  });
});

/** Sends a request with several `Authorization` headers, as `fetch` cannot. */
function twoHeaders(
  url: string,
  values: readonly string[],
): Promise<{ readonly status: number | undefined }> {
  return new Promise((resolve, reject) => {
    const headers = [
      ...values.flatMap((value) => ['Authorization', value]),
      ...['Content-Type', 'application/x-www-form-urlencoded', 'Host', 'localhost'],
    ];
    const asked = http.request(`${url}${INTROSPECT}`, { method: 'POST', headers }, (answer) => {
      answer.resume();
      resolve({ status: answer.statusCode });
    });
    asked.on('error', reject).end('token=t');
  });
}
