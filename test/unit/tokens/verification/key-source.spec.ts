import { TokenVerifier } from '../../../../src/tokens/verification/token-verifier';
import { CLAIMS, mint, NOW, SIGNERS } from '../signers';

const A = SIGNERS.ES256;
const FETCHED = { issuer: 'https://login.example', audience: 'api' };
const STATIC = { algorithms: ['ES256'], keys: A.key };
const URI = 'https://login.example/jwks';

describe('The keys of an issuer', () => {
  it.each([
    ['none is set', { ...FETCHED }, '"keys" must be set, or jwksUri, or discovery: true; one of'],
    ['keys and jwksUri', { ...FETCHED, ...STATIC, jwksUri: URI }, 'got keys and jwksUri'],
    ['jwksUri and discovery', { ...FETCHED, jwksUri: URI, discovery: true }, 'jwksUri and disc'],
    ['keys without algorithms', { ...FETCHED, keys: A.key }, '"algorithms" must be a non-empty'],
    ['a secret', { ...FETCHED, jwksUri: URI, algorithms: ['HS256'] }, 'without HS* where keys'],
    ['http', { ...FETCHED, jwksUri: 'http://login.example/jwks' }, 'Serve them by https; for a CA'],
    ['no name', { ...FETCHED, issuer: null, jwksUri: URI }, '"issuer" must be its name or names'],
    ['no URL', { ...FETCHED, issuer: 'me', discovery: true }, '"issuer" must be an https URL with'],
    ['two', { ...FETCHED, issuer: ['a', 'b'], discovery: true }, '"issuer" must be one name with'],
    ['too short', { ...FETCHED, jwksUri: URI, jwksStaleSeconds: 599 }, 'from 600 to 604800'],
    [
      'one JWK Set for two issuers',
      {
        issuers: [
          { ...FETCHED, jwksUri: URI },
          { ...FETCHED, issuer: 'b', jwksUri: URI },
        ],
      },
      '"issuers[1].jwksUri" must be of this issuer alone',
    ],
    [
      'one JWK Set for two issuers, in another spelling',
      {
        issuers: [
          { ...FETCHED, jwksUri: 'https://login.example/jwks' },
          { ...FETCHED, issuer: 'b', jwksUri: 'https://LOGIN.example.:443/x/../%6awks?#b' },
        ],
      },
      '"issuers[1].jwksUri" must be of this issuer alone',
    ],
    [
      'refresh tokens of other keys, without their algorithms',
      { ...FETCHED, jwksUri: URI, refreshTokens: { keys: A.key } },
      '"refreshTokens.algorithms" must be those of its keys',
    ],
  ])('stop the boot, which says what to set: %s', (_what, rules, message) => {
    expect(() => new TokenVerifier(rules as never)).toThrow(message);
  });

  it('are told of by name where an issuer has not answered yet', () => {
    const { issuersWithoutKeys } = new TokenVerifier({ ...FETCHED, discovery: true });
    expect(issuersWithoutKeys).toEqual({ awaited: [FETCHED.issuer], unknown: [FETCHED.issuer] });
  });

  it('are not shared by issuers whose names read alike', () => {
    const { issuersWithoutKeys } = new TokenVerifier({
      issuers: [
        { ...FETCHED, issuer: 'a, b', jwksUri: URI },
        { ...FETCHED, issuer: ['a', 'b'], jwksUri: `${URI}/2` },
      ],
    });
    expect(issuersWithoutKeys.unknown).toEqual(['a, b', 'a', 'b']);
  });

  it('that are not known say nothing of the refresh tokens of another issuer', () => {
    const rules = {
      issuers: [
        { ...FETCHED, jwksUri: URI, refreshTokens: { types: ['refresh+jwt'] } },
        { ...FETCHED, algorithms: ['ES256'] as const, keys: A.key, issuer: 'b' },
      ],
    };
    const refresh = new TokenVerifier(rules, () => NOW * 1000, 'refresh');
    const verdict = (iss: string) =>
      refresh.verify(mint(A, { ...CLAIMS, iss, aud: 'api' })).verdict;
    expect([verdict(FETCHED.issuer), verdict('b')]).toEqual(['unknown', 'refused']);
  });

  it('may be those of several names, where these share them', () => {
    const names = ['accounts.example', 'https://accounts.example'];
    expect(() => new TokenVerifier({ ...FETCHED, issuer: names, jwksUri: URI })).not.toThrow();
  });
});
