import { MemoryRevocationStore } from '../../../../src/stores/memory';
import { AuditLog } from '../../../../src/audit/audit-log';
import { RevokedTokensService } from '../../../../src/revocation/revoked-tokens.service';
import type { MultiIssuerRules } from '../../../../src/tokens/verification/token-rules';
import { TokenVerifier } from '../../../../src/tokens/verification/token-verifier';
import { CLAIMS, hmacSigner, mint, NOW, SIGNERS, strangerTo, type Signer } from '../signers';

const A = SIGNERS.ES256;
const B = strangerTo('ES256');
const OLD = hmacSigner('HS256');

const RULES: MultiIssuerRules = {
  issuers: [
    {
      issuer: ['a', 'https://a.example'],
      algorithms: ['ES256', 'HS256'],
      keys: [
        { key: A.key, algorithm: 'ES256', kid: '1' },
        { key: OLD.key, algorithm: 'HS256' },
      ],
      audience: null,
    },
    {
      issuer: 'b',
      algorithms: ['ES256'],
      keys: { key: B.key, kid: '1' },
      audience: 'api',
      types: ['at+jwt'],
      subjectClaim: 'user_id',
      tokenIdentity: 'signed-part',
      maxLifetimeSeconds: 60,
      idTokens: 'accept',
    },
  ],
};
const verifierOf = (rules: MultiIssuerRules) => new TokenVerifier(rules, () => NOW * 1000);

const minted = (signer: Signer, claims: object, header: object = {}) =>
  mint(signer, { ...CLAIMS, ...claims }, { alg: signer.algorithm, ...header });
const OF_B = { iss: 'b', aud: 'api', user_id: 7, iat: NOW, exp: NOW + 60 };
const TYPE_OF_B = { typ: 'at+jwt', kid: '1' };

describe('A token of one of several issuers', () => {
  const verifier = verifierOf(RULES);
  const outcome = (text: string) => {
    const verification = verifier.verify(text);
    return verification.verdict === 'refused' ? verification.cause : verification.verdict;
  };

  it.each([
    ['signed by its issuer', minted(A, { iss: 'a' }, { kid: '1' })],
    ['without a kid', minted(A, { iss: 'a' })],
    ['under the other name of it', minted(A, { iss: 'https://a.example' }, { kid: '1' })],
    ['by the key of before, of another family', minted(OLD, { iss: 'a' })],
    ['of the second, whose kid is the same', minted(B, OF_B, TYPE_OF_B)],
    ['of the second, without a kid', minted(B, OF_B, { typ: 'at+jwt' })],
  ])('is accepted: %s', (_what, text) => {
    expect(outcome(text)).toBe('live');
  });

  it.each([
    ['signed by another issuer', minted(B, { ...OF_B, iss: 'a' }, TYPE_OF_B), 'signature'],
    ['so too the other way round', minted(A, OF_B, TYPE_OF_B), 'signature'],
    ['that names no issuer', minted(A, {}), 'issuer'],
    [
      'that names none, signed by the second',
      minted(B, { ...OF_B, iss: undefined }, TYPE_OF_B),
      'issuer',
    ],
    ['of an unknown issuer', minted(A, { iss: 'c' }), 'issuer'],
    [
      'of an unknown issuer, signed by the second',
      minted(B, { ...OF_B, iss: 'c' }, TYPE_OF_B),
      'issuer',
    ],
    ['that names an issuer as objects have', minted(A, { iss: 'constructor' }), 'issuer'],
    [
      'for another audience than its issuer says',
      minted(B, { ...OF_B, aud: 'x' }, TYPE_OF_B),
      'audience',
    ],
    ['of a type that its issuer has not', minted(B, OF_B, { kid: '1' }), 'type'],
    [
      'without the subject of its issuer',
      minted(B, { ...OF_B, user_id: undefined }, TYPE_OF_B),
      'claims',
    ],
    [
      'that lives longer than its issuer says',
      minted(B, { ...OF_B, exp: NOW + 61 }, TYPE_OF_B),
      'lifetime',
    ],
    ['that is an ID token', minted(A, { iss: 'a', nonce: 'n' }), 'purpose'],
    ['signed with a public key as if it were the secret', confused(), 'signature'],
  ])('is refused %s', (_what, text, cause) => {
    expect(outcome(text)).toBe(cause);
  });

  it('is tried with a key without a kid, though another issuer has a key of that kid', () => {
    const other = hmacSigner('HS256');
    const both = verifierOf({
      issuers: [
        { issuer: 'a', algorithms: ['HS256'], keys: OLD.key, audience: null },
        {
          issuer: 'b',
          algorithms: ['HS256'],
          keys: [{ key: other.key, kid: '1' }, hmacSigner('HS256').key],
          audience: null,
        },
      ],
    });
    const verdicts = [
      minted(OLD, { iss: 'a' }, { kid: '1' }),
      minted(other, { iss: 'b' }, { kid: '1' }),
      minted(other, { iss: 'a' }, { kid: '1' }),
    ].map((text) => both.verify(text));
    expect(verdicts).toMatchObject([
      { verdict: 'live' },
      { verdict: 'live' },
      { verdict: 'refused', cause: 'signature' },
    ]);
  });

  it('may be an ID token where its issuer says so', () => {
    expect(outcome(minted(B, { ...OF_B, nonce: 'n' }, TYPE_OF_B))).toBe('live');
  });

  it('is remembered as that of its issuer', () => {
    const text = minted(B, OF_B, TYPE_OF_B);
    expect([1, 2, 3, 4].map(() => outcome(text))).toEqual(Array(4).fill('live'));
    const forged = minted(B, { ...OF_B, iss: 'a' }, TYPE_OF_B);
    expect([1, 2, 3, 4].map(() => outcome(forged))).toEqual(Array(4).fill('signature'));
  });

  it.each([
    ['of the first', minted(A, { iss: 'a', jti: 'j' }, { kid: '1' })],
    ['of the second', minted(B, { ...OF_B, jti: 'j' }, TYPE_OF_B)],
  ])('is read the same before and after its signature was checked: %s', (_what, text) => {
    const verification = verifierOf(RULES).verify(text);
    const [found] = verifierOf(RULES).presentedIn(text) ?? [];
    expect(verification).toMatchObject({ verdict: 'live' });
    const { subject, revocationKey, keys } = 'token' in verification ? verification.token : found!;
    expect(found).toMatchObject({ subject, revocationKey, keys });
    expect(verifier.genuineness(found!)).toBe('genuine');
  });

  it('is not genuine when another issuer signed it', () => {
    const genuine = (text: string) =>
      verifier.presentedIn(text)?.map((one) => verifier.genuineness(one) === 'genuine');
    expect(genuine(minted(A, { iss: 'a' }))).toEqual([true]);
    expect(genuine(minted(B, { iss: 'a' }))).toEqual([false]);
    expect(genuine(minted(A, { iss: 'b' }))).toEqual([false]);
  });
});

