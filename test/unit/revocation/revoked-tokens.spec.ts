import { AuditLog } from '../../../src/audit/audit-log';
import { StoreUnavailableError, TokenRejectedError } from '../../../src/revocation/errors';
import {
  ANY_ISSUE_TIME,
  type Revocation,
  type RevocationScope,
} from '../../../src/revocation/revocation';
import { revocationKey } from '../../../src/tokens/identity';
import { EVERY_ISSUER } from '../../../src/tokens/scopes';
import { tokenKeys } from '../../../src/tokens/token-keys';
import { RevokedTokensService } from '../../../src/revocation/revoked-tokens.service';
import { TokenVerifier, type VerifiedToken } from '../../../src/tokens/verification/token-verifier';
import { MemoryRevocationStore } from '../../../src/stores/memory';
import { ObservedStore, ObservedTrail } from '../../support/stores';
import { AUDIENCE, ISSUER, TestIssuer } from '../../support/tokens';

const issuer = new TestIssuer();
const verifier = new TokenVerifier({
  algorithms: ['HS256'],
  keys: issuer.key,
  issuer: ISSUER,
  audience: AUDIENCE,
  clockToleranceSeconds: 5,
});

const LOGOUT = { event: 'authn_token_revoked', outcome: 'success' } as const;

describe('RevokedTokensService', () => {
  let store: ObservedStore;
  let trail: ObservedTrail;
  let printed: string[];
  let audit: AuditLog;
  let tokens: RevokedTokensService;

  beforeEach(() => {
    store = new ObservedStore();
    trail = new ObservedTrail();
    printed = [];
    audit = new AuditLog(trail, (line) => {
      printed.push(line);
    });
    tokens = new RevokedTokensService(verifier, store, audit);
  });
  afterEach(() => audit.close());

  const verified = (text: string): VerifiedToken => {
    const verification = verifier.verify(text);
    if (!('token' in verification)) throw new Error(verification.verdict);
    return verification.token;
  };

  it('refuses a token from its revocation on, for good', async () => {
    const text = issuer.token();
    expect((await tokens.authenticate(text)).verdict).toBe('live');
    expect(await tokens.revoke(text)).toBe(true);
    expect((await tokens.authenticate(text)).verdict).toBe('revoked');
    expect(await tokens.isRevoked(verified(text))).toBe(true);
  });

  it('tells the call that revoked from the one that came late', async () => {
    const text = issuer.token();
    expect([await tokens.revoke(text), await tokens.revoke(text)]).toEqual([true, false]);
    expect(printed).toHaveLength(1);
  });

  it('keeps identifiers that are integers as text, in the revocation and in the audit', async () => {
    const memory = new MemoryRevocationStore();
    const ofIntegers = new RevokedTokensService(verifier, memory, audit);
    const text = issuer.token({ sub: 1, jti: 2, sid: 3, client_id: 4 });
    await ofIntegers.revoke(text);

    const { revocations } = await memory.find({});
    expect(revocations).toMatchObject([
      { subject: '1', tokenId: '2', sessionId: '3', clientId: '4' },
    ]);
    expect(JSON.parse(printed[0] ?? '')).toMatchObject({
      subject: '1',
      tokenId: '2',
      sessionId: '3',
    });
  });

  it('hands on the token with the verdict', async () => {
    const text = issuer.token({ sub: 'grace' });
    const expired = issuer.token({ exp: Math.floor(Date.now() / 1000) - 6 });
    expect(await tokens.authenticate(text)).toEqual({ verdict: 'live', token: verified(text) });
    expect(await tokens.authenticate(expired)).toEqual({
      verdict: 'expired',
      token: verified(expired),
    });
    expect(await tokens.authenticate('garbage')).toEqual({ verdict: 'refused', cause: 'form' });
  });

  it('asks the store about every key of the token, and of no other', async () => {
    const text = issuer.token({ sid: 's-1', iat: 1_795_000_000.25, exp: 1_795_000_100 });
    const token = verified(text);
    await tokens.isRevoked(token);
    expect(store.lookedUp).toEqual([token.keys]);
    expect(token.keys.absolute).toEqual([
      token.revocationKey,
      revocationKey('signed-part', text.slice(0, text.lastIndexOf('.'))),
      revocationKey('session', ISSUER, 's-1'),
    ]);
    expect(token.keys.cutoffs).toEqual(
      [
        revocationKey('subject', ISSUER, String(token.claims.sub)),
        revocationKey('subject-tokens', ISSUER, String(token.claims.sub)),
        EVERY_ISSUER,
        revocationKey('issuer', ISSUER),
      ].map((key) => ({ key, at: 1_795_000_000_250 })),
    );
  });

  it.each<[string, RevocationScope, string[], Revocation['issuedBefore']]>([
    ['its session', 'session', ['session', ISSUER, 's-1'], ANY_ISSUE_TIME],
    ['its subject', 'subject', ['subject', ISSUER, 'ada'], new Date(1_795_000_000_000)],
    [
      'its subject, which goes on',
      'subject-tokens',
      ['subject-tokens', ISSUER, 'ada'],
      new Date(1_795_000_000_000),
    ],
    ['its client', 'client', ['client', ISSUER, 'app'], new Date(1_795_000_000_000)],
    ['its party', 'client', ['client', ISSUER, 'web'], new Date(1_795_000_000_000)],
    ['its issuer', 'issuer', ['issuer', ISSUER], new Date(1_795_000_000_000)],
    ['its subject for good', 'subject', ['subject', ISSUER, 'ada'], ANY_ISSUE_TIME],
  ])(
    'refuses a token from a revocation of %s on',
    async (_, scope, [tag, ...parts], issuedBefore) => {
      const claims = { sub: 'ada', sid: 's-1', client_id: 'app', azp: 'web' };
      const old = verified(issuer.token({ ...claims, iat: 1_795_000_000, exp: 1_795_000_100 }));
      const young = verified(issuer.token({ ...claims, iat: 1_795_000_001, exp: 1_795_000_100 }));
      const elsewhere = { ...old.claims, iss: 'https://else.example' };
      const named = { claims: elsewhere, subject: 'ada', sessionId: 's-1' };
      const { keys } = tokenKeys(named, '', 'jti');
      const key = revocationKey(tag!, ...parts);
      const expiresAt = new Date(Date.now() + 60_000);
      await store.add({ key, scope, issuedBefore, expiresAt }, LOGOUT);
      const isAbsolute = issuedBefore === ANY_ISSUE_TIME;
      expect(await tokens.isRevoked(old)).toBe(true);
      expect(await tokens.isRevoked(young)).toBe(isAbsolute);
      expect(await tokens.isRevoked(Object.assign(old, { keys }))).toBe(false);
    },
  );

  it('keeps a revocation until nothing could accept the token any more', async () => {
    const exp = Math.floor(Date.now() / 1000) + 100;
    const claims = { exp: exp + 0.2, jti: 'j1', sid: 's1', client_id: 'c1', sub: 'grace' };
    await tokens.revoke(issuer.token(claims), { reason: 'stolen', actor: 'admin' });
    expect(store.added).toEqual([
      {
        key: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        scope: 'token',
        issuedBefore: ANY_ISSUE_TIME,
        // exp rounded up, 5 s of tolerance, 60 s of skew
        expiresAt: new Date((exp + 1 + 5 + 60) * 1000),
        issuer: ISSUER,
        subject: 'grace',
        tokenId: 'j1',
        sessionId: 's1',
        clientId: 'c1',
        reason: 'stolen',
        actor: 'admin',
      },
    ]);
  });

  it('keeps it as long whatever was written to the claims meanwhile', async () => {
    const exp = Math.floor(Date.now() / 1000) + 100;
    const token = verified(issuer.token({ exp }));
    for (const changed of [undefined, exp - 90]) {
      Object.assign(token.claims, { exp: changed });
      await tokens.revoke(token);
    }
    expect(store.added.map(({ expiresAt }) => expiresAt)).toEqual(
      Array(2).fill(new Date((exp + 5 + 60) * 1000)),
    );
  });

  it('commits who revoked what, why and from where together with the revocation', async () => {
    await tokens.revoke(issuer.token({ jti: 'j1' }), {
      reason: 'stolen',
      actor: 'admin',
      source: { ip: '203.0.113.7', userAgent: 'curl', requestId: 'r1' },
    });
    const { events } = await store.audit.find({});
    expect(events).toEqual([
      expect.objectContaining({
        event: 'authn_token_revoked',
        outcome: 'success',
        scope: 'token',
        subject: 'ada',
        tokenId: 'j1',
        reason: 'stolen',
        actor: 'admin',
        ip: '203.0.113.7',
        userAgent: 'curl',
        requestId: 'r1',
      }),
    ]);
    expect(printed[0]).toContain('"reason":"stolen"');
  });

  it('leaves out of the audit what was not given', async () => {
    await tokens.revoke(issuer.token());
    expect(Object.keys(JSON.parse(printed[0]!) as object)).toEqual([
      'event',
      'outcome',
      'scope',
      'issuer',
      'subject',
      'tokenId',
      'tokenFingerprint',
    ]);
  });

  it("joins the host's transaction, and prints nothing before that commits", async () => {
    const manager = { query: () => Promise.resolve([]) };
    expect(await tokens.revoke(issuer.token(), { manager })).toBe(true);
    expect(store.transactions).toEqual([manager]);
    expect(printed).toEqual([]);
  });

  it.each([
    [
      'expired',
      () => issuer.token({ exp: Math.floor(Date.now() / 1000) - 6 }),
      'TOKEN_EXPIRED',
      'token_expired',
    ],
    ['unacceptable', () => 'garbage', 'TOKEN_INVALID', 'form'],
  ])('revokes nothing for an %s text', async (_, text, code, reason) => {
    const attempt = tokens.revoke(text());
    await expect(attempt).rejects.toThrow(TokenRejectedError);
    await expect(attempt).rejects.toMatchObject({
      code,
      reason,
      name: 'TokenRejectedError',
      message: 'The token was not accepted.',
    });
    expect(store.added).toEqual([]);
  });

  it('leaves a row when a revoked token is presented, and none for a live one', async () => {
    const text = issuer.token();
    await tokens.authenticate(text, { ip: '203.0.113.7' });
    await tokens.revoke(text);
    await tokens.authenticate(text, { ip: '203.0.113.9' });
    await tokens.authenticate(text);
    await audit.close();
    expect(trail.events).toEqual([
      expect.objectContaining({ event: 'authn_token_reuse', ip: '203.0.113.9' }),
    ]);
  });

  it('answers at once where the store does', async () => {
    const inMemory = new RevokedTokensService(verifier, new MemoryRevocationStore(), audit);
    const text = issuer.token();
    expect(inMemory.authenticate(text)).toMatchObject({ verdict: 'live' });
    await inMemory.revoke(text);
    expect(inMemory.authenticate(text)).toMatchObject({ verdict: 'revoked' });
    expect(inMemory.authenticate(issuer.expired({ exp: 1, iat: 0 }))).toMatchObject({
      verdict: 'expired',
    });
    expect(inMemory.authenticate('garbage')).toEqual({ verdict: 'refused', cause: 'form' });
  });

  it('asks where a text came from only when there is a row to write', async () => {
    const asked: number[] = [];
    const source = () => ({ ip: `203.0.113.${asked.push(1)}` });
    const text = issuer.token();
    await tokens.authenticate(text, source);
    await tokens.authenticate('garbage', source);
    expect(asked).toEqual([]);
    await tokens.revoke(text);
    await tokens.authenticate(text, source);
    await tokens.authenticate(text, source);
    await audit.close();
    expect(asked).toEqual([1]);
    expect(trail.events).toMatchObject([{ event: 'authn_token_reuse', ip: '203.0.113.1' }]);
  });

  it('says nothing at all when the store throws at once', async () => {
    const closed = new MemoryRevocationStore();
    await closed.close();
    const text = issuer.token();
    const inMemory = new RevokedTokensService(verifier, closed, audit);
    expect(() => inMemory.authenticate(text)).toThrow(StoreUnavailableError);
  });

  it('never says "not revoked" for want of an answer', async () => {
    store.canLookUp = false;
    await expect(tokens.authenticate(issuer.token())).rejects.toThrow(StoreUnavailableError);
    await expect(tokens.explain(issuer.token())).rejects.toThrow(StoreUnavailableError);
  });

  it('does not say "revoked" when the store could not commit', async () => {
    store.canAdd = false;
    const attempt = tokens.revoke(issuer.token());
    await expect(attempt).rejects.toThrow('The revocation store could not add a revocation.');
    expect(printed).toEqual([]);
  });
});
