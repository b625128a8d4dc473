import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { LogoutCore } from '../../../src/core/compose';
import { TokenRejectedError } from '../../../src/revocation/errors';
import type { Session } from '../../../src/revocation/session-store';
import type { SessionOptions } from '../../../src/sessions/session-options';
import type { SessionsService } from '../../../src/sessions/sessions.service';
import { MemoryRevocationStore } from '../../../src/stores/memory';
import { logout, revocation } from '../../../src/testing/contract/contract';
import { coreWithSessions, OWN_ISSUER } from '../../support/sessions';
import { AUDIENCE, ISSUER, TestIssuer } from '../../support/tokens';

/** Half a millisecond behind a whole second, as databases have it. */
const NOW = Date.UTC(2026, 10, 29, 12) + 250;
const DAY_SECONDS = 86_400;
const DAY_MS = DAY_SECONDS * 1000;

describe('A session', () => {
  let now: number;
  let store: MemoryRevocationStore;
  let lines: string[];
  let core: LogoutCore;
  let sessions: SessionsService;

  const signingKeys = randomBytes(32);
  const start = (options: Partial<SessionOptions> = {}): void => {
    core = coreWithSessions(store, { signingKeys, ...options }, { issuers: [] }, lines);
    ({ sessions } = core);
  };
  beforeEach(async () => {
    [now, lines] = [NOW, []];
    store = new MemoryRevocationStore(() => now);
    start();
    await core.open();
  });
  afterEach(() => core.close());

  const verdictOf = async (text: string) => (await core.tokens.authenticate(text)).verdict;
  const revokeSessions = (all: readonly Session[]) =>
    core.bulk.revokeSessions({ sessionIds: all.map(({ sid }) => sid) });
  const events = () => lines.map((line) => (JSON.parse(line) as { event: string }).event);
  const refusal = async (attempt: Promise<unknown>): Promise<string> => {
    const error: unknown = await attempt.catch((caught: unknown) => caught);
    if (error instanceof TokenRejectedError) return `${error.code} ${error.reason}`;
    throw error instanceof Error ? error : new Error('it was not refused');
  };

  it('begins with a login: an access token by RFC 9068 that is accepted at once', async () => {
    const { accessToken, expiresIn, tokenType, session } = await sessions.open('ada', {
      device: 'phone',
      source: { ip: '203.0.113.1' },
    });
    expect(await verdictOf(accessToken)).toBe('live');
    expect([tokenType, expiresIn]).toEqual(['Bearer', 900]);
    expect(decodeProtectedHeader(accessToken)).toEqual({ alg: 'HS256', typ: 'at+jwt' });
    const second = Math.floor(NOW / 1000);
    expect(decodeJwt(accessToken)).toEqual({
      iss: OWN_ISSUER,
      sub: 'ada',
      aud: OWN_ISSUER,
      client_id: OWN_ISSUER,
      iat: second,
      exp: second + 900,
      jti: expect.any(String) as string,
      sid: session.sid,
      iat_ms: NOW,
      opened_ms: NOW,
    });
    expect(session).toMatchObject({ subject: 'ada', device: 'phone', ip: '203.0.113.1' });
    expect(session.sid).toMatch(/^[\w-]{22}$/);
    expect(events()).toEqual(['session_created']);
  });

  it('goes on with each refresh, whose token is good for one', async () => {
    const first = await sessions.open('ada');
    now += 60_000;
    const second = await sessions.refresh(first.refreshToken);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect(decodeJwt(second.accessToken)).toMatchObject({
      sid: first.session.sid,
      opened_ms: NOW,
      iat_ms: NOW + 60_000,
    });
    expect(await verdictOf(first.accessToken)).toBe('live');
    expect(events()).toEqual(['session_created', 'session_renewed']);
  });

  it('gives two tabs that refresh at once one and the same successor', async () => {
    const { refreshToken } = await sessions.open('ada');
    const all = await Promise.all(Array.from({ length: 10 }, () => sessions.refresh(refreshToken)));
    expect(new Set(all.map((each) => each.refreshToken)).size).toBe(1);
    expect(new Set(all.map((each) => each.accessToken)).size).toBe(10);
    expect(events().filter((event) => event === 'session_renewed')).toHaveLength(1);
  });

  it('ends where a refresh token is used again after its successor was', async () => {
    const stolen = await sessions.open('ada');
    const one = await sessions.refresh(stolen.refreshToken);
    const two = await sessions.refresh(one.refreshToken);
    expect(await refusal(sessions.refresh(stolen.refreshToken))).toBe(
      'TOKEN_REVOKED refresh_token_reused',
    );
    // Neither the thief nor the owner goes on.
    for (const { refreshToken, accessToken } of [stolen, one, two]) {
      expect(await refusal(sessions.refresh(refreshToken))).toBe('TOKEN_REVOKED session_ended');
      expect(await verdictOf(accessToken)).toBe('revoked');
    }
  });

  it.each([
    ['rubbish', 'rubbish'],
    ['its access token', undefined],
    ['nothing', null],
  ])('is not ended by %s, which is no refresh token', async (_, text) => {
    const { accessToken, refreshToken } = await sessions.open('ada');
    const attempt = sessions.refresh(text === undefined ? accessToken : text);
    expect(await refusal(attempt)).toBe('TOKEN_INVALID refresh_token_unknown');
    await sessions.refresh(refreshToken);
  });

  it('of another service is none: its refresh tokens are unknown', async () => {
    const refreshKeys = randomBytes(32);
    const other = coreWithSessions(new MemoryRevocationStore(), { refreshKeys });
    const { refreshToken } = await other.sessions.open('ada');
    start({ refreshKeys });
    expect(await refusal(sessions.refresh(refreshToken))).toBe(
      'TOKEN_INVALID refresh_token_unknown',
    );
    await other.close();
  });

  it('is over once it was idle for too long, and a refresh puts that off', async () => {
    const opened = await sessions.open('ada');
    now += 6 * DAY_MS;
    const { refreshToken } = await sessions.refresh(opened.refreshToken);
    now += 6 * DAY_MS;
    const again = await sessions.refresh(refreshToken);
    now += 7 * DAY_MS;
    expect(await refusal(sessions.refresh(again.refreshToken))).toBe('TOKEN_EXPIRED token_expired');
    expect(await sessions.list('ada')).toEqual([]);
  });

  it('is over at its end, however often it was refreshed, and its last token ends then', async () => {
    start({ idleSeconds: 1800, absoluteSeconds: 3600 });
    let { refreshToken } = await sessions.open('ada');
    let expiresIn = 0;
    for (let minutes = 0; minutes < 55; minutes += 5) {
      now += 300_000;
      ({ refreshToken, expiresIn } = await sessions.refresh(refreshToken));
    }
    expect(expiresIn).toBe(300);
    now += 300_000;
    expect(await refusal(sessions.refresh(refreshToken))).toBe('TOKEN_EXPIRED token_expired');
  });

  it('gives no token in its last second, and says that it is over', async () => {
    start({ idleSeconds: 1800, absoluteSeconds: 3600 });
    const first = await sessions.open('ada');
    now += 1_790_000;
    const second = await sessions.refresh(first.refreshToken);
    now += 1_790_000;
    const third = await sessions.refresh(second.refreshToken);
    now = NOW + 3_600_000 - 100;
    expect(await refusal(sessions.refresh(third.refreshToken))).toBe('TOKEN_EXPIRED token_expired');
  });

  it('refuses all its tokens once it was ended, which one call does', async () => {
    const { accessToken, refreshToken, session } = await sessions.open('ada');
    const other = await sessions.open('ada');
    expect(await sessions.end(session.sid)).toBe(true);
    expect(await sessions.end(session.sid)).toBe(false);
    expect(await verdictOf(accessToken)).toBe('revoked');
    expect(await refusal(sessions.refresh(refreshToken))).toBe('TOKEN_REVOKED session_ended');
    expect(await verdictOf(other.accessToken)).toBe('live');
  });

  it('ends with a logout of any of its access tokens, and two of them are one logout', async () => {
    const { accessToken, refreshToken } = await sessions.open('ada');
    const next = await sessions.refresh(refreshToken);
    expect(await core.tokens.revoke(accessToken)).toBe(true);
    expect(await core.tokens.revoke(next.accessToken)).toBe(false);
    expect(await verdictOf(next.accessToken)).toBe('revoked');
    expect(await refusal(sessions.refresh(next.refreshToken))).toBe('TOKEN_REVOKED session_ended');
  });

  it('that its store has lost, by a failover, still ends with a logout', async () => {
    const { accessToken } = await sessions.open('ada');
    const after = coreWithSessions(new MemoryRevocationStore(() => now), { signingKeys });
    expect(await after.tokens.revoke(accessToken)).toBe(true);
    expect(await after.tokens.revoke(accessToken)).toBe(false);
    expect((await after.tokens.authenticate(accessToken)).verdict).toBe('revoked');
    await after.close();
  });

  it('stays where only its token is to be revoked', async () => {
    const { accessToken, refreshToken } = await sessions.open('ada');
    await core.tokens.revoke(accessToken, { covers: 'token' });
    expect(await verdictOf(accessToken)).toBe('revoked');
    expect(await verdictOf((await sessions.refresh(refreshToken)).accessToken)).toBe('live');
  });

  it('is one of several, which the user sees and may end but for this one', async () => {
    const [phone, laptop, tablet] = [
      await sessions.open('ada', { device: 'phone' }),
      await sessions.open('ada', { device: 'laptop' }),
      await sessions.open('ada', { device: 'tablet' }),
    ];
    await sessions.open('grace');
    const names = async () => (await sessions.list('ada')).map(({ device }) => device);
    expect(await names()).toEqual(['tablet', 'laptop', 'phone']);
    expect(await sessions.endOthers('ada', laptop.session.sid)).toBe(2);
    expect(await names()).toEqual(['laptop']);
    for (const { accessToken } of [phone, tablet])
      expect(await verdictOf(accessToken)).toBe('revoked');
    expect(await sessions.endOthers('ada', phone.session.sid)).toBeUndefined();
    expect(await names()).toEqual(['laptop']);
  });

  it('is listed with the others by one question to the store', async () => {
    for (const device of ['phone', 'laptop']) await sessions.open('ada', { device });
    const asked = store.status().directLookUps;
    expect(await sessions.list('ada')).toHaveLength(2);
    expect(store.status().directLookUps).toBe(asked);
  });

  it('of every device ends at once, and a login in the same millisecond works', async () => {
    const old = await sessions.open('ada');
    await sessions.endAll('ada');
    const next = await sessions.open('ada');
    expect(await verdictOf(old.accessToken)).toBe('revoked');
    expect(await refusal(sessions.refresh(old.refreshToken))).toBe('TOKEN_REVOKED session_ended');
    now += 10;
    expect(await verdictOf(next.accessToken)).toBe('live');
    expect(await sessions.list('ada')).toEqual([next.session]);
  });

  it('opens also where a cutoff is ahead of the clock, after a failover to one that is behind', async () => {
    await sessions.endAll('ada');
    now -= 3_600_000;
    const { accessToken, session } = await sessions.open('ada');
    expect(session.openedAt.getTime()).toBeGreaterThan(NOW);
    expect(await verdictOf(accessToken)).toBe('live');
  });

  it('that slept while all devices were signed out does not come back', async () => {
    start({ idleSeconds: (30 * DAY_MS) / 1000 });
    const asleep = await sessions.open('ada');
    await sessions.endAll('ada');
    now += 29 * DAY_MS;
    expect(await refusal(sessions.refresh(asleep.refreshToken))).toBe(
      'TOKEN_REVOKED session_ended',
    );
  });

  it('of the user before ends at a login on the same computer', async () => {
    const before = await sessions.open('ada');
    const { session } = await sessions.open('grace', { previous: before.refreshToken });
    expect(await verdictOf(before.accessToken)).toBe('revoked');
    expect(session.sid).not.toBe(before.session.sid);
    await sessions.open('grace', { previous: 'rubbish' });
    expect(await sessions.list('grace')).toHaveLength(2);
  });

  it('ends where there are too many: the one that was not refreshed for the longest time', async () => {
    start({ maxPerSubject: 2 });
    const [one, two] = [await sessions.open('ada'), await sessions.open('ada')];
    now += 1000;
    await sessions.refresh(one.refreshToken);
    await sessions.open('ada');
    expect(await verdictOf(two.accessToken)).toBe('revoked');
    expect(await verdictOf(one.accessToken)).toBe('live');
  });

  describe('with claims of the host', () => {
    it('carries them, new with each refresh', async () => {
      let role = 'user';
      start({ claims: (subject, { sid }) => ({ role, of: subject, session: sid }) });
      const first = await sessions.open('ada');
      expect(decodeJwt(first.accessToken)).toMatchObject({ role: 'user', of: 'ada' });
      role = 'admin';
      const { accessToken } = await sessions.refresh(first.refreshToken);
      expect(decodeJwt(accessToken)).toMatchObject({ role: 'admin' });
    });

    it('is the one that was opened, whatever the hook writes to it', async () => {
      start({
        claims: (_, session) => {
          Object.assign(session, { subject: 'eve', sid: 'other' });
          session.expiresAt.setFullYear(3000);
          return {};
        },
      });
      const { accessToken, session } = await sessions.open('ada');
      expect(decodeJwt(accessToken)).toMatchObject({ sub: 'ada', sid: session.sid });
      expect(session.subject).toBe('ada');
      expect(session.expiresAt.getTime()).toBeLessThan(new Date('3000-01-01').getTime());
    });

    it('ends where they are null: at login, at a refresh, and in the grace after one', async () => {
      const banned = new Set<string>();
      start({ claims: (subject) => (banned.has(subject) ? null : {}) });
      const first = await sessions.open('ada');
      await sessions.refresh(first.refreshToken);
      banned.add('ada');
      const ended = 'TOKEN_REVOKED session_ended';
      expect(await refusal(sessions.refresh(first.refreshToken))).toBe(ended);
      expect(await verdictOf(first.accessToken)).toBe('revoked');
      expect(await refusal(sessions.open('ada'))).toBe(ended);
      expect(await sessions.list('ada')).toEqual([]);
    });

    it('loses nothing where they fail: a retry within the grace works', async () => {
      let isAway = false;
      start({
        claims: () => {
          if (isAway) throw new Error('no users');
          return {};
        },
      });
      const { refreshToken } = await sessions.open('ada');
      isAway = true;
      await expect(sessions.refresh(refreshToken)).rejects.toThrow('no users');
      isAway = false;
      await sessions.refresh(refreshToken);
    });

    it.each([
      ['a registered claim', { sub: 'root' }],
      ['the claim of a session', { sid: 'other' }],
      ['the instant of a session', { opened_ms: 9e15 }],
      ['what an ID token has', { nonce: 'n' }],
      ['too much', { text: 'x'.repeat(2048) }],
      ['nothing', undefined],
      ['a list', []],
      ['a text', 'admin'],
    ])('refuses %s: no such token is minted', async (_, claims) => {
      start({ claims: () => claims as never });
      await expect(sessions.open('ada')).rejects.toThrow(/sessions\.claims/);
    });
  });

  it.each([[''], ['x'.repeat(256)], ['a\u0000b'], [7 as never], [undefined as never]])(
    'belongs to a subject that is text: %p is none',
    async (subject) => {
      await expect(sessions.open(subject)).rejects.toThrow(/subject/);
    },
  );

  it.each([
    ['device', { device: 7 as never }],
    ['client', { clientId: '' }],
    ['client', { clientId: 7 as never }],
  ])('has no %s of another form', async (_, options) => {
    await expect(sessions.open('ada', options)).rejects.toThrow(TypeError);
  });

  it.each([
    ["Ada's phone", "Ada's phone"],
    [' a\u0000b\u202e ', 'a b'],
    ['x'.repeat(1000), 'x'.repeat(100)],
    ['\ud800', '\ufffd'],
    ['', undefined],
  ])('takes whatever a client calls its device: %j', async (device, kept) => {
    expect((await sessions.open('ada', { device })).session.device).toBe(kept);
  });

  it('goes on where its claims change while they are asked for, with the new ones', async () => {
    let role = 'user';
    start({
      claims: async () => {
        const before = role;
        if (role === 'user') {
          role = 'admin';
          await core.bulk.revokeSubject({ subject: 'ada', reach: 'tokens' });
          now += 1;
        }
        return { role: before };
      },
    });
    const { accessToken, refreshToken } = await sessions.open('ada');
    expect(decodeJwt(accessToken)).toMatchObject({ role: 'admin' });
    expect(await verdictOf(accessToken)).toBe('live');
    await sessions.refresh(refreshToken);
  });

  it('is found by the token that would be exchanged next, and by no other text', async () => {
    const { refreshToken, session } = await sessions.open('ada');
    const next = await sessions.refresh(refreshToken);
    expect(await sessions.find(next.refreshToken)).toMatchObject({ sid: session.sid });
    for (const other of [refreshToken, next.accessToken, 'rubbish', undefined, 7])
      expect(await sessions.find(other)).toBeUndefined();
  });

  it('lives no longer than the options say now, whatever they said at its login', async () => {
    const refreshKeys = randomBytes(32);
    start({ refreshKeys, idleSeconds: 60 * DAY_SECONDS, absoluteSeconds: 400 * DAY_SECONDS });
    const { refreshToken } = await sessions.open('ada');
    start({ refreshKeys });
    await sessions.endAll('ada');
    now += 45 * DAY_MS;
    expect(await sessions.find(refreshToken)).toBeUndefined();
    expect(await refusal(sessions.refresh(refreshToken))).toBe('TOKEN_EXPIRED token_expired');
  });

  it.each<[string, () => Promise<unknown>]>([
    ['all of the user', () => sessions.endAll('ada')],
    ['it by its id', async () => revokeSessions(await sessions.list('ada'))],
  ])(
    'stays over where a revocation of %s came while the options were shorter for a time',
    async (_, revoke) => {
      const keys = { refreshKeys: randomBytes(32) };
      const long = { ...keys, idleSeconds: 60 * DAY_SECONDS, absoluteSeconds: 400 * DAY_SECONDS };
      start(long);
      const { refreshToken } = await sessions.open('ada');
      start(keys);
      await revoke();
      start(long);
      now += 45 * DAY_MS;
      await store.add(revocation(), logout()); // purges what has expired
      expect(await refusal(sessions.refresh(refreshToken))).toBe('TOKEN_REVOKED session_ended');
      expect(await sessions.list('ada')).toEqual([]);
    },
  );

  it('ends by a refresh token that was exchanged before, as by a logout', async () => {
    const { refreshToken, accessToken } = await sessions.open('ada');
    const next = await sessions.refresh((await sessions.refresh(refreshToken)).refreshToken);
    lines.length = 0;
    expect(await sessions.endByRefreshToken(refreshToken)).toBe(true);
    expect(lines).toEqual([expect.stringContaining('"reason":"logout"')]);
    for (const text of [accessToken, next.accessToken])
      expect(await verdictOf(text)).toBe('revoked');
  });

  it('ends by its refresh token also where the issuer has another name now', async () => {
    const refreshKeys = randomBytes(32);
    start({ refreshKeys, issuer: 'https://old.example' });
    const { accessToken, refreshToken } = await sessions.open('ada');
    const before = core;
    start({ refreshKeys });
    expect(await refusal(sessions.refresh(refreshToken))).toBe(
      'TOKEN_INVALID refresh_token_unknown',
    );
    expect(await sessions.endByRefreshToken(refreshToken)).toBe(true);
    expect((await before.tokens.authenticate(accessToken)).verdict).toBe('revoked');
  });

  it('leaves no refresh token, and no access token, in the audit', async () => {
    const { refreshToken, accessToken } = await sessions.open('ada');
    await sessions.refresh(refreshToken);
    await core.tokens.revoke(accessToken);
    for (const text of [refreshToken, accessToken, refreshToken.slice(5, 40)])
      expect(lines.join()).not.toContain(text);
  });
});

