import { PassThrough } from 'node:stream';
import { AuditLog } from '../../../src/audit/audit-log';
import { RefusalCounts } from '../../../src/metrics/refusal-counts';
import { LogoutAnswers, MESSAGES } from '../../../src/web/answers';
import { admittedOf, type AdmittedRequest } from '../../../src/web/admitted-request';
import { Gate } from '../../../src/web/gate';
import type { PlatformRequest } from '../../../src/web/request';
import { MemoryRequestCounter } from '../../../src/web/request-counter.memory';
import { RequestAuthenticator } from '../../../src/web/request-authenticator';
import { RouteThrottle } from '../../../src/web/route-throttle';
import { ROUTES } from '../../../src/web/routes';
import { Throttle } from '../../../src/web/throttle';
import { RevokedTokensService } from '../../../src/revocation/revoked-tokens.service';
import { TokenVerifier } from '../../../src/tokens/verification/token-verifier';
import { FaultyStore } from '../../support/faulty-store';
import { AUDIENCE, ISSUER, TestIssuer } from '../../support/tokens';

const issuer = new TestIssuer();
const answers = new LogoutAnswers(MESSAGES.es, 403);

function requestWith(over: Partial<PlatformRequest> = {}): PlatformRequest {
  const headers = { authorization: `Bearer ${issuer.token()}`, 'content-type': 'application/json' };
  // Express's request is Node's own: `rawHeaders` is where the bearer is looked for.
  const express = { rawHeaders: [] };
  return { method: 'POST', url: '/', headers, ip: '203.0.113.1', ...express, ...over };
}

