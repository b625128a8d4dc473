import { AuditLog } from '../../../src/audit/audit-log';
import { RevokedTokensService } from '../../../src/revocation/revoked-tokens.service';
import { TokenVerifier, type VerifiedToken } from '../../../src/tokens/verification/token-verifier';
import { ObservedStore } from '../../support/stores';
import { ISSUER, TestIssuer } from '../../support/tokens';

const issuer = new TestIssuer();
const verifier = new TokenVerifier({
  algorithms: ['HS256'],
  keys: issuer.key,
  issuer: ISSUER,
  audience: null,
  logoutCovers: 'session',
});

describe('Tokens that are revoked together', () => {
  let store: ObservedStore;
  let audit: AuditLog;
  let tokens: RevokedTokensService;
  beforeEach(() => {
    store = new ObservedStore();
    audit = new AuditLog(store.audit, () => undefined);
    tokens = new RevokedTokensService(verifier, store, audit);
  });
  afterEach(() => audit.close());

  const verified = (claims: Record<string, unknown>): VerifiedToken => {
    const verification = verifier.verify(issuer.token(claims));
    if (!('token' in verification)) throw new Error(verification.verdict);
    return verification.token;
  };
  const soon = Math.floor(Date.now() / 1000) + 600;

  it.each([
    ['first', soon + 3000, soon],
    ['last', soon, soon + 3000],
  ])('revoke their session once, for as long as the one that ends %s needs', async (_, a, b) => {
    const [one, other] = [verified({ sid: 's', exp: a }), verified({ sid: 's', exp: b })];
    expect(await tokens.revokeTogether([one, other])).toBe(true);
    const ofSession = store.added.filter(({ scope }) => scope === 'session');
    expect(ofSession).toHaveLength(1);
    const latest =
      Math.max(one.expiresAtMs, other.expiresAtMs) + verifier.longestSessionSeconds(ISSUER);
    expect(ofSession[0]?.expiresAt.getTime()).toBeGreaterThan(latest);
  });

  it('belong together by their session, and are alone without one', () => {
    const [one, same, another, none] = [
      verified({ sid: 's' }),
      verified({ sid: 's' }),
      verified({ sid: 't' }),
      verified({}),
    ];
    expect(tokens.endTogether(one, same)).toBe(true);
    expect(tokens.endTogether(one, another)).toBe(false);
    expect(tokens.endTogether(none, one)).toBe(false);
    expect(tokens.endTogether(none, none)).toBe(false);
  });

  it('cannot be refresh tokens where the rules know none', () => {
    const text = issuer.token();
    expect(() => tokens.verifyRefresh(text)).toThrow('Set the option refreshTokens');
    expect(() => tokens.authenticate(text, { use: 'refresh' })).toThrow('refreshTokens');
    expect(() => tokens.authenticate(text, { use: 'id' as never })).toThrow(
      '"access" or "refresh"',
    );
    expect(tokens.authenticate(text, { use: undefined })).toBeInstanceOf(Promise);
  });
});
