import { AuditLog } from '../../../src/audit/audit-log';
import { IssuerUnavailableError, reasonOf } from '../../../src/revocation/errors';
import { RevokedTokensService } from '../../../src/revocation/revoked-tokens.service';
import { MemoryRevocationStore } from '../../../src/stores/memory';
import { PublishedKeys } from '../../../src/tokens/jwks/published-keys';
import { TokenVerifier } from '../../../src/tokens/verification/token-verifier';
import { DocumentServer } from '../../support/document-server';
import { logoutClaims } from '../../support/logout-tokens';
import { until } from '../../support/until';
import { ManualTime } from '../../unit/replica/manual-ports';
import { CLAIMS, mint, NOW } from '../../unit/tokens/signers';
import { jwkOf, NEW, type NamedSigner, OLD } from './remote-keys-fixture';

const STALE = 3600;
const NAMES = ['a', 'b'] as const;

const of = (iss: string, signer: NamedSigner, claims: object = {}): string =>
  mint(signer, { ...CLAIMS, iss, ...claims }, { alg: signer.algorithm, kid: signer.kid });

/** A token of the first issuer without `kid`. */
const bare = (signer: NamedSigner): string =>
  mint(signer, { ...CLAIMS, iss: 'a' }, { alg: signer.algorithm });

