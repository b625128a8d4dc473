import { AuditLog } from '../../../src/audit/audit-log';
import { StoreUnavailableError } from '../../../src/revocation/errors';
import { RevokedTokensService } from '../../../src/revocation/revoked-tokens.service';
import { MemoryRevocationStore } from '../../../src/stores/memory';
import type { UnverifiedToken } from '../../../src/tokens/verification/presented-tokens';
import { TokenVerifier } from '../../../src/tokens/verification/token-verifier';
import { ObservedStore } from '../../support/stores';
import { ISSUER, TestIssuer } from '../../support/tokens';

const issuer = new TestIssuer();
const stranger = new TestIssuer();
const verifier = new TokenVerifier({
  algorithms: ['HS256'],
  keys: issuer.key,
  issuer: ISSUER,
  audience: null,
});
const seconds = (): number => Math.floor(Date.now() / 1000);

describe('A token that code of the host has verified', () => {
  let store: MemoryRevocationStore;
  let away: ObservedStore;
  let audit: AuditLog;
  let tokens: RevokedTokensService;
  let withoutMemory: RevokedTokensService;
  beforeEach(() => {
    store = new MemoryRevocationStore();
    away = new ObservedStore(store);
    audit = new AuditLog(store.audit, () => undefined);
    tokens = new RevokedTokensService(verifier, store, audit);
    withoutMemory = new RevokedTokensService(verifier, away, audit);
  });
  afterEach(() => audit.close());

  /** Both ways to ask: with the store, and from memory alone. */
  const standings = async (text: string) => [
    await tokens.checkVerified(text),
    tokens.knownVerified(text),
  ];
  const presented = (text: string): UnverifiedToken => {
    const [token] = verifier.presentedIn(text) ?? [];
    if (token === undefined) throw new Error('no token');
    return token;
  };
  const reuses = async () => {
    await audit.close();
    const { events } = await store.audit.find({ event: 'authn_token_reuse' });
    return events.length;
  };

  it('is live until it is revoked, and its use from then on is audited', async () => {
    const text = issuer.token();
    expect(await standings(text)).toEqual(['live', 'live']);
    await tokens.revoke(text);
    expect(await standings(text)).toEqual(['revoked', 'revoked']);
    expect(await reuses()).toBe(1);
  });

  it('counts as revoked also where we would not accept it', async () => {
    const claims = { jti: 'shared-by-both' };
    await tokens.revoke(issuer.token(claims));
    expect(await standings(stranger.token(claims))).toEqual(['revoked', 'revoked']);
  });

  it('is refused where it expired so long ago that its revocation may be forgotten', async () => {
    const text = issuer.token({ iat: seconds() - 7200, exp: seconds() - 3600 });
    expect(await standings(text)).toEqual(['expired', 'expired']);
  });

  it('is refused where a text holds more tokens than are looked at', async () => {
    const crowd = Array.from({ length: 9 }, () => issuer.token({ sub: 'a' })).join(' ');
    expect(await standings(crowd)).toEqual(['revoked', 'revoked']);
  });

  it('cannot be told from memory where there is none, and the store is asked', async () => {
    const text = issuer.token();
    expect(withoutMemory.knownVerified(text)).toBeUndefined();
    expect(await withoutMemory.checkVerified(text)).toBe('live');
    away.canLookUp = false;
    await expect(withoutMemory.checkVerified(text)).rejects.toThrow(StoreUnavailableError);
  });

  it('that nobody verified yet costs no question to the store where it is forged', async () => {
    const [genuine, forged] = [issuer.token(), stranger.token()];
    expect(await withoutMemory.checkUnverified(presented(genuine), {})).toBe(false);
    expect(away.lookedUp).toHaveLength(1);
    expect(await withoutMemory.checkUnverified(presented(forged), {})).toBe(false);
    expect(away.lookedUp).toHaveLength(1);
    await withoutMemory.revoke(genuine);
    expect(await withoutMemory.checkUnverified(presented(genuine), {})).toBe(true);
    expect(await reuses()).toBe(1);
  });

  it('that is known to be revoked is refused however it is signed; reuse is of the genuine', async () => {
    const claims = { jti: 'known' };
    const text = issuer.token(claims);
    await tokens.revoke(text);
    expect(await tokens.checkUnverified(presented(stranger.token(claims)), {})).toBe(true);
    expect(await reuses()).toBe(0);
    expect(await tokens.checkUnverified(presented(text), {})).toBe(true);
  });

  it('that came without its signature is looked up: the host may have that from elsewhere', async () => {
    const text = issuer.token();
    const unsigned = { ...presented(text), signatures: [] };
    expect(await withoutMemory.checkUnverified(unsigned, {})).toBe(false);
    await withoutMemory.revoke(text);
    expect(await withoutMemory.checkUnverified(unsigned, {})).toBe(true);
  });
});
