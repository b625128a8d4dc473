import { randomBytes } from 'node:crypto';
import { LogoutCore } from '../../../src/core/compose';
import { TokenRejectedError } from '../../../src/revocation/errors';
import { OwnSessions } from '../../../src/sessions/own-sessions';
import { TokenRevocation } from '../../../src/sessions/token-revocation';
import { MemoryRevocationStore } from '../../../src/stores/memory';
import { coreWithSessions } from '../../support/sessions';
import { AUDIENCE, ISSUER, TestIssuer } from '../../support/tokens';

const KEYS = { signingKeys: randomBytes(32), refreshKeys: randomBytes(32) };
const other = new TestIssuer();
const refreshing = new TestIssuer();
/** Another issuer, whose refresh tokens have a key of their own. */
const RULES = {
  issuers: [
    {
      algorithms: ['HS256'] as const,
      keys: other.key,
      issuer: ISSUER,
      audience: AUDIENCE,
      refreshTokens: { keys: refreshing.key },
    },
  ],
};

const coreOn = (store: MemoryRevocationStore, lines: string[] = []): LogoutCore =>
  coreWithSessions(store, KEYS, RULES, lines);

const reasonOf = async (attempt: Promise<unknown>): Promise<string> => {
  const error: unknown = await attempt.catch((caught: unknown) => caught);
  return error instanceof TokenRejectedError ? error.reason : 'it was not refused';
};

describe('What a user does with sessions', () => {
  let store: MemoryRevocationStore;
  let core: LogoutCore;
  let own: OwnSessions;
  beforeEach(() => {
    store = new MemoryRevocationStore();
    core = coreOn(store);
    own = new OwnSessions(core.sessions, core.audit);
  });
  afterEach(() => core.close());

  const bearerOf = async (text: string) => core.tokens.authenticate(text);
  const loginElsewhere = async (): Promise<string> => {
    const lost = coreOn(new MemoryRevocationStore());
    const { accessToken } = await lost.sessions.open('ada');
    await lost.close();
    return accessToken;
  };

  it('needs a live token of a session of ours', async () => {
    const foreign = await bearerOf(other.token({ sid: 'x' }));
    for (const attempt of [
      own.list(foreign),
      own.endOthers(foreign, {}),
      own.endAll(foreign, {}),
      own.end(foreign, 'x', {}),
    ])
      expect(await reasonOf(attempt)).toBe('session_missing');
    expect(await reasonOf(own.list({ verdict: 'missing' }))).toBe('token_missing');
  });

  it('signs no other device out by a token whose session a failover has lost', async () => {
    const bearer = await bearerOf(await loginElsewhere());
    expect(bearer.verdict).toBe('live');
    await core.sessions.open('ada');
    expect(await reasonOf(own.endOthers(bearer, {}))).toBe('session_ended');
    expect(await core.sessions.list('ada')).toHaveLength(1);
  });

  it('ends one session once, also where two ask at the same moment', async () => {
    const { accessToken } = await core.sessions.open('ada');
    const { session } = await core.sessions.open('ada');
    const bearer = await bearerOf(accessToken);
    const both = await Promise.all([
      own.end(bearer, session.sid, {}),
      own.end(bearer, session.sid, {}),
    ]);
    expect(both.filter((ended) => ended !== undefined)).toHaveLength(1);
  });

  it('ends no session of another user', async () => {
    const { accessToken } = await core.sessions.open('ada');
    const victim = await core.sessions.open('grace');
    const bearer = await bearerOf(accessToken);
    expect(await own.end(bearer, victim.session.sid, {})).toBeUndefined();
    expect((await bearerOf(victim.accessToken)).verdict).toBe('live');
  });

  it('revokes the other tokens that are named beside it, too', async () => {
    const { accessToken } = await core.sessions.open('ada');
    const texts = [accessToken, other.token()];
    const [first, second] = await Promise.all(texts.map(bearerOf));
    if (first?.verdict !== 'live' || second?.verdict !== 'live') throw new Error('not live');
    expect(await core.tokens.revokeTogether([first.token, second.token])).toBe(true);
    for (const text of texts) expect((await bearerOf(text)).verdict).toBe('revoked');
  });

  it('goes by the session that the token was read with, whatever was written to its claims', async () => {
    const { accessToken } = await core.sessions.open('ada');
    const victim = await core.sessions.open('grace');
    const bearer = await bearerOf(accessToken);
    if (bearer.verdict !== 'live') throw new Error(bearer.verdict);
    Object.assign(bearer.token.claims, { sid: victim.session.sid });
    expect(await core.tokens.revoke(bearer.token)).toBe(true);
    expect((await bearerOf(victim.accessToken)).verdict).toBe('live');
    expect((await bearerOf(accessToken)).verdict).toBe('revoked');
  });

  it('tells which session is that of the bearer, whatever was written to its claims', async () => {
    const { accessToken } = await core.sessions.open('ada');
    const { session } = await core.sessions.open('ada');
    const bearer = await bearerOf(accessToken);
    if (bearer.verdict !== 'live') throw new Error(bearer.verdict);
    Object.assign(bearer.token.claims, { sid: session.sid });
    const current = (await own.list(bearer)).filter(({ isCurrent }) => isCurrent);
    expect(current.map((each) => each.session.sid)).toEqual([bearer.token.sessionId]);
  });

  it('is not done by a token of another issuer, whatever was written to its claims', async () => {
    const { accessToken, session } = await core.sessions.open('grace');
    const bearer = await bearerOf(other.token({ sid: session.sid }));
    if (bearer.verdict !== 'live') throw new Error(bearer.verdict);
    Object.assign(bearer.token.claims, { iss: session.issuer });
    await core.tokens.revoke(bearer.token);
    expect((await bearerOf(accessToken)).verdict).toBe('live');
  });
});

