import { AuditLog } from '../../../src/audit/audit-log';
import { BulkRevocation } from '../../../src/revocation/bulk-revocation';
import { RevokedTokensService } from '../../../src/revocation/revoked-tokens.service';
import { MemoryRevocationStore } from '../../../src/stores/memory';
import type { OwnTokens } from '../../../src/tokens/verification/own-tokens';
import { TokenVerifier } from '../../../src/tokens/verification/token-verifier';
import { ownTokens } from '../../support/own-tokens';
import { ISSUER, TestIssuer } from '../../support/tokens';

const issuer = new TestIssuer();
const DAY_SECONDS = 86_400;
/** Now, for the store and the tokens: whole seconds, half a second in. */
const NOW = Date.UTC(2026, 10, 29, 12) + 500;
const SECOND = Math.floor(NOW / 1000);

describe('A revocation of many tokens', () => {
  let now: number;
  let store: MemoryRevocationStore;
  let audit: AuditLog;
  let lines: string[];
  let tokens: RevokedTokensService;
  let bulk: BulkRevocation;

  const open = (rules: object = {}, own?: OwnTokens): void => {
    const verifier = new TokenVerifier(
      { algorithms: ['HS256'], keys: issuer.key, issuer: ISSUER, audience: null, ...rules },
      () => now,
      'access',
      own,
    );
    tokens = new RevokedTokensService(verifier, store, audit);
    bulk = new BulkRevocation(verifier, store, audit);
  };
  beforeEach(() => {
    [now, lines] = [NOW, []];
    store = new MemoryRevocationStore(() => now);
    audit = new AuditLog(store.audit, (line) => lines.push(line));
    open();
  });
  afterEach(() => audit.close());

  /** A token that was issued so many seconds before now. */
  const issued = (secondsAgo: number, claims: Record<string, unknown> = {}): string =>
    issuer.token({ iat: SECOND - secondsAgo, exp: SECOND + 600, ...claims });
  const verdictOf = async (text: string): Promise<string> =>
    (await tokens.authenticate(text)).verdict;

  it('of a subject refuses what was issued until now, and a later login works', async () => {
    const [old, ofThisSecond, others] = [issued(60), issued(0), issued(60, { sub: 'grace' })];

    expect(await bulk.revokeSubject({ subject: 'ada' })).toEqual(new Date(NOW));

    now += 1000;
    const later = issued(-1);
    expect([await verdictOf(old), await verdictOf(ofThisSecond)]).toEqual(['revoked', 'revoked']);
    expect([await verdictOf(others), await verdictOf(later)]).toEqual(['live', 'live']);
  });

  it('of a subject refuses at equal instants, and nothing that began a millisecond later', async () => {
    open({ cutoffClaim: 'auth_time' });
    const seconds = SECOND - 30;
    now = seconds * 1000;
    await bulk.revokeSubject({ subject: 'ada' });
    now = NOW;
    const begun = (at: number) => verdictOf(issued(0, { auth_time: at }));
    expect([await begun(seconds), await begun(seconds + 0.001)]).toEqual(['revoked', 'live']);
  });

  it('that reaches sessions refuses refreshed tokens where the issuer dates logins', async () => {
    open({ cutoffClaim: 'auth_time' });
    await bulk.revokeSubject({ subject: 'ada' });
    now += 2000;
    const [refreshed, loggedIn] = [SECOND - 600, SECOND + 1].map((auth_time) =>
      issued(-1, { auth_time }),
    );
    expect([await verdictOf(refreshed!), await verdictOf(loggedIn!)]).toEqual(['revoked', 'live']);
    expect(await verdictOf(issued(-1))).toBe('revoked'); // it does not say
  });

  it('that reaches tokens refuses those, while their sessions go on', async () => {
    open({ cutoffClaim: 'auth_time' });
    const auth_time = SECOND - 600;
    const options = { reason: 'role change' };
    await bulk.revokeSubject({ subject: 'ada', reach: 'tokens' }, options);
    now += 2000;
    expect(await verdictOf(issued(0, { auth_time }))).toBe('revoked');
    expect(await verdictOf(issued(-1, { auth_time }))).toBe('live');
    expect(await verdictOf(issued(0, { sub: 'grace', auth_time }))).toBe('live');
    const { revocations } = await store.find({ scope: 'subject-tokens' });
    expect(revocations).toMatchObject([{ subject: 'ada', issuer: ISSUER, reason: 'role change' }]);
  });

  it('reaches sessions or tokens, and nothing else', async () => {
    const reach = 'everything' as 'tokens';
    await expect(bulk.revokeSubject({ subject: 'ada', reach })).rejects.toThrow(
      'nestjs-logout: "reach" must be "sessions" or "tokens".',
    );
  });

  it.each(['client_id', 'azp', 'cid', 'appid'])(
    'of a client covers tokens that name it as %s, whatever other client they name',
    async (claim) => {
      const others = { client_id: 'blog', azp: 'blog', cid: 'blog', appid: 'blog' };
      const covered = [issued(1, { [claim]: 'shop' }), issued(1, { ...others, [claim]: 'shop' })];
      const other = issued(1, others);
      await bulk.revokeClient({ clientId: 'shop' });
      expect(await Promise.all(covered.map(verdictOf))).toEqual(['revoked', 'revoked']);
      expect(await verdictOf(other)).toBe('live');
    },
  );

  it('of sessions goes by the claim that names them', async () => {
    open({ sessionClaim: 'login' });
    const [covered, other] = [issued(1, { login: 's1' }), issued(1, { login: 's2', sid: 's1' })];
    expect(await bulk.revokeSessions({ sessionIds: ['s1'] })).toBe(1);
    expect([await verdictOf(covered), await verdictOf(other)]).toEqual(['revoked', 'live']);
  });

  it('of an issuer covers all of its tokens, and none of another', async () => {
    const keys = { audience: null, algorithms: ['HS256'] };
    const other = new TestIssuer();
    open({
      ...{ issuer: undefined, audience: undefined, algorithms: undefined, keys: undefined },
      issuers: [
        { ...keys, issuer: ISSUER, keys: issuer.key },
        { ...keys, issuer: 'other', keys: other.key },
      ],
    });
    await bulk.revokeIssuer({ issuer: 'other' });
    const foreign = other.token({ iss: 'other', iat: SECOND - 1, exp: SECOND + 600 });
    expect([await verdictOf(foreign), await verdictOf(issued(1))]).toEqual(['revoked', 'live']);
    await expect(bulk.revokeSubject({ subject: 'ada' })).rejects.toThrow(
      `"issuer" must be given where there are several: one of ${ISSUER}, other.`,
    );
  });

  it('of sessions covers their tokens of every age, and tells how many were new', async () => {
    expect(await bulk.revokeSessions({ sessionIds: ['s1', 's2', 's1'] })).toBe(2);
    expect(await bulk.revokeSessions({ sessionIds: ['s2', 's3'] })).toBe(1);
    now += 60_000;
    const minted = issued(-60, { sid: 's1' });
    expect([await verdictOf(minted), await verdictOf(issued(1, { sid: 's4' }))]).toEqual([
      'revoked',
      'live',
    ]);
  });

  it('is kept until the last token that it covers has expired', async () => {
    open({
      maxLifetimeSeconds: DAY_SECONDS,
      clockToleranceSeconds: 30,
      refreshTokens: { types: ['refresh+jwt'], maxLifetimeSeconds: 7 * DAY_SECONDS },
    });
    await bulk.revokeSubject({ subject: 'ada' });
    const { revocations } = await store.find({ subject: 'ada' });
    const keptSeconds = revocations.map(({ expiresAt }) => (expiresAt.getTime() - NOW) / 1000);
    expect(keptSeconds).toEqual([7 * DAY_SECONDS + 90]);
  });

  it('of sessions of ours reaches those that slept for longer than any token lives', async () => {
    const absoluteSeconds = 60 * DAY_SECONDS;
    const opened_ms = NOW;
    const ours = new TestIssuer();
    open({}, ownTokens(ours, { issuer: 'own', maxLifetimeSeconds: 900, absoluteSeconds }));
    const refreshed = (): string => {
      const iat = Math.floor(now / 1000);
      const claims = { iss: 'own', iat, exp: iat + 900, opened_ms, iat_ms: now };
      return ours.token(claims, { typ: 'at+jwt' });
    };
    now += 1000;
    await bulk.revokeSubject({ issuer: 'own', subject: 'ada' });

    now = NOW + (absoluteSeconds - 60) * 1000;
    await bulk.revokeClient({ issuer: 'own', clientId: 'other' }); // purges what is not kept
    expect(await verdictOf(refreshed())).toBe('revoked');
    const { revocations } = await store.find({ subject: 'ada' });
    expect(revocations.map(({ expiresAt }) => expiresAt.getTime())).toEqual([
      NOW + 1000 + (absoluteSeconds + 60) * 1000,
    ]);
  });

  it('stands in audit and log, with who and why', async () => {
    const options = { reason: 'left the company', actor: 'admin', source: { ip: '203.0.113.7' } };
    await bulk.revokeSubject({ subject: 'ada' }, options);
    const told = { event: 'authn_token_revoked', scope: 'subject', subject: 'ada', issuer: ISSUER };
    const { events } = await store.audit.find({ subject: 'ada' });
    expect(events).toEqual([expect.objectContaining({ ...told, ...options.source })]);
    expect(events[0]).toMatchObject({ actor: 'admin', reason: 'left the company' });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining(told),
    ]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['subject', () => bulk.revokeSubject({ subject: '' })],
    ['clientId', () => bulk.revokeClient({ clientId: 'x'.repeat(256) })],
    ['issuer', () => bulk.revokeIssuer({ issuer: 'with \0' })],
    ['sessionIds', () => bulk.revokeSessions({ sessionIds: ['x'.repeat(129)] })],
  ])('refuses a "%s" that no token can have', async (name, revoke) => {
    await expect(revoke()).rejects.toThrow(`"${name}" must be text of 1–`);
    expect((await store.find({})).revocations).toEqual([]);
  });

  it('of an issuer without a name is none', async () => {
    open({ issuer: null });
    await expect(bulk.revokeIssuer({})).rejects.toThrow('"issuer" must be given');
  });
});
