import type { Claims } from '../../../../src/tokens/verification/claims';
import { subjectClaim, type SubjectClaim } from '../../../../src/tokens/verification/subject';
import { CLAIMS, mint, SIGNERS, verifierOf } from '../signers';
import { AUDIENCE } from '../../../support/tokens';

const HS256 = SIGNERS.HS256;
const { iat, exp } = CLAIMS;

/** Whose the token is, or why it is refused. */
function subjectOf(rule: SubjectClaim | undefined, claims: object) {
  const verifier = verifierOf(HS256, { subjectClaim: rule });
  const verification = verifier.verify(mint(HS256, { iat, exp, ...claims }));
  if ('token' in verification) return verification.token.subject;
  return verification.verdict === 'refused' ? verification.cause : verification.verdict;
}

describe('The subject of a token', () => {
  it.each<[string, SubjectClaim | undefined, object, string | undefined]>([
    ['sub by default', undefined, { sub: 'ada' }, 'ada'],
    ['an integer, as its digits', undefined, { sub: 42 }, '42'],
    ['another claim', 'userId', { userId: 7, sub: 'ada' }, '7'],
    [
      'a claim with a name of other systems',
      'https://a.example/id',
      { 'https://a.example/id': 'x' },
      'x',
    ],
    ['the first of several that is there', ['email', 'sub'], { sub: 'ada', email: 'a@x' }, 'a@x'],
    ['the second, where the first is away', ['email', 'sub'], { sub: 'ada' }, 'ada'],
    ['what a function returns', ({ user }) => String(user), { user: 'ada' }, 'ada'],
    ['an integer that a function returns', () => 5, {}, '5'],
    ['none, where a function returns none', () => undefined, { sub: 'ada' }, undefined],
    ['sub where none is needed', null, { sub: 'ada' }, 'ada'],
    ['none where none is needed', null, {}, undefined],
  ])('is %s', (_what, rule, claims, subject) => {
    expect(subjectOf(rule, claims)).toBe(subject);
  });

  const fail = (): never => {
    throw new Error('no such user');
  };

  it.each<[string, unknown, object]>([
    ['is away', undefined, {}],
    ['is away under its name', 'userId', { sub: 'ada' }],
    ['is away under each name', ['userId', 'email'], { sub: 'ada' }],
    ['is of another kind', 'user', { sub: 'ada', user: { id: 1 } }],
    ['is null', 'email', { sub: 'ada', email: null }],
    ['is empty, though another is there', ['email', 'sub'], { sub: 'ada', email: '' }],
    ['is no safe integer', 'id', { id: 1.5 }],
    ['is too long', 'id', { id: 'x'.repeat(256) }],
    ['has a control character', 'id', { id: 'a\u0085b' }],
    ['is a name that objects have', 'toString', { sub: 'ada' }],
    ['is thrown', fail, { sub: 'ada' }],
    ['is a promise', () => Promise.resolve('ada'), { sub: 'ada' }],
    ['is a promise that fails', () => Promise.reject(new Error('no')), { sub: 'ada' }],
    ['is null from a function', () => null, { sub: 'ada' }],
    ['is an object from a function', () => ({ id: 1 }), { sub: 'ada' }],
    ['is text with a direction of its own', () => 'a\u202eb', { sub: 'ada' }],
    ['is true', () => true, { sub: 'ada' }],
  ])('refuses the token where it %s', (_what, rule, claims) => {
    expect(subjectOf(rule as SubjectClaim, claims)).toBe('claims');
  });

  it('has sub of the right form, also where it stands elsewhere', () => {
    expect(subjectOf('id', { id: 1, sub: {} })).toBe('claims');
    expect(subjectOf(null, { sub: '' })).toBe('claims');
  });

  it('is found without a way to change the claims', () => {
    const change = (claims: Claims): string => {
      Object.assign(claims, { exp: exp + 1_000_000, admin: true });
      return 'ada';
    };
    const verification = verifierOf(HS256, { subjectClaim: change }).verify(mint(HS256, CLAIMS));
    expect(verification).toMatchObject({ verdict: 'live', token: { claims: CLAIMS } });
    expect(JSON.stringify(verification)).not.toContain('admin');
  });

  it('is found without a way to change a claim within, such as the audiences', () => {
    const other = ['https://other.example'];
    const change = (claims: Claims): string => {
      (claims.aud as string[]).push(AUDIENCE);
      Object.assign(claims.cnf as object, { jkt: 'mine' });
      return 'ada';
    };
    const claims = { ...CLAIMS, aud: other, cnf: { jkt: 'theirs' } };
    const verifier = verifierOf(HS256, { subjectClaim: change, audience: AUDIENCE });
    expect(verifier.verify(mint(HS256, claims))).toEqual({ verdict: 'refused', cause: 'audience' });
    const any = verifierOf(HS256, { subjectClaim: change }).verify(mint(HS256, claims));
    expect(any).toMatchObject({ token: { claims: { aud: other, cnf: { jkt: 'theirs' } } } });
  });

  it('is asked of a host only once for a token that comes again', () => {
    const asked: unknown[] = [];
    const verifier = verifierOf(HS256, { subjectClaim: ({ sub }) => String(asked.push(sub)) });
    const text = mint(HS256, CLAIMS);
    const subjects = [1, 2, 3, 4].map(() => {
      verifier.presentedIn(`Bearer ${text}`);
      const verification = verifier.verify(text);
      return 'token' in verification && verification.token.subject;
    });
    expect(subjects).toEqual(['1', '1', '1', '1']);
    expect(asked).toEqual(['ada']);
  });
});

describe('A rule for subjects that stops the boot', () => {
  it.each([
    ['', 'an empty string'],
    ['x'.repeat(256), 'a string'],
    [[], 'an empty list'],
    [['sub', ''], 'a list'],
    [['sub', null], 'a list'],
    [5, '5'],
    [{}, 'an object'],
    [true, 'true'],
  ])('%j', (value, got) => {
    expect(() => subjectClaim.read(value, 'subjectClaim')).toThrow(
      new TypeError(
        'nestjs-logout: "subjectClaim" must be the name of a claim (1–255 characters), a ' +
          'non-empty list of names, a function of the claims, or null where tokens need no ' +
          `subject, got ${got}.`,
      ),
    );
  });
});
