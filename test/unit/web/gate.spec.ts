import { PassThrough } from 'node:stream';
import { ThrottlerStorageService } from '@nestjs/throttler';
import { AuditLog } from '../../../src/audit/audit-log';
import { Contract, MESSAGES } from '../../../src/web/answers';
import { Door, isPreflight } from '../../../src/web/gate';
import type { PlatformRequest } from '../../../src/web/request';
import { RequestAuthenticator } from '../../../src/web/request-authenticator';
import { Throttle } from '../../../src/web/throttle';
import { RevokedTokensService } from '../../../src/revocation/revoked-tokens.service';
import { TokenVerifier } from '../../../src/tokens/verification/token-verifier';
import { FaultyStore } from '../../support/faulty-store';
import { AUDIENCE, ISSUER, TestIssuer } from '../../support/tokens';

const issuer = new TestIssuer();
const contract = new Contract(MESSAGES.es, 403);

function requestWith(over: Partial<PlatformRequest> = {}): PlatformRequest {
  const headers = { authorization: `Bearer ${issuer.token()}`, 'content-type': 'application/json' };
  // Express's request is Node's own: `rawHeaders` is where the bearer is looked for.
  const express = { rawHeaders: [] };
  return { method: 'POST', url: '/', headers, ip: '203.0.113.1', ...express, ...over };
}

describe('The door', () => {
  let store: FaultyStore;
  let audit: AuditLog;
  let door: Door;
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
    const storage = new ThrottlerStorageService();
    const throttle = new Throttle(storage, { limit: 10, windowMs: 60_000 }, audit, report);
    door = new Door(new RequestAuthenticator(tokens, undefined), throttle, contract, audit, report);
  });
  afterEach(() => audit.close());

  it('knows what it let in, and that the body is still to come', async () => {
    const request = requestWith();
    expect(await door.enter(request)).toBe('in');
    expect(door.admission(request)).toMatchObject({
      bearer: { verdict: 'live' },
      origin: { ip: '203.0.113.1' },
      body: undefined,
    });
  });

  it('hands on the body with what it knew of the request', async () => {
    const request = requestWith({
      headers: { 'transfer-encoding': 'chunked', 'content-type': 'application/json' },
    });
    await door.enter(request);
    expect(await door.readBody(request, new PassThrough().end('{"token":"t"}'))).toBe('in');
    expect(door.admission(request)).toMatchObject({
      bearer: { verdict: 'missing' },
      body: { token: 't' },
    });
  });

  it('says that nobody is there any more', async () => {
    const request = requestWith({
      headers: { 'content-length': '9', 'content-type': 'application/json' },
    });
    await door.enter(request);
    const stream = new PassThrough();
    stream.destroy();
    expect(await door.readBody(request, stream)).toBe('aborted');
  });

  it.each([
    ['another method', { method: 'GET' }, 'METHOD_NOT_ALLOWED', { Allow: 'POST' }],
    ['a form', { headers: { 'content-type': 'x/y' } }, 'UNSUPPORTED_MEDIA_TYPE', {}],
    [
      'a large body',
      { headers: { 'content-type': 'application/json', 'content-length': '16385' } },
      'CONTENT_TOO_LARGE',
      {},
    ],
  ] as const)('turns away %s, and audits it', async (_, over, code, headers) => {
    const request = requestWith(over);
    expect(await door.enter(request)).toEqual(contract.answer(code, headers));
    expect(await recorded()).toEqual([
      expect.objectContaining({
        event: 'input_validation_fail',
        outcome: 'failure',
        reason: code.toLowerCase(),
        ip: '203.0.113.1',
      }),
    ]);
  });

  it('turns away the eleventh request of an address, whatever its method before', async () => {
    for (let i = 0; i < 10; i += 1) await door.enter(requestWith({ method: 'GET' }));
    const eleventh = await door.enter(requestWith({ headers: {} }));
    expect(eleventh).toEqual(contract.answer('TOO_MANY_REQUESTS', { 'Retry-After': '60' }));
  });

  it('turns away a body that is no JSON, and audits it', async () => {
    const request = requestWith({
      headers: { 'content-type': 'application/json', 'content-length': '1' },
    });
    await door.enter(request);
    const body = new PassThrough();
    body.end('{');
    expect(await door.readBody(request, body)).toEqual(contract.answer('BAD_REQUEST'));
    expect(await recorded()).toEqual([
      expect.objectContaining({ event: 'input_validation_fail', reason: 'bad_request' }),
    ]);
  });

  const recorded = async (): Promise<unknown> => {
    await audit.close();
    return (await store.audit.find({})).events;
  };

  it('vouches for no request that came another way', () => {
    expect(() => door.admission(requestWith())).toThrow(
      'The request did not come through the door.',
    );
  });

  it('vouches for none that it refused', async () => {
    const request = requestWith({ method: 'GET' });
    expect(await door.enter(request)).toEqual(
      contract.answer('METHOD_NOT_ALLOWED', { Allow: 'POST' }),
    );
    expect(() => door.admission(request)).toThrow(Error);
  });

  it('answers 500 when it cannot tell, and reports and audits why', async () => {
    store.isBlind = true;
    expect(await door.enter(requestWith())).toEqual(contract.answer('STORE_UNAVAILABLE'));
    expect(errors).toEqual([store.error]);
    await audit.close();
    expect((await audit.find({})).events).toMatchObject([
      {
        event: 'authn_token_revoked',
        outcome: 'failure',
        reason: 'internal_error',
        ip: '203.0.113.1',
      },
    ]);
  });
});

describe('A preflight', () => {
  it.each([
    ['OPTIONS', {}, true],
    ['OPTIONS', { 'content-length': '0' }, true],
    ['OPTIONS', { 'content-length': '1' }, false],
    ['OPTIONS', { 'transfer-encoding': 'chunked' }, false],
    ['POST', {}, false],
    ['GET', {}, false],
  ])('%s with %j: %p', (method, headers, expected) => {
    expect(isPreflight(requestWith({ method, headers }))).toBe(expected);
  });
});