describe('Keys of sessions', () => {
  const store = new MemoryRevocationStore();
  const [old, next] = ['ES256', 'EdDSA'].map((kid) => ({
    key: (kid === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
      : generateKeyPairSync('ed25519')
    ).privateKey,
    kid,
  })) as [never, never];
  const refreshKeys = [randomBytes(32), randomBytes(32)] as const;

  it('are changed without signing anybody out: added last, then moved first', async () => {
    const before = coreWithSessions(store, { signingKeys: [old], refreshKeys: refreshKeys[0] });
    const added = coreWithSessions(store, {
      signingKeys: [old, next],
      refreshKeys: [refreshKeys[0], refreshKeys[1]],
    });
    const moved = coreWithSessions(store, {
      signingKeys: [next, old],
      refreshKeys: [refreshKeys[1], refreshKeys[0]],
    });
    const first = await before.sessions.open('ada');
    const second = await added.sessions.refresh(first.refreshToken);
    const third = await moved.sessions.refresh(second.refreshToken);
    expect(decodeProtectedHeader(third.accessToken)).toEqual({
      alg: 'EdDSA',
      typ: 'at+jwt',
      kid: 'EdDSA',
    });
    for (const { accessToken } of [first, second, third])
      expect((await moved.tokens.authenticate(accessToken)).verdict).toBe('live');
    // An instance that has not got the new keys first knows them already.
    expect((await added.tokens.authenticate(third.accessToken)).verdict).toBe('live');
    await added.sessions.refresh(third.refreshToken);
  });
});