describe('A token that is handed in to be revoked', () => {
  let core: LogoutCore;
  let revocation: TokenRevocation;
  let lines: string[];
  beforeEach(() => {
    lines = [];
    core = coreOn(new MemoryRevocationStore(), lines);
    revocation = new TokenRevocation(core.sessions, core.tokens, core.audit);
  });
  afterEach(() => core.close());
  const verdictOf = async (text: string, use: 'access' | 'refresh' = 'access') =>
    (await core.tokens.authenticate(text, { use })).verdict;

  it('is refused from then on, of whatever kind it is', async () => {
    const [access, refresh] = [other.token(), refreshing.token()];
    const { accessToken, refreshToken } = await core.sessions.open('ada');
    for (const text of [access, refresh, refreshToken]) await revocation.run(text, {});
    expect(await verdictOf(access)).toBe('revoked');
    expect(await verdictOf(refresh, 'refresh')).toBe('revoked');
    expect(await verdictOf(accessToken)).toBe('revoked');
  });

  it.each([
    ['expired', () => other.expired()],
    ['an expired refresh token', () => refreshing.expired()],
    ['forged', () => new TestIssuer().token()],
    ['rubbish', () => 'rubbish'],
  ])('changes nothing where it is %s', async (_, text) => {
    await revocation.run(text(), {});
    expect(lines).toEqual([]);
  });
});

describe('A host without the option sessions', () => {
  it('is told to set it where it opens one', async () => {
    const core = new LogoutCore({
      tokenRules: RULES,
      store: new MemoryRevocationStore(),
      logoutRules: { isBodyTokenOptional: false, isRepeatable: false },
      liveGraceMs: 4000,
      printAudit: () => undefined,
      printRefusal: () => undefined,
      printNotice: () => undefined,
      onError: () => undefined,
    });
    await expect(core.sessions.open('ada')).rejects.toThrow('set the option "sessions"');
    await expect(core.sessions.list('ada')).rejects.toThrow('set the option "sessions"');
    expect(core.sessions.nameOf('nlr1_')).toBeUndefined();
    await core.close();
  });
});
