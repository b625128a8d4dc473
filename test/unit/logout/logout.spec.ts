import type { AuditEvent } from '../../../src/audit/audit-event';
import { AuditLog } from '../../../src/audit/audit-log';
import { Logout, type LogoutRules } from '../../../src/logout/logout';
import { RevokedTokensService } from '../../../src/revocation/revoked-tokens.service';
import { TokenVerifier } from '../../../src/tokens/verification/token-verifier';
import { ObservedStore, ObservedTrail } from '../../support/stores';
import { AUDIENCE, ISSUER, TestIssuer } from '../../support/tokens';

const issuer = new TestIssuer();
const OTHER_ISSUER = 'https://other.example';
const verifier = new TokenVerifier({
  algorithms: ['HS256'],
  keys: issuer.key,
  issuer: [ISSUER, OTHER_ISSUER],
  audience: AUDIENCE,
});
const source = { ip: '203.0.113.7' };

describe('Logging out', () => {
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

  const logOut = async (
    bearer: string | undefined,
    named: string | undefined,
    rules: Partial<LogoutRules> = {},
  ) => {
    const logout = new Logout(tokens, audit, {
      isBodyTokenOptional: false,
      isRepeatable: false,
      ...rules,
    });
    const authentication =
      bearer === undefined ? ({ verdict: 'missing' } as const) : await tokens.authenticate(bearer);
    const isBearerNamed = named !== undefined && named === bearer;
    const { token } = await logout.run({
      bearer: authentication,
      named,
      isBearerNamed,
      namedRefresh: undefined,
      source,
    });
    return token;
  };
  const isLive = async (text: string): Promise<boolean> =>
    (await tokens.authenticate(text)).verdict === 'live';
  const failures = async (): Promise<AuditEvent[]> => {
    await audit.close();
    return trail.events;
  };

  it('revokes the bearer that names itself', async () => {
    const text = issuer.token({ jti: 'j1' });
    expect((await logOut(text, text)).claims.jti).toBe('j1');
    expect((await store.audit.find({})).events).toEqual([expect.objectContaining(source)]);
    expect(await isLive(text)).toBe(false);
    expect(await failures()).toEqual([expect.objectContaining({ event: 'authn_token_reuse' })]);
  });

  it('revokes the named token of the same user, and the bearer lives', async () => {
    const [bearer, named] = [issuer.token(), issuer.token()];
    await logOut(bearer, named);
    expect([await isLive(bearer), await isLive(named)]).toEqual([true, false]);
  });

  it.each([
    ['no bearer', undefined, 'garbage', 'TOKEN_MISSING', 'token_missing'],
    ['an unacceptable bearer', 'garbage', 'garbage', 'TOKEN_INVALID', 'form'],
    ['an expired bearer', issuer.expired(), 'garbage', 'TOKEN_EXPIRED', 'token_expired'],
    ['no named token', issuer.token(), undefined, 'TOKEN_INVALID', 'body_token_missing'],
    ['an unacceptable one', issuer.token(), 'garbage', 'TOKEN_INVALID', 'body_token_form'],
    ['an expired one', issuer.token(), issuer.expired(), 'TOKEN_EXPIRED', 'token_expired'],
    [
      "another user's",
      issuer.token(),
      issuer.token({ sub: 'eve' }),
      'TOKEN_NOT_OWN',
      'token_not_own',
    ],
    [
      "another issuer's",
      issuer.token(),
      issuer.token({ iss: OTHER_ISSUER }),
      'TOKEN_NOT_OWN',
      'token_not_own',
    ],
    [
      "another user's expired one",
      issuer.token(),
      issuer.expired({ sub: 'eve' }),
      'TOKEN_NOT_OWN',
      'token_not_own',
    ],
  ])('with %s changes nothing', async (_, bearer, named, code, reason) => {
    await expect(logOut(bearer, named)).rejects.toMatchObject({ code, reason });
    expect(store.added).toEqual([]);
  });

  describe('where tokens need no subject', () => {
    const bare = (claims: object = {}) => issuer.token({ sub: undefined, ...claims });
    beforeEach(() => {
      const rules = { algorithms: ['HS256'], keys: issuer.key, subjectClaim: null } as const;
      const lenient = new TokenVerifier({ ...rules, issuer: null, audience: null });
      tokens = new RevokedTokensService(lenient, store, audit);
    });

    it('revokes the bearer, and the audit names no subject', async () => {
      const text = bare({ jti: 'j1' });
      await logOut(text, text);
      expect(await isLive(text)).toBe(false);
      const { events } = await store.audit.find({});
      expect(events).toEqual([expect.objectContaining({ tokenId: 'j1', subject: undefined })]);
    });

    it('revokes the bearer by another text of the same token', async () => {
      const jti = 'shared';
      await logOut(bare({ jti }), bare({ jti, role: 'x' }));
      expect(store.added).toEqual([expect.objectContaining({ tokenId: jti })]);
    });

    it.each([
      ['without a subject', {}, {}],
      ['of somebody', {}, { sub: 'ada' }],
      ['without a subject, for a bearer with one', { sub: 'ada' }, {}],
      ['with its jti, of somebody', { jti: 'j' }, { jti: 'j', sub: 'ada' }],
    ])('refuses another token %s', async (_, bearer, named) => {
      await expect(logOut(bare(bearer), bare(named))).rejects.toMatchObject({
        code: 'TOKEN_NOT_OWN',
      });
      expect(store.added).toEqual([]);
    });
  });

  it('takes the subject from the claim that the rules name', async () => {
    const rules = { algorithms: ['HS256'], keys: issuer.key, subjectClaim: 'user' } as const;
    const byUser = new TokenVerifier({ ...rules, issuer: null, audience: null });
    tokens = new RevokedTokensService(byUser, store, audit);
    const of = (user: unknown, sub: string) => issuer.token({ user, sub });
    await logOut(of(7, 'a'), of('7', 'b'));
    expect(store.added).toEqual([expect.objectContaining({ subject: '7' })]);
    await expect(logOut(of(7, 'a'), of(8, 'a'))).rejects.toMatchObject({ code: 'TOKEN_NOT_OWN' });
  });

  it('answers a revoked bearer before it looks at what the body names', async () => {
    const text = issuer.token();
    await tokens.revoke(text);
    await expect(logOut(text, issuer.expired())).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
  });

  it('refuses a named token that is revoked, and audits its reuse', async () => {
    const named = issuer.token({ jti: 'named' });
    await tokens.revoke(named);
    await expect(logOut(issuer.token(), named)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    expect(await failures()).toEqual([
      expect.objectContaining({ event: 'authn_token_reuse', tokenId: 'named' }),
      expect.objectContaining({ event: 'authn_token_revoked', outcome: 'failure' }),
    ]);
  });

  it("asks nothing about a stranger's token, so that its answer tells nothing", async () => {
    await expect(logOut(issuer.token(), issuer.token({ sub: 'eve' }))).rejects.toThrow();
    expect(store.lookedUp).toHaveLength(1);
  });

  it('of two at once lets one revoke and refuses the other', async () => {
    const text = issuer.token();
    const both = await Promise.allSettled([logOut(text, text), logOut(text, text)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'TOKEN_REVOKED' },
    });
  });

  it('audits who tried, from where, and why it was refused', async () => {
    const bearer = issuer.token({ jti: 'j1' });
    await expect(logOut(bearer, 'garbage')).rejects.toThrow();
    expect(await failures()).toEqual([
      expect.objectContaining({
        event: 'authn_token_revoked',
        outcome: 'failure',
        reason: 'body_token_form',
        subject: 'ada',
        tokenId: 'j1',
        ip: '203.0.113.7',
      }),
    ]);
  });

  it("audits an attempt on another user's token as what it is", async () => {
    await expect(logOut(issuer.token(), issuer.token({ sub: 'eve' }))).rejects.toThrow();
    expect(await failures()).toEqual([
      expect.objectContaining({ event: 'authz_fail', reason: 'token_not_own', subject: 'ada' }),
    ]);
  });

  it('audits whose token another user named, and which', async () => {
    const named = { sub: 'eve', jti: 'of-eve', iss: ISSUER };
    await expect(logOut(issuer.token(), issuer.token(named))).rejects.toThrow();
    const [event] = await failures();
    expect(event?.detail).toEqual({
      named: {
        issuer: ISSUER,
        subject: 'eve',
        tokenId: 'of-eve',
        tokenFingerprint: expect.stringMatching(/^[\da-f]{64}$/) as string,
      },
    });
  });

  it('audits no other token than the bearer where both are of one owner', async () => {
    await expect(logOut(issuer.token(), issuer.expired())).rejects.toThrow();
    const [event] = await failures();
    expect(event).not.toHaveProperty('detail');
  });

  it('audits an attempt without a bearer, of whom nothing is known but the address', async () => {
    await expect(logOut(undefined, undefined)).rejects.toThrow();
    expect(await failures()).toEqual([
      {
        event: 'authn_token_revoked',
        outcome: 'failure',
        reason: 'token_missing',
        ip: '203.0.113.7',
      },
    ]);
  });

  it('audits an attempt that the store failed, and passes the failure on', async () => {
    store.canAdd = false;
    const text = issuer.token();
    await expect(logOut(text, text)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await failures()).toEqual([expect.objectContaining({ reason: 'store_unavailable' })]);
  });

  describe('where the body token is optional', () => {
    const rules = { isBodyTokenOptional: true };

    it('revokes the bearer when the body names none', async () => {
      const text = issuer.token();
      await logOut(text, undefined, rules);
      expect(await isLive(text)).toBe(false);
    });

    it('still refuses a named token that is not acceptable', async () => {
      await expect(logOut(issuer.token(), 'garbage', rules)).rejects.toMatchObject({
        code: 'TOKEN_INVALID',
      });
    });

    it('refuses a second time', async () => {
      const text = issuer.token();
      await logOut(text, undefined, rules);
      await expect(logOut(text, undefined, rules)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    });
  });

  describe('where it may be repeated', () => {
    const rules = { isRepeatable: true };

    it('succeeds for a token that logs itself out again', async () => {
      const text = issuer.token({ jti: 'j1' });
      await logOut(text, text, rules);
      expect((await logOut(text, text, rules)).claims.jti).toBe('j1');
      expect((await store.audit.find({ event: 'authn_token_revoked' })).events).toHaveLength(1);
    });

    it('is answered no sooner than the store would answer the first time', async () => {
      const text = issuer.token();
      await logOut(text, text, rules);
      await logOut(text, text, rules);
      // With `logoutWaits: 'cluster'` the store waits in `add` until every instance knows.
      expect(store.added).toHaveLength(2);
    });

    it('is in doubt where the store cannot say that it is done', async () => {
      const text = issuer.token();
      await logOut(text, text, rules);
      store.canAdd = false;
      await expect(logOut(text, text, rules)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });

    it('succeeds for a named token that is revoked already', async () => {
      const named = issuer.token({ jti: 'named' });
      await tokens.revoke(named);
      expect((await logOut(issuer.token(), named, rules)).claims.jti).toBe('named');
    });

    it.each([
      ['another of its tokens', issuer.token()],
      ['garbage', 'garbage'],
      ['an expired token', issuer.expired()],
      ['nothing', undefined],
    ])('does not let a revoked bearer log out %s', async (_, named) => {
      const text = issuer.token();
      await tokens.revoke(text);
      await expect(logOut(text, named, rules)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
      expect(store.added).toHaveLength(1);
    });

    it('succeeds without a named token where that is optional too', async () => {
      const text = issuer.token();
      await tokens.revoke(text);
      await logOut(text, undefined, { ...rules, isBodyTokenOptional: true });
      expect((await store.audit.find({ event: 'authn_token_revoked' })).events).toHaveLength(1);
    });
  });
});
