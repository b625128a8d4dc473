import { sessionKeyOf } from '../../../../src/revocation/additions';
import { sessionClaim } from '../../../../src/tokens/verification/session-claim';
import { TokenVerifier } from '../../../../src/tokens/verification/token-verifier';
import { CLAIMS, mint, NOW, SIGNERS, verifierOf } from '../signers';

const HS256 = SIGNERS.HS256;
const NAMESPACED = 'https://api.example/sid';

const verify = (claim: string | undefined, claims: object) =>
  verifierOf(HS256, { sessionClaim: claim }).verify(mint(HS256, { ...CLAIMS, ...claims }));

/** Its session, and under how many keys the token may be revoked for good; or why it is refused. */
function sessionOf(claim: string | undefined, claims: object): unknown {
  const verification = verify(claim, claims);
  if (verification.verdict !== 'live')
    return verification.verdict === 'refused' ? verification.cause : verification.verdict;
  const { sessionId, keys } = verification.token;
  return [sessionId, keys.absolute.length > 1];
}

describe('The session of a token', () => {
  it.each<[string, string | undefined, object, unknown]>([
    ['sid by default', undefined, { sid: 's1', session_id: 's2' }, 's1'],
    ['another claim', 'session_id', { sid: 's1', session_id: 's2' }, 's2'],
    ['a claim with a name of other systems', NAMESPACED, { [NAMESPACED]: 's1' }, 's1'],
    ['an integer', 'login', { login: 42 }, 42],
    ['a text of 128 characters', 'login', { login: 'x'.repeat(128) }, 'x'.repeat(128)],
  ])('is %s', (_what, claim, claims, session) => {
    expect(sessionOf(claim, claims)).toEqual([session, true]);
  });

  it.each<[string, string | undefined, object]>([
    ['its claim is away', undefined, {}],
    ['its claim is away, and sid is there', 'session_id', { sid: 's1' }],
    ['its claim has a name that objects have', 'constructor', { sid: 's1' }],
  ])('is none where %s', (_what, claim, claims) => {
    expect(sessionOf(claim, claims)).toEqual([undefined, false]);
  });

  it.each([
    null,
    '',
    'x'.repeat(129),
    'a\u0085b',
    'a\u202eb',
    '\ud800',
    1.5,
    2 ** 53,
    true,
    [],
    {},
  ])('is never %j: the token is refused', (session) => {
    expect(sessionOf(undefined, { sid: session })).toBe('claims');
    expect(sessionOf('login', { login: session })).toBe('claims');
  });

  it('is another for an integer than for its digits', () => {
    const keys = [42, '42'].map((login) => {
      const verification = verify('login', { login });
      return 'token' in verification && sessionKeyOf(verification.token);
    });
    expect(new Set(keys).size).toBe(2);
  });

  it('stands in refresh tokens where it stands in access tokens', () => {
    const rules = {
      ...{ algorithms: ['HS256'] as const, keys: HS256.key, issuer: null, audience: null },
      sessionClaim: 'login',
      refreshTokens: { claim: { name: 'use', value: 'refresh' } },
    };
    const verifier = new TokenVerifier(rules, () => NOW * 1000, 'refresh');
    const verification = verifier.verify(mint(HS256, { ...CLAIMS, use: 'refresh', login: 's1' }));
    expect(verification).toMatchObject({ verdict: 'live', token: { sessionId: 's1' } });
  });

  it('is what was signed, in a token that is remembered, too', () => {
    const verifier = verifierOf(HS256, { sessionClaim: 'login' });
    const text = mint(HS256, { ...CLAIMS, login: 's1' });
    const sessions = [1, 2, 3, 4].map(() => {
      const [presented] = verifier.presentedIn(`Bearer ${text}`) ?? [];
      const verification = verifier.verify(text);
      if (!('token' in verification)) return verification;
      Object.assign(verification.token.claims, { login: 'another', sid: 'another' });
      return [presented?.sessionId, verification.token.sessionId];
    });
    expect(sessions).toEqual(Array(4).fill(['s1', 's1']));
  });
});

describe('A claim for sessions that stops the boot', () => {
  const mustBe =
    'nestjs-logout: "sessionClaim" must be the name of a claim (1–255 characters) that names the ' +
    'session, got';

  it.each([
    ['', 'an empty string'],
    ['x'.repeat(256), 'a string'],
    [['sid'], 'a list'],
    [() => 'sid', 'a function'],
    [null, 'null'],
    [5, '5'],
  ])('%j', (value, got) => {
    expect(() => sessionClaim.read(value, 'sessionClaim')).toThrow(
      new TypeError(`${mustBe} ${got}.`),
    );
  });

  it.each(['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti'])('%j, which names none', (value) => {
    expect(() => verifierOf(HS256, { sessionClaim: value })).toThrow(
      new TypeError(
        `${mustBe} ${value}. It is another in each token, or the same in tokens of several ` +
          'sessions. Leave sessionClaim out where your tokens name no session.',
      ),
    );
  });
});
