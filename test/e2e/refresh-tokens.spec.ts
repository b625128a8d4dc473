import { RevokedTokensService, type AuthModuleOptions } from '../../src';
import { DOCUMENTED, PLATFORMS, TestApp } from '../support/app';
import { PLAIN_APPS } from '../support/plain-host';
import { TestIssuer } from '../support/tokens';
import { until } from '../support/until';

const issuer = new TestIssuer();
const RULES = {
  refreshTokens: { claim: { name: 'token_use', value: 'refresh' } },
} satisfies Partial<AuthModuleOptions>;
const COVERS_SESSION = { ...RULES, logoutCovers: 'session' } as const;

/** The two tokens of a login. */
const login = (claims: Record<string, unknown> = {}): [access: string, refresh: string] => [
  issuer.token({ sid: 's1', ...claims }),
  issuer.token({ sid: 's1', token_use: 'refresh', ...claims }),
];

describe.each(PLATFORMS)('Refresh tokens that are JWTs, on %s', (platform) => {
  let app: TestApp;
  const start = async (options: Partial<AuthModuleOptions>): Promise<void> => {
    app = await TestApp.start(platform, options, { issuer });
  };
  afterEach(() => app.close());

  const logout = (bearer: string, refreshToken: unknown) =>
    app.post().set('Authorization', `Bearer ${bearer}`).send({ token: bearer, refreshToken });
  const verdictFor = async (refresh: string): Promise<string> => {
    const tokens = app.nest.get(RevokedTokensService);
    return (await tokens.authenticate(refresh, { use: 'refresh' })).verdict;
  };
  const audited = async (event: 'authn_token_revoked' | 'authz_fail') =>
    (await app.store.audit.find({ event })).events;

  it('pass no guard, and access tokens refresh nothing', async () => {
    await start(RULES);
    const [access, refresh] = login();
    await app.me(refresh).expect(401);
    await app.logout(refresh).expect(401, DOCUMENTED.refused);
    await app.me(access).expect(200);
    expect([await verdictFor(refresh), await verdictFor(access)]).toEqual(['live', 'refused']);
  });

  it('end with the access token, in one commit, where the body names them', async () => {
    await start(RULES);
    const [access, refresh] = login();
    const [elsewhere, other] = login();
    await logout(access, refresh).expect(200, DOCUMENTED.loggedOut);
    expect(await verdictFor(refresh)).toBe('revoked');
    await app.me(access).expect(401);
    expect(await verdictFor(other)).toBe('live');
    await app.me(elsewhere).expect(200);
    expect(await audited('authn_token_revoked')).toHaveLength(2);
  });

  it.each([
    ['a refresh token of another user', () => login({ sub: 'eve' })[1]],
    ['an access token', () => login()[0]],
    ['one with a bad signature', () => `${login()[1].slice(0, -4)}AAAA`],
    ['no text', () => 42],
  ])(
    'are refused with the logout where the body names %s: nothing is revoked',
    async (_, named) => {
      await start(RULES);
      const [access, refresh] = login();
      await logout(access, named()).expect(401, DOCUMENTED.refused);
      await app.me(access).expect(200);
      expect(await verdictFor(refresh)).toBe('live');
    },
  );

  it('of another user leave a row in the audit that names them', async () => {
    await start(RULES);
    const [, foreign] = login({ sub: 'eve', jti: 'of-eve' });
    await logout(login()[0], foreign).expect(401);
    await until(async () => (await audited('authz_fail')).length > 0);
    expect(await audited('authz_fail')).toEqual([
      expect.objectContaining({
        subject: 'ada',
        reason: 'token_not_own',
        detail: { named: expect.objectContaining({ subject: 'eve', tokenId: 'of-eve' }) as object },
      }),
    ]);
  });

  it.each([
    ['has expired', () => issuer.expired({ token_use: 'refresh' })],
    ['was revoked', undefined],
  ])('are passed over where the named one %s', async (_, named) => {
    await start(RULES);
    const [access, refresh] = login();
    if (named === undefined) await logout(login()[0], refresh).expect(200);
    await logout(access, named?.() ?? refresh).expect(200, DOCUMENTED.loggedOut);
    await app.me(access).expect(401);
  });

  it('end with any token of their session, where a logout covers it', async () => {
    await start(COVERS_SESSION);
    const [access, refresh] = login();
    const [, otherSession] = login({ sid: 's2' });
    const [, otherIssuer] = login({ sid: 's1', sub: 'ada', iss: 'https://login.example' });
    const sibling = login()[0];
    await app.logout(access).expect(200, DOCUMENTED.loggedOut);
    await app.me(sibling).expect(401);
    expect(await verdictFor(refresh)).toBe('revoked');
    expect(await verdictFor(otherIssuer)).toBe('revoked');
    expect(await verdictFor(otherSession)).toBe('live');
    const scopes = (await audited('authn_token_revoked')).map(({ scope }) => scope);
    expect(scopes.sort()).toEqual(['session', 'token']);
  });

  it('of a later login with a sid of its own work, also within the second', async () => {
    await start(COVERS_SESSION);
    await app.logout(login()[0]).expect(200);
    const [access, refresh] = login({ sid: 's3' });
    await app.me(access).expect(200);
    expect(await verdictFor(refresh)).toBe('live');
  });

  it('a token without a session ends alone', async () => {
    await start(COVERS_SESSION);
    const token = issuer.token();
    await app.logout(token).expect(200);
    await app.me(token).expect(401);
    expect(await audited('authn_token_revoked')).toHaveLength(1);
  });

  it.each([
    ['sessionSeconds after the access token', 60, undefined, 60],
    ['sessionSeconds after the named refresh token', 60, 7, 67],
    ['as long as any token may live', 1, undefined, 31],
  ])('of a session stay revoked for %s', async (_, sessionDays, refreshDays, keptDays) => {
    await start({ ...COVERS_SESSION, sessionSeconds: sessionDays * 86_400 });
    const [access] = login();
    const exp = Math.floor(Date.now() / 1000) + (refreshDays ?? 0) * 86_400;
    const [, refresh] = login({ exp });
    await logout(access, refreshDays === undefined ? undefined : refresh).expect(200);
    const { revocations } = await app.store.find({ scope: 'session', sessionId: 's1' });
    expect(
      revocations.map(({ expiresAt }) =>
        Math.round((expiresAt.getTime() - Date.now()) / 86_400_000),
      ),
    ).toEqual([keptDays]);
  });

  it('of a session end with a sibling of the bearer, and so do its cookies', async () => {
    await start({ ...COVERS_SESSION, cookies: [{ name: 'access' }] });
    const [bearer, sibling] = [login()[0], login()[0]];
    const answer = await app.logout(bearer, sibling).expect(200);
    expect(answer.headers['set-cookie']).toEqual([expect.stringMatching(/^access=;/)]);
    await app.me(bearer).expect(401);
  });

  it('of a session live on where a host revokes one token alone', async () => {
    await start(COVERS_SESSION);
    const [access, refresh] = login();
    const tokens = app.nest.get(RevokedTokensService);
    const old = await tokens.authenticate(refresh, { use: 'refresh' });
    if (old.verdict !== 'live') throw new Error(old.verdict);
    await tokens.revoke(old.token, { covers: 'token' });
    expect(await verdictFor(refresh)).toBe('revoked');
    await app.me(access).expect(200);
  });

  it('of a session end by the sid that was signed, whatever is written to the claims', async () => {
    await start(COVERS_SESSION);
    const tokens = app.nest.get(RevokedTokensService);
    const found = await tokens.authenticate(login()[0]);
    if (found.verdict !== 'live') throw new Error(found.verdict);
    Object.assign(found.token.claims, { sid: 'another' });
    await tokens.revoke(found.token);
    await app.me(login()[0]).expect(401);
  });

  it('that are refused count as any bad request does, and a good logout is never refused', async () => {
    await start({ ...RULES, throttleLimit: 2 });
    const [access, refresh] = login();
    const statuses: number[] = [];
    for (let time = 0; time < 4; time += 1)
      statuses.push((await logout(access, 'nonsense')).status);
    expect(statuses).toEqual([401, 401, 429, 429]);
    await logout(access, refresh).expect(200, DOCUMENTED.loggedOut);
  });

  it('take no use but the two', async () => {
    await start(RULES);
    const tokens = app.nest.get(RevokedTokensService);
    const use = 'Refresh' as 'refresh';
    expect(() => tokens.authenticate(login()[1], { use })).toThrow('"use" must be');
    await tokens.revoke(login({ jti: 'used' })[0]);
    const lines: object[] = [];
    const reused = login({ jti: 'used' })[1];
    expect((await tokens.authenticate(reused, { use: 'refresh', ip: '203.0.113.7' })).verdict).toBe(
      'revoked',
    );
    await until(async () => {
      lines.push(...(await app.store.audit.find({ event: 'authn_token_reuse' })).events);
      return lines.length > 0;
    });
    expect(lines[0]).not.toHaveProperty('use');
  });

  it('are no concern of a host that has none: the member is ignored, as any other', async () => {
    await start({});
    const [access] = login();
    await logout(access, 'anything').expect(200, DOCUMENTED.loggedOut);
    const tokens = app.nest.get(RevokedTokensService);
    expect(() => tokens.authenticate(access, { use: 'refresh' })).toThrow('refreshTokens');
  });
});

describe.each(PLAIN_APPS)('Refresh tokens of plain %s', (_, start) => {
  it('end with the access token, or refuse the logout', async () => {
    const host = await start({ issuer, options: RULES });
    try {
      const [access, refresh] = login({ sid: 's9' });
      const [, foreign] = login({ sub: 'eve' });
      await host.post().send({ token: access, refreshToken: foreign }).expect(400);
      await host.post().send({ token: access, refreshToken: refresh }).expect(200);
      const { tokens } = host.revocation;
      expect((await tokens.authenticate(refresh, { use: 'refresh' })).verdict).toBe('revoked');
      const failures = async () => (await host.store.audit.find({ event: 'authz_fail' })).events;
      await until(async () => (await failures()).length === 1);
    } finally {
      await host.close();
    }
  });
});