describe('The gate', () => {
  let store: FaultyStore;
  let audit: AuditLog;
  let gate: Gate;
  let gateFor: (isBodyTokenOptional: boolean) => Gate;
  let errors: unknown[];
  beforeEach(() => {
    store = new FaultyStore();
    audit = new AuditLog(store.audit, () => undefined);
    errors = [];
    const report = (error: unknown): void => {
      errors.push(error);
    };
    const rules = {
      algorithms: ['HS256'],
      keys: issuer.key,
      issuer: ISSUER,
      audience: AUDIENCE,
    } as const;
    const tokens = new RevokedTokensService(new TokenVerifier(rules), store, audit);
    const counter = new MemoryRequestCounter();
    const throttle = new Throttle(counter, { limit: 10, windowMs: 60_000 }, audit, report);
    const limitsFor = (isBodyTokenOptional: boolean): RouteThrottle =>
      new RouteThrottle(throttle, {
        isBodyTokenOptional,
        mayRefresh: () => Promise.resolve(true),
        sessionOf: () => undefined,
      });
    const authenticator = new RequestAuthenticator(tokens, undefined);
    const ownAnswers = new LogoutAnswers(MESSAGES.es, 403, new RefusalCounts(undefined, report));
    gateFor = (isBodyTokenOptional) =>
      new Gate(authenticator, throttle, limitsFor(isBodyTokenOptional), ownAnswers, 8192);
    gate = gateFor(false);
  });
  afterEach(() => audit.close());

  const enter = (request: PlatformRequest, body = new PassThrough().end()) =>
    gate.enter(request, [ROUTES.logout], body);
  const admit = (request: PlatformRequest, body = new PassThrough().end()) =>
    gate.admit(request, ROUTES.logout, body) as Promise<AdmittedRequest>;
  const CHUNKED = { 'transfer-encoding': 'chunked', 'content-type': 'application/json' };

  it('hands on what it found: bearer, source and body', async () => {
    const bearerText = issuer.token();
    const headers = { ...CHUNKED, authorization: `Bearer ${bearerText}` };
    const request = requestWith({ headers });
    expect(await enter(request, new PassThrough().end('{"token":"t"}'))).toBe('admitted');
    expect(await admit(request)).toMatchObject({
      route: ROUTES.logout,
      bearer: { verdict: 'live' },
      bearerText,
      source: { ip: '203.0.113.1' },
      body: { token: 't' },
    });
  });

  it('looks again for a bearer that came after it, such as a cookie copied into the header', async () => {
    const headers: Record<string, string> = {};
    const request = requestWith({ headers });
    expect(await enter(request)).toBe('admitted');
    expect((await admit(request)).bearer).toEqual({ verdict: 'missing' });
    headers.authorization = `Bearer ${issuer.token()}`;
    expect((await admit(request)).bearer).toMatchObject({ verdict: 'live' });
    expect(admittedOf(request)?.bearer).toMatchObject({ verdict: 'live' });
  });

  it('takes JSON of another site, which had to ask, with a bearer that came after it', async () => {
    const headers: Record<string, string> = {
      ...CHUNKED,
      'content-type': 'application/json',
      'sec-fetch-site': 'cross-site',
    };
    const request = { ...requestWith({ headers }), rawHeaders: [] };
    await enter(request, new PassThrough().end('{}'));
    delete headers['content-type']; // as on Fastify, whose parser is to find no body
    headers.authorization = `Bearer ${issuer.token()}`;
    expect((await admit(request)).bearer).toMatchObject({ verdict: 'live' });
  });

  it('counts a bearer that came after it by its token', async () => {
    const late = { authorization: `Bearer ${issuer.token()}` };
    const outcomes: unknown[] = [];
    for (let i = 0; i < 11; i += 1) {
      const headers: Record<string, string> = {};
      const request = requestWith({ headers, ip: `203.0.113.${i}` });
      await enter(request);
      Object.assign(headers, late);
      outcomes.push(await admit(request));
    }
    expect(outcomes[9]).toMatchObject({ bearer: { verdict: 'live' } });
    expect(outcomes[10]).toEqual(answers.answer('limit_by_token', { 'Retry-After': '60' }));
  });

  it('hands on an unacceptable bearer that came after it, uncounted', async () => {
    const headers: Record<string, string> = {};
    const request = requestWith({ headers });
    await enter(request);
    headers.authorization = 'Bearer no.to.ken';
    expect((await admit(request)).bearer).toEqual({ verdict: 'refused', cause: 'form' });
  });

  it('answers what it refuses also where the request came to its route another way', async () => {
    const stream = new PassThrough();
    stream.destroy();
    expect(await admit(requestWith({ headers: CHUNKED }), stream)).toBe('aborted');
  });

  it('judges a request that reached its route another way', async () => {
    const request = requestWith({ headers: CHUNKED });
    expect(await admit(request, new PassThrough().end('{"token":"t"}'))).toMatchObject({
      bearer: { verdict: 'missing' },
      body: { token: 't' },
    });
    const malformed = requestWith({ headers: CHUNKED });
    expect(await admit(malformed, new PassThrough().end('{'))).toEqual(
      answers.answer('bad_request'),
    );
  });

  it('says that the client has left', async () => {
    const stream = new PassThrough();
    stream.destroy();
    expect(await enter(requestWith({ headers: CHUNKED }), stream)).toBe('aborted');
  });

  it('answers a preflight that the host did not', async () => {
    for (const headers of [{}, { 'content-length': '0' }])
      expect(await enter(requestWith({ method: 'OPTIONS', headers }))).toEqual({
        status: 204,
        headers: { Allow: 'POST', 'Cache-Control': 'no-store' },
      });
    for (const headers of [{ 'content-length': '1' }, { 'transfer-encoding': 'chunked' }])
      expect(await enter(requestWith({ method: 'OPTIONS', headers }))).toMatchObject({
        status: 405,
      });
  });

  describe('where a cookie became the bearer', () => {
    const SENT = ['Sec-Fetch-Site', 'cross-site'];
    const from = (site: string, more: Record<string, string>, rawHeaders = SENT) => ({
      ...requestWith({
        headers: {
          authorization: `Bearer ${issuer.token()}`,
          'sec-fetch-site': site,
          ...more,
        },
      }),
      rawHeaders,
    });
    const FORM = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '0' };
    const JSON_TYPE = { 'content-type': 'application/json' };

    it.each([
      ['another site', 'cross-site', {}],
      ['another site, as a form', 'cross-site', FORM],
      ['a sibling', 'same-site', {}],
    ])('refuses what a page of %s can send without asking', async (_, site, more) => {
      expect(await enter(from(site, more))).toMatchObject({ status: 415 });
    });

    it.each([
      ['its own page', 'same-origin', {}, SENT],
      ['a page that had to ask for JSON', 'cross-site', JSON_TYPE, SENT],
      ['a page that set the header itself', 'cross-site', {}, ['Authorization', 'Bearer x']],
    ])('lets %s in', async (_, site, more, rawHeaders) => {
      expect(await enter(from(site, more, rawHeaders))).toBe('admitted');
    });
  });

  it.each([
    ['another method', { method: 'GET' }, 'method_not_allowed', { Allow: 'POST' }],
    [
      'a form',
      { headers: { 'content-type': 'x/y', 'content-length': '1' } },
      'unsupported_media_type',
      {},
    ],
    [
      'a large body',
      { headers: { 'content-type': 'application/json', 'content-length': '16385' } },
      'content_too_large',
      {},
    ],
  ] as const)('turns away %s, and audits it', async (_, over, code, headers) => {
    const request = requestWith(over);
    expect(await enter(request)).toEqual(answers.answer(code, headers));
    expect(await recorded()).toEqual([
      expect.objectContaining({
        event: 'input_validation_fail',
        outcome: 'failure',
        reason: code.toLowerCase(),
        ip: '203.0.113.1',
      }),
    ]);
  });

  it('turns away the eleventh request of an address, whatever its method', async () => {
    for (let i = 0; i < 10; i += 1) await enter(requestWith({ method: 'GET' }));
    const tooMany = answers.answer('limit_by_address', { 'Retry-After': '60' });
    expect(await enter(requestWith({ headers: {} }))).toEqual(tooMany);
    expect(await enter(requestWith({ method: 'GET' }))).toEqual(tooMany);
    const options = { method: 'OPTIONS', headers: { 'content-length': '1' } };
    expect(await enter(requestWith(options))).toEqual(tooMany);
    expect(await enter(requestWith({ method: 'OPTIONS', headers: {} }))).toMatchObject({
      status: 204,
    });
  });

  it('leaves one row of the audit for each reason and window, however often it refuses', async () => {
    const declared = { 'content-type': 'application/json', 'content-length': '99999' };
    for (let i = 0; i < 8; i += 1) await enter(requestWith({ headers: declared }));
    for (let i = 0; i < 9; i += 1) await enter(requestWith({ method: 'GET' }));
    expect(await recorded()).toMatchObject([
      { event: 'excess_rate_limit_exceeded', reason: 'limit_by_address' },
      { event: 'input_validation_fail', reason: 'method_not_allowed' },
      { event: 'input_validation_fail', reason: 'content_too_large' },
    ]);
  });

  it('leaves one row for each address', async () => {
    for (const ip of ['203.0.113.1', '203.0.113.2', '203.0.113.1'])
      await enter(requestWith({ method: 'GET', ip }));
    expect(await recorded()).toMatchObject([{ ip: '203.0.113.2' }, { ip: '203.0.113.1' }]);
  });

  const logoutWith = (bearer: string, body: string, at = gate) => {
    const headers = { ...CHUNKED, authorization: `Bearer ${bearer}` };
    const stream = new PassThrough().end(body);
    return at.enter(requestWith({ headers }), [ROUTES.logout], stream);
  };

  it.each<[string, (bearer: string) => string, boolean]>([
    ['names its bearer', (token) => JSON.stringify({ token }), false],
    ['names its bearer, where it need not', (token) => JSON.stringify({ token }), true],
    ['names none, where it need not', () => '{}', true],
    ['has no body, where it need not', () => '', true],
  ])(
    'lets a logout in that %s, although a thief has filled its bucket',
    async (_, body, isOptional) => {
      const at = gateFor(isOptional);
      const bearer = issuer.token();
      for (let i = 0; i < 11; i += 1) await logoutWith(bearer, '{"token":"x"}', at);
      expect(await logoutWith(bearer, body(bearer), at)).toBe('admitted');
    },
  );

  it.each<[string, (bearer: string) => string, boolean]>([
    ['a token that is not the bearer', () => '{"token":"x"}', true],
    ['no token, where it must', () => '{}', false],
    ['nothing, where it must', () => '', false],
    ['its bearer as no member', (token) => JSON.stringify(token), true],
    ['a list', () => '[]', true],
    ['what is no JSON', () => '{', true],
  ])('counts a request by its live token that names %s', async (_, body, isOptional) => {
    const at = gateFor(isOptional);
    const bearer = issuer.token();
    for (let i = 0; i < 10; i += 1) await logoutWith(bearer, body(bearer), at);
    expect(await logoutWith(bearer, body(bearer), at)).toEqual(
      answers.answer('limit_by_token', { 'Retry-After': '60' }),
    );
  });

  it('turns away a body that is no JSON, and audits it', async () => {
    const request = requestWith({
      headers: { 'content-type': 'application/json', 'content-length': '1' },
    });
    expect(await enter(request, new PassThrough().end('{'))).toEqual(answers.answer('bad_request'));
    expect(await recorded()).toEqual([
      expect.objectContaining({ event: 'input_validation_fail', reason: 'bad_request' }),
    ]);
  });

  const recorded = async (): Promise<unknown> => {
    await audit.close();
    return (await store.audit.find({})).events;
  };

  it('answers 500 when it cannot tell, and reports and audits why', async () => {
    store.isBlind = true;
    expect(await enter(requestWith())).toEqual(answers.answer('STORE_UNAVAILABLE'));
    expect(errors).toEqual([store.error]);
    await audit.close();
    expect((await audit.find({})).events).toMatchObject([
      {
        event: 'authn_token_revoked',
        outcome: 'failure',
        reason: 'store_unavailable',
        ip: '203.0.113.1',
      },
    ]);
  });
});