describe('Beside another issuer', () => {
  const other = new TestIssuer();
  const rules = { algorithms: ['HS256'], keys: other.key, audience: AUDIENCE } as const;
  const named = { issuers: [{ ...rules, issuer: ISSUER }] };

  it('both are accepted, each by its own rules', async () => {
    const core = coreWithSessions(new MemoryRevocationStore(), {}, named);
    const { accessToken } = await core.sessions.open('ada');
    for (const text of [accessToken, other.token()])
      expect((await core.tokens.authenticate(text)).verdict).toBe('live');
    const forged = other.token({ iss: OWN_ISSUER, aud: OWN_ISSUER }, { typ: 'at+jwt' });
    expect((await core.tokens.authenticate(forged)).verdict).toBe('refused');
    await core.close();
  });

  it('a session of ours is no session of another issuer with that sid', async () => {
    const core = coreWithSessions(new MemoryRevocationStore(), {}, named);
    const { accessToken, session } = await core.sessions.open('ada');
    const foreign = other.token({ sid: session.sid });
    await core.tokens.revoke(foreign);
    expect((await core.tokens.authenticate(accessToken)).verdict).toBe('live');
    await core.close();
  });

  it('stops the boot where that has our name, our key, or no name', () => {
    const store = new MemoryRevocationStore();
    const signingKeys = randomBytes(32);
    const start = (issuer: string | null, keys: string | Buffer = other.key) =>
      coreWithSessions(store, { signingKeys }, { ...rules, keys, issuer });
    expect(() => start(OWN_ISSUER)).toThrow(/issuer/);
    expect(() => start(null)).toThrow(/"issuer" must be a name beside sessions/);
    expect(() => start(ISSUER, signingKeys)).toThrow(/key/);
    expect(() => coreWithSessions(store, { refreshKeys: signingKeys, signingKeys })).toThrow(
      /refreshKeys/,
    );
  });
});