/** An HMAC with the PEM of the first issuer's public key. */
function confused(): string {
  const pem = A.key.export({ type: 'spki', format: 'pem' });
  return minted(hmacSigner('HS256', Buffer.from(pem)), { iss: 'a' });
}

describe('More than four keys of one algorithm', () => {
  const signers = Array.from({ length: 6 }, () => hmacSigner('HS256'));
  const nameless = hmacSigner('HS256');
  const verifier = new TokenVerifier(
    {
      algorithms: ['HS256'],
      keys: [...signers.map(({ key }, at) => ({ key, kid: `k${at}` })), nameless.key],
      issuer: null,
      audience: null,
    },
    () => NOW * 1000,
  );
  const causeOf = (signer: Signer, kid?: string) => {
    const verification = verifier.verify(minted(signer, {}, { kid }));
    return 'cause' in verification ? verification.cause : verification.verdict;
  };

  it('each verify the tokens that name them', () => {
    expect(signers.map((signer, at) => causeOf(signer, `k${at}`))).toEqual(Array(6).fill('live'));
    expect(causeOf(signers[0]!, 'k1')).toBe('signature');
  });

  it('are tried with a token that names none only where they have no kid', () => {
    expect(causeOf(nameless)).toBe('live');
    expect(causeOf(nameless, 'unknown')).toBe('live');
    expect(causeOf(signers[0]!)).toBe('signature');
  });
});

describe('A token that was logged out', () => {
  const store = new MemoryRevocationStore();
  const audit = new AuditLog(store.audit, () => undefined);
  const signer = hmacSigner('HS256');
  const tokensBy = (tokenIdentity: 'jti' | 'signed-part') => {
    const rules = {
      algorithms: ['HS256'],
      keys: signer.key,
      issuer: null,
      audience: null,
    } as const;
    const verifier = new TokenVerifier({ ...rules, tokenIdentity }, () => NOW * 1000);
    return new RevokedTokensService(verifier, store, audit);
  };
  afterAll(() => audit.close());

  it.each([
    ['jti', 'signed-part'],
    ['signed-part', 'jti'],
  ] as const)('by its %s is so where tokens go by their %s', async (by, other) => {
    const text = minted(signer, { jti: `of ${by}`, exp: NOW + 3600 });
    expect(tokensBy(other).authenticate(text)).toMatchObject({ verdict: 'live' });
    await tokensBy(by).revoke(text);
    expect(tokensBy(other).authenticate(text)).toMatchObject({ verdict: 'revoked' });
    const [found] = tokensBy(other).presentedIn(`Bearer ${text}`) ?? [];
    expect(tokensBy(other).isKnownLive(found!)).toBe(false);
  });

  it('by its signed part leaves another token with its jti live', async () => {
    const claims = { jti: 'shared', exp: NOW + 3600 };
    await tokensBy('signed-part').revoke(minted(signer, { ...claims, sub: 'ada' }));
    const other = minted(signer, { ...claims, sub: 'grace' });
    expect(tokensBy('signed-part').authenticate(other)).toMatchObject({ verdict: 'live' });
    expect(tokensBy('jti').authenticate(other)).toMatchObject({ verdict: 'live' });
  });
});
