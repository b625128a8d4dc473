import { revocationKey } from '../../../../src/tokens/identity';
import { EVERY_ISSUER } from '../../../../src/tokens/scopes';
import type { IssuerRules } from '../../../../src/tokens/verification/token-rules';
import { TokenVerifier } from '../../../../src/tokens/verification/token-verifier';
import { ownTokens } from '../../../support/own-tokens';
import { ISSUER, TestIssuer } from '../../../support/tokens';

const issuer = new TestIssuer();
const foreign = new TestIssuer();
const NOW = 1_795_000_000;
const ms = (seconds: number): number => seconds * 1000;
const of = (tag: string, ...names: string[]): string => revocationKey(tag, ISSUER, ...names);

/** Of a token that names a subject, a client and an issuer. */
const NAMES = new Map([
  [of('subject', 'ada'), 'subject'],
  [of('subject-tokens', 'ada'), 'subject-tokens'],
  [of('client', 'shop'), 'client'],
  [of('issuer'), 'issuer'],
  [EVERY_ISSUER, 'every issuer'],
]);

const rulesOf = (key: string, name = ISSUER, more: Partial<IssuerRules> = {}): IssuerRules => ({
  ...{ issuer: name, audience: null, algorithms: ['HS256'], keys: key },
  ...more,
});
const verifierOf = (rules: IssuerRules): TokenVerifier => new TokenVerifier(rules, () => ms(NOW));

const token = (claims: Record<string, unknown>, by = issuer): string =>
  by.token({ client_id: 'shop', iat: NOW - 60, exp: NOW + 600, ...claims });

/** With what a cutoff of each scope is compared; or why the token is refused. */
function comparedWith(verifier: TokenVerifier, text: string): unknown {
  const verification = verifier.verify(text);
  if (verification.verdict !== 'live') return verification;
  const { cutoffs } = verification.token.keys;
  return Object.fromEntries(cutoffs.map(({ key, at }) => [NAMES.get(key) ?? key, at]));
}

const begunAndIssued = (begun: number, issued: number) => ({
  ...{ subject: begun, client: begun, issuer: begun },
  'subject-tokens': issued,
  'every issuer': begun,
});

describe('A cutoff is compared with', () => {
  it.each<[string, Partial<IssuerRules>, object, number]>([
    ['iat, unless the rules say otherwise', {}, { auth_time: NOW - 900 }, ms(NOW - 60)],
    [
      'auth_time, where they say so',
      { cutoffClaim: 'auth_time' },
      { auth_time: NOW - 900 },
      ms(NOW - 900),
    ],
    ['auth_time, rounded down', { cutoffClaim: 'auth_time' }, { auth_time: 9.9999 }, 9999],
    ['the epoch, where auth_time is absent', { cutoffClaim: 'auth_time' }, {}, 0],
    ['the epoch, where it is text', { cutoffClaim: 'auth_time' }, { auth_time: `${NOW}` }, 0],
    ['the epoch, where it is negative', { cutoffClaim: 'auth_time' }, { auth_time: -1 }, 0],
    [
      'iat, where auth_time is later',
      { cutoffClaim: 'auth_time' },
      { auth_time: ms(NOW) },
      ms(NOW - 60),
    ],
  ])('%s', (_, more, claims, begun) => {
    const verifier = verifierOf(rulesOf(issuer.key, ISSUER, more));
    expect(comparedWith(verifier, token({ ...claims, opened_ms: 1, iat_ms: 2 }))).toEqual(
      begunAndIssued(begun, ms(NOW - 60)),
    );
  });

  it('the epoch, where auth_time counts and iat is absent', () => {
    const verifier = verifierOf(rulesOf(issuer.key, ISSUER, { cutoffClaim: 'auth_time' }));
    const text = token({ iat: undefined, auth_time: NOW - 900 });
    expect(comparedWith(verifier, text)).toEqual(begunAndIssued(0, 0));
  });
});

describe('Tokens of our own sessions', () => {
  const other = 'https://other.example';
  const verifier = new TokenVerifier(
    rulesOf(foreign.key, other),
    () => ms(NOW),
    'access',
    ownTokens(issuer),
  );
  const [opened_ms, iat_ms] = [ms(NOW) - 5_000_123, ms(NOW) - 60_321];
  const ownToken = (claims: Record<string, unknown>, by = issuer): string =>
    by.token({ client_id: 'shop', iat: NOW - 60, exp: NOW + 600, ...claims }, { typ: 'at+jwt' });

  it('are dated by the milliseconds that they name, of their session and of themselves', () => {
    const text = ownToken({ opened_ms, iat_ms, auth_time: 1 });
    expect(comparedWith(verifier, text)).toEqual(begunAndIssued(opened_ms, iat_ms));
  });

  it.each<[string, object]>([
    ['opened_ms', { iat_ms }],
    ['iat_ms', { opened_ms }],
    ['opened_ms', { opened_ms: String(opened_ms), iat_ms }],
    ['opened_ms', { opened_ms: 0.5, iat_ms }],
    ['opened_ms', { opened_ms: -1, iat_ms }],
    ['iat_ms', { opened_ms, iat_ms: 2 ** 53 }],
    ['iat_ms', { opened_ms, iat_ms: null }],
  ])('are refused without %s, or with one of another form: %j', (member, claims) => {
    const text = ownToken({ ...claims });
    expect(comparedWith(verifier, text)).toEqual({ verdict: 'refused', cause: 'claims' });
    expect(verifier.explain(text, 'claims')).toMatchObject({
      member,
      remedy: expect.stringContaining('in milliseconds') as string,
    });
  });

  it('are the only ones in which these claims are believed', () => {
    const claims = { iss: other, opened_ms: ms(NOW + 500), iat_ms: ms(NOW + 500) };
    const verification = verifier.verify(ownToken(claims, foreign));
    const cutoffs = verification.verdict === 'live' ? verification.token.keys.cutoffs : [];
    expect(cutoffs.map(({ at }) => at)).toEqual(Array(5).fill(ms(NOW - 60)));
    const inOurName = ownToken({ opened_ms, iat_ms }, foreign);
    expect(comparedWith(verifier, inOurName)).toEqual({ verdict: 'refused', cause: 'signature' });
  });

  it('count as begun at the epoch while nothing of them is verified', () => {
    const [peeked] = verifier.presentedIn(ownToken({ opened_ms: 'later' })) ?? [];
    expect(peeked?.keys.cutoffs.map(({ at }) => at)).toEqual([0, 0, 0, 0, 0]);
  });

  it('are what no option can make of the tokens of an issuer', () => {
    const cutoffClaim = 'opened_ms' as 'iat';
    expect(() => verifierOf(rulesOf(issuer.key, ISSUER, { cutoffClaim }))).toThrow(
      '"cutoffClaim" must be "iat" or "auth_time"',
    );
  });
});