describe('With two issuers that publish their keys', () => {
  let time: ManualTime;
  let providers: Readonly<Record<'a' | 'b', DocumentServer>>;
  let published: PublishedKeys;
  let verifier: TokenVerifier;
  let tokens: RevokedTokensService;
  let errors: Error[];
  const audit = new AuditLog(new MemoryRevocationStore().audit, () => undefined);
  afterAll(() => audit.close());

  beforeEach(async () => {
    time = new ManualTime();
    errors = [];
    providers = { a: await DocumentServer.start(), b: await DocumentServer.start() };
    providers.a.serve({ keys: [jwkOf(OLD)] });
    providers.b.serve({ keys: [jwkOf(NEW)] });
    published = new PublishedKeys(time);
    const issuers = NAMES.map((issuer) => ({
      issuer,
      audience: null,
      algorithms: ['ES256'] as const,
      jwksUri: providers[issuer].url,
      jwksStaleSeconds: STALE,
      backchannel: { clientIds: 'web' },
    }));
    const clock = (): number => NOW * 1000;
    verifier = new TokenVerifier({ issuers }, clock, 'access', undefined, published);
    tokens = new RevokedTokensService(verifier, new MemoryRevocationStore(), audit);
    await published.open({ onError: (error) => errors.push(error), onRecovery: () => undefined });
  });
  afterEach(async () => {
    published.close();
    await Promise.all(NAMES.map((name) => providers[name].close()));
  });

  /** Lets time pass, in steps in which every fetch ends that comes due. */
  const pass = async (seconds: number): Promise<void> => {
    for (let passed = 0; passed < seconds; passed += 60) {
      await time.pass(60_000);
      await until(() => time.pending === NAMES.length, { everyMs: 1 });
    }
  };
  const outcome = async (text: string): Promise<string> => {
    try {
      const authentication = await tokens.authenticate(text);
      return authentication.verdict === 'refused' ? authentication.cause : authentication.verdict;
    } catch (error) {
      return reasonOf(error);
    }
  };
  const outcomes = (...texts: string[]) => Promise.all(texts.map(outcome));
  /** A token that was seen often enough to be remembered. */
  const remembered = async (text: string): Promise<string> => {
    for (const verdict of [await outcome(text), await outcome(text), await outcome(text)])
      expect(verdict).toBe('live');
    return text;
  };
  const fail = (name: 'a' | 'b'): void => {
    providers[name].answer = (response) => response.destroy();
  };

  it('a key of one never vouches for the other', async () => {
    expect(await outcomes(of('a', OLD), of('b', NEW))).toEqual(['live', 'live']);
    expect(await outcomes(of('b', OLD), of('a', NEW))).toEqual(['key', 'key']);
    const renamed = { ...NEW, kid: 'old' };
    expect(await outcome(of('a', renamed))).toBe('signature');
  });

  it('one that cannot be reached hurts its own tokens alone, and them only once its keys are old', async () => {
    const [ofA, ofB] = [await remembered(of('a', OLD)), await remembered(of('b', NEW))];
    const [newOfA, newOfB] = [of('a', OLD, { sub: 'eve' }), of('b', NEW, { sub: 'eve' })];
    fail('a');
    await pass(STALE - 60);
    expect(await outcomes(ofA, newOfA, ofB, newOfB)).toEqual(Array(4).fill('live'));
    expect(published.unknown).toEqual([]);
    await pass(60);
    const unknown = 'issuer_unavailable';
    expect(await outcomes(ofA, newOfA, ofB, newOfB)).toEqual([unknown, unknown, 'live', 'live']);
    expect([published.unknown, published.awaited]).toEqual([['a'], []]);
    expect(errors.every(({ message }) => message.includes('the issuer a '))).toBe(true);
  });

  it('one that is back has its tokens accepted from the next request on', async () => {
    const token = await remembered(of('a', OLD));
    fail('a');
    await pass(STALE);
    expect(await outcome(token)).toBe('issuer_unavailable');
    providers.a.serve({ keys: [jwkOf(OLD)] });
    await pass(60);
    expect(await outcome(token)).toBe('live');
  });

  it('an error without keys names the issuer, and nothing of the token', async () => {
    const token = of('a', OLD);
    fail('a');
    await pass(STALE);
    const error = await Promise.resolve(tokens.authenticate(token)).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(IssuerUnavailableError);
    expect(String(error)).toContain('"a"');
    for (const part of token.split('.')) expect(String(error)).not.toContain(part);
  });

  it('a key that one no longer publishes is refused from the next fetch on, remembered tokens too', async () => {
    const [ofA, ofB] = [await remembered(of('a', OLD)), await remembered(of('b', NEW))];
    providers.a.serve({ keys: [jwkOf({ ...NEW, kid: 'next' })] });
    await pass(300);
    expect(await outcomes(ofA, ofB)).toEqual(['key', 'live']);
    expect(await outcome(of('a', { ...NEW, kid: 'next' }))).toBe('live');
  });

  it('a token of a key that was just published waits for it, and so does all that comes then', async () => {
    providers.a.serve({ keys: [jwkOf(OLD), jwkOf(NEW)] });
    const fresh = Array.from({ length: 50 }, (_, at) => of('a', NEW, { jti: at }));
    expect(await outcomes(...fresh)).toEqual(Array(50).fill('live'));
    expect(providers.a.requests).toHaveLength(2);
    expect(providers.b.requests).toHaveLength(1);
  });

  it('a token that names no key, or one that its provider has without a name, waits for the next key, too', async () => {
    const unnamed = (signer: NamedSigner): object => ({ ...jwkOf(signer), kid: undefined });
    providers.a.serve({ keys: [unnamed(OLD)] });
    await pass(300);
    expect(await outcome(bare(OLD))).toBe('live');
    providers.a.serve({ keys: [unnamed(NEW)] });
    const [presented] = verifier.presentedIn(bare(NEW)) ?? [];
    expect(presented && verifier.genuineness(presented)).toBe('unknown');
    expect(await outcomes(bare(NEW), of('a', NEW))).toEqual(['live', 'live']);
    expect(await outcomes(bare(OLD), of('b', OLD))).toEqual(['signature', 'key']);
    expect(providers.a.requests).toHaveLength(3);
  });

  it('so does a token of a new key that its provider gave the name of the old one', async () => {
    const renamed = { ...NEW, kid: OLD.kid };
    providers.a.serve({ keys: [jwkOf(renamed)] });
    expect(await outcome(of('a', renamed))).toBe('live');
    expect(await outcome(of('a', OLD))).toBe('signature');
  });

  describe('readiness', () => {
    const issuersOf = (names: readonly ('a' | 'b')[]) =>
      names.map((issuer) => ({
        ...{ issuer, audience: null, algorithms: ['ES256'] as const },
        jwksUri: providers[issuer].url,
      }));
    const waitedFor = async (names: readonly ('a' | 'b')[], afterMs: number) => {
      const keys = new PublishedKeys(time);
      const own = new TokenVerifier(
        { issuers: issuersOf(names) },
        Date.now,
        'access',
        undefined,
        keys,
      );
      fail('a');
      await keys.open({ onError: () => undefined, onRecovery: () => undefined });
      await time.pass(afterMs);
      const { awaited, unknown } = own.issuersWithoutKeys;
      keys.close();
      expect(unknown).toEqual(['a']);
      return awaited;
    };

    it('waits a minute for an issuer that is away, where the tokens of another can be checked', async () => {
      expect(await waitedFor(['a', 'b'], 59_000)).toEqual(['a']);
      expect(await waitedFor(['a', 'b'], 60_000)).toEqual([]);
    });

    it('waits on where no token can be checked', async () => {
      expect(await waitedFor(['a'], 3_600_000)).toEqual(['a']);
    });
  });

  describe('a logout token', () => {
    const logout = async (signer: NamedSigner): Promise<string> => {
      const claims = logoutClaims({ iss: 'a', aud: 'web', iat: NOW, exp: NOW + 60 });
      const text = mint(signer, claims, { alg: signer.algorithm, kid: signer.kid });
      return (await verifier.logoutTokens.verify(text)).verdict;
    };

    it('waits for the next key, also where forged tokens have just caused a fetch', async () => {
      expect(await outcome(of('a', { ...OLD, kid: 'no' }))).toBe('key');
      providers.a.serve({ keys: [jwkOf(NEW)] });
      expect(await logout(NEW)).toBe('genuine');
      expect(await logout(OLD)).toBe('doubtful');
    });

    it('gets no final refusal before its provider has said that it has no such key', async () => {
      const next = { ...OLD, kid: 'next' };
      expect(await logout(next)).toBe('refused');
      providers.a.serve({ keys: [jwkOf(next)] });
      expect(await logout(next)).toBe('doubtful');
      await time.pass(30_000);
      expect(await logout(next)).toBe('genuine');
    });

    it('gets no final refusal from what a cache on the way answers', async () => {
      providers.a.serve({ keys: [jwkOf(OLD)] }, { 'Cache-Control': 'max-age=600', Age: '120' });
      expect(await logout(NEW)).toBe('doubtful');
    });

    it('gets no final refusal while its provider is away', async () => {
      fail('a');
      expect(await logout(NEW)).toBe('doubtful');
      await pass(STALE);
      expect(await logout(NEW)).toBe('unknown');
    });
  });

  it('many tokens with unknown keys are refused after one fetch, and none waits for a second one', async () => {
    const forged = Array.from({ length: 2000 }, (_, at) => of('a', { ...OLD, kid: `no-${at}` }));
    expect(new Set(await outcomes(...forged))).toEqual(new Set(['key']));
    expect(providers.a.requests).toHaveLength(2);
    const again = tokens.authenticate(of('a', { ...OLD, kid: 'no' }));
    expect(again).toEqual({ verdict: 'refused', cause: 'key' });
  });
});
