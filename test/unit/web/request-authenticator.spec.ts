import { AuditLog } from '../../../src/audit/audit-log';
import { RemovalCount } from '../../../src/metrics/removal-count';
import { BearerCookies } from '../../../src/web/bearer-cookies';
import { Enforcement } from '../../../src/web/enforcement';
import type { PlatformRequest } from '../../../src/web/request';
import {
  verifiedTokenOf,
  RequestAuthenticator,
  type ValidateHook,
} from '../../../src/web/request-authenticator';
import { TokenRejectedError } from '../../../src/revocation/errors';
import { RevokedTokensService } from '../../../src/revocation/revoked-tokens.service';
import { TokenVerifier } from '../../../src/tokens/verification/token-verifier';
import { FaultyStore } from '../../support/faulty-store';
import { ObservedStore, ObservedTrail } from '../../support/stores';
import { AUDIENCE, ISSUER, TestIssuer } from '../../support/tokens';

/** Mercurius takes it from the client's first message. */
const SAME_ORIGIN = { 'sec-fetch-site': 'same-origin' };

const issuer = new TestIssuer();
const verifier = new TokenVerifier({
  algorithms: ['HS256'],
  keys: issuer.key,
  issuer: ISSUER,
  audience: AUDIENCE,
});

describe('Authenticating a request', () => {
  let store: ObservedStore;
  let trail: ObservedTrail;
  let audit: AuditLog;
  let tokens: RevokedTokensService;

  beforeEach(() => {
    store = new ObservedStore();
    trail = new ObservedTrail();
    audit = new AuditLog(trail, () => undefined);
    tokens = new RevokedTokensService(verifier, store, audit);
  });
  afterEach(() => audit.close());

  const authenticator = (validate?: ValidateHook) => new RequestAuthenticator(tokens, validate);
  const request = (...authorization: string[]) => ({
    method: 'GET',
    url: '/',
    ip: '203.0.113.7',
    headers: authorization.length > 0 ? { authorization: authorization[0] } : {},
    rawHeaders: authorization.flatMap((value) => ['Authorization', value]),
  });

  it.each([
    ['no header', [], { verdict: 'missing' }],
    ['another scheme', ['Basic x'], { verdict: 'missing' }],
    ['two headers', ['Bearer a', 'Bearer b'], { verdict: 'refused', cause: 'form' }],
    ['no token', ['Bearer '], { verdict: 'refused', cause: 'form' }],
    ['garbage', ['Bearer garbage'], { verdict: 'refused', cause: 'form' }],
  ])('finds with %s what it is worth, without a look-up', async (_, headers, verdict) => {
    expect(await authenticator().authenticate(request(...headers))).toEqual(verdict);
    expect(store.lookedUp).toEqual([]);
  });

  it('asks anew for each operation on a socket, whose upgrade enforcement has looked at', async () => {
    const directly = new FaultyStore();
    const service = new RevokedTokensService(verifier, directly, audit);
    const reader = new RequestAuthenticator(service, undefined);
    const rules = { tokenSources: [], allowedOrigins: [], enforceExcept: [] };
    const enforcement = new Enforcement(service, reader, rules, new RemovalCount());
    const text = issuer.token();
    const plain = request(`Bearer ${text}`);
    const upgrade = { ...plain, headers: { ...plain.headers, upgrade: 'websocket' } };
    expect(await enforcement.inspect(upgrade)).toBe('pass');
    expect(await reader.authenticate(upgrade)).toMatchObject({ verdict: 'live' });
    await service.revoke(text);
    expect(await reader.authenticate(upgrade)).toMatchObject({ verdict: 'revoked' });
  });

  it.each([
    ['of its own', 'https://api.example', {}, true],
    ['of another origin', 'https://evil.example', {}, false],
    ['that says what only a browser may', 'https://evil.example', SAME_ORIGIN, false],
    ['that is listed', 'https://app.example', {}, true],
  ])('reads the cookie of a socket that a page %s opens', async (_, origin, more, isRead) => {
    const cookies = new BearerCookies({
      tokenSources: [{ cookie: 'token' }],
      allowedOrigins: ['https://app.example'],
    });
    const headers = {
      host: 'api.example',
      upgrade: 'websocket',
      cookie: `token=${issuer.token()}`,
      origin,
      ...more,
    };
    const upgrade = {
      method: 'GET',
      url: '/',
      headers,
      rawHeaders: Object.entries(headers).flat(),
    };
    const found = await new RequestAuthenticator(tokens, undefined, cookies).authenticate(upgrade);
    expect(found.verdict).toBe(isRead ? 'live' : 'missing');
  });

  it('finds a live token, whose request is let in with its claims', async () => {
    const req: PlatformRequest = request(`Bearer ${issuer.token({ sub: 'grace' })}`);
    expect(await authenticator().admit(req)).toMatchObject({ sub: 'grace', iss: ISSUER });
    expect(verifiedTokenOf(req)?.claims.sub).toBe('grace');
  });

  it('audits from where a revoked token came', async () => {
    const text = issuer.token();
    await tokens.revoke(text);
    await expect(authenticator().admit(request(`Bearer ${text}`))).rejects.toMatchObject({
      code: 'TOKEN_REVOKED',
    });
    await audit.close();
    expect(trail.events).toEqual([
      expect.objectContaining({ event: 'authn_token_reuse', ip: '203.0.113.7' }),
    ]);
  });

  it('does not ask where a live token comes from', async () => {
    const req = request(`Bearer ${issuer.token()}`);
    const asked: string[] = [];
    const watched = new Proxy(req, {
      get: (target, name) => {
        asked.push(String(name));
        return Reflect.get(target, name) as unknown;
      },
    });
    await authenticator().admit(watched);
    expect(asked).toContain('headers');
    expect(asked).not.toContain('ip');
  });

  it('knows no token of a request that it never saw, or that it refused', () => {
    const refused = request('Bearer garbage');
    expect(() => authenticator().admit(refused)).toThrow(new TokenRejectedError('TOKEN_INVALID'));
    expect([refused, request(), undefined].map(verifiedTokenOf)).toEqual(Array(3).fill(undefined));
  });

  it("asks the host's hook with claims and request, and takes its answer for the user", async () => {
    const req = request(`Bearer ${issuer.token({ sub: 'grace' })}`);
    const user = await authenticator((claims, from) => Promise.resolve([claims.sub, from])).admit(
      req,
    );
    expect(user).toEqual(['grace', req]);
  });

  it("asks the host's hook on every request, also of a token it has seen", async () => {
    const asked: unknown[] = [];
    const hooked = authenticator((claims) => asked.push(claims.sub) < 3);
    const text = issuer.token();
    const admit = () => hooked.admit(request(`Bearer ${text}`));
    expect([await admit(), await admit()]).toEqual([true, true]);
    await expect(admit()).rejects.toMatchObject({ reason: 'refused_by_host' });
    expect(asked).toEqual(['ada', 'ada', 'ada']);
  });

  it("hands on what the host's hook throws", async () => {
    const locked = new Error('locked');
    const fail = (): never => {
      throw locked;
    };
    const req = request(`Bearer ${issuer.token()}`);
    await expect(authenticator(fail).admit(req)).rejects.toBe(locked);
    expect(verifiedTokenOf(req)).toBeUndefined();
  });

  it.each([null, undefined, false])(
    "refuses what the host's hook answers with %p",
    async (answer) => {
      const req = request(`Bearer ${issuer.token()}`);
      await expect(authenticator(() => answer).admit(req)).rejects.toMatchObject({
        code: 'TOKEN_INVALID',
        reason: 'refused_by_host',
      });
      expect(verifiedTokenOf(req)).toBeUndefined();
    },
  );

  it.each([0, '', true])("lets in what the host's hook answers with %p", async (answer) => {
    expect(await authenticator(() => answer).admit(request(`Bearer ${issuer.token()}`))).toBe(
      answer,
    );
  });
});
