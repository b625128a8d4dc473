import { createSecretKey } from 'node:crypto';
import jwt, { type SignOptions } from 'jsonwebtoken';
import { TokenVerifier } from '../../../../src/tokens/verification/token-verifier';
import type { RefreshTokenRules } from '../../../../src/tokens/verification/refresh-token-rules';
import type { IssuerRules, TokenRules } from '../../../../src/tokens/verification/token-rules';

const SECRET = 'the secret of access tokens, of at least 32 bytes';
const OWN_SECRET = 'the secret of refresh tokens, of at least 32 bytes';
const DAY = 86_400;

const rulesWith = (
  refreshTokens: RefreshTokenRules,
  more: Partial<IssuerRules> = {},
): TokenRules => ({
  algorithms: ['HS256'],
  keys: SECRET,
  issuer: null,
  audience: 'api',
  ...more,
  refreshTokens,
});

const sign = (claims: object, options: SignOptions = {}, secret = SECRET): string =>
  jwt.sign({ sub: 'ada', aud: 'api', sid: 's1', ...claims }, secret, {
    expiresIn: '1h',
    ...options,
  });

/** What the two verifiers of these rules say of a text: for APIs, and for refreshing. */
const verdictsOf = (rules: TokenRules, text: string): readonly string[] =>
  (['access', 'refresh'] as const).map((use) => {
    const verification = new TokenVerifier(rules, undefined, use).verify(text);
    return verification.verdict === 'refused' ? verification.cause : verification.verdict;
  });

describe('A refresh token is told apart', () => {
  it.each<[string, RefreshTokenRules, string, readonly string[], readonly string[]]>([
    [
      'by its type',
      { types: ['refresh+jwt'] },
      sign({}, { header: { alg: 'HS256', typ: 'refresh+jwt' } }),
      ['type', 'live'],
      ['live', 'type'],
    ],
    [
      'by its audience',
      { audience: 'login' },
      sign({ aud: 'login' }),
      ['purpose', 'live'],
      ['live', 'audience'],
    ],
    [
      'by its audience, also beside that of access tokens',
      { audience: 'login' },
      sign({ aud: ['api', 'login'] }),
      ['purpose', 'live'],
      ['live', 'audience'],
    ],
    [
      'by a claim',
      { claim: { name: 'token_use', value: 'refresh' } },
      sign({ token_use: 'refresh' }),
      ['purpose', 'live'],
      ['live', 'purpose'],
    ],
    [
      'by its key',
      { keys: OWN_SECRET },
      sign({}, {}, OWN_SECRET),
      ['signature', 'live'],
      ['live', 'signature'],
    ],
  ])('%s', (_, refreshTokens, refresh, ofRefresh, ofAccess) => {
    const rules = rulesWith(refreshTokens);
    expect(verdictsOf(rules, refresh)).toEqual(ofRefresh);
    expect(verdictsOf(rules, sign({}))).toEqual(ofAccess);
  });

  it('and lives by its own limit', () => {
    const rules = rulesWith(
      { keys: OWN_SECRET, maxLifetimeSeconds: 60 * DAY },
      { maxLifetimeSeconds: 900 },
    );
    const long = { expiresIn: 59 * DAY };
    expect(verdictsOf(rules, sign({}, long, OWN_SECRET))).toEqual(['signature', 'live']);
    expect(verdictsOf(rules, sign({}, long))).toEqual(['lifetime', 'signature']);
  });

  it('and is of the same clients as access tokens', () => {
    const rules = rulesWith({ keys: OWN_SECRET }, { clientIds: 'web' });
    const both = (client: string): readonly (readonly string[])[] => [
      verdictsOf(rules, sign({ azp: client })),
      verdictsOf(rules, sign({ azp: client }, {}, OWN_SECRET)),
    ];
    expect(both('web')).toEqual([
      ['live', 'signature'],
      ['signature', 'live'],
    ]);
    expect(both('other')).toEqual([
      ['client', 'signature'],
      ['signature', 'client'],
    ]);
  });

  it('by the issuer that it names', () => {
    const issuers = ['one', 'other'].map((issuer, at) => ({
      ...{ issuer, audience: null, algorithms: ['HS256'] as const },
      keys: `${SECRET} ${at}`,
      ...(at === 0 && { refreshTokens: { keys: OWN_SECRET } }),
    }));
    const verify = (text: string) => {
      const { verdict } = new TokenVerifier({ issuers }, undefined, 'refresh').verify(text);
      return verdict;
    };
    expect(verify(sign({ iss: 'one' }, {}, OWN_SECRET))).toBe('live');
    expect(verify(sign({ iss: 'other' }, {}, OWN_SECRET))).toBe('refused');
    expect(verify(sign({ iss: 'other' }, {}, `${SECRET} 1`))).toBe('refused');
  });
});

describe('Rules for refresh tokens that stop the boot', () => {
  it.each<[string, unknown, string]>([
    [
      'nothing that tells them apart',
      { maxLifetimeSeconds: 60 },
      '"refreshTokens" must be an object with at least one of types, audience, claim and keys, ' +
        "which tell refresh tokens from access tokens, got none of them. Set types: ['refresh+jwt'], " +
        'for example.',
    ],
    [
      'a type of access tokens',
      { types: ['JWT'] },
      '"refreshTokens.types" must be of refresh tokens alone, got jwt, as access tokens have. A ' +
        'refresh token would be accepted as an access token.',
    ],
    [
      'an audience of access tokens',
      { audience: ['login', 'api'] },
      '"refreshTokens.audience" must be of refresh tokens alone, got api, as access tokens have. A ' +
        'refresh token would be accepted as an access token.',
    ],
    [
      'a key of access tokens',
      { keys: createSecretKey(Buffer.from(SECRET)) },
      '"refreshTokens.keys" must be a key of refresh tokens alone, got that of keys. A refresh token ' +
        'would be accepted as an access token.',
    ],
    [
      'algorithms without keys',
      { types: ['refresh+jwt'], algorithms: ['HS512'] },
      '"refreshTokens.algorithms" must be left out without keys, got a list.',
    ],
    [
      'a claim without a value',
      { claim: { name: 'token_use' } },
      '"refreshTokens.claim" must be an object { name, value } with the name of a claim and a text, a ' +
        'number or a boolean, got an object with something else.',
    ],
    [
      'a claim that is a list',
      { claim: { name: 'aud', value: 'refresh' } },
      '"refreshTokens.claim.name" must be another claim than aud, got aud. Set audience instead.',
    ],
    [
      'a claim that no token can have',
      { claim: { name: 'use', value: Number.NaN } },
      '"refreshTokens.claim" must be an object { name, value } with the name of a claim and a text, a ' +
        'number or a boolean, got an object with something else.',
    ],
    [
      'a misspelt member',
      { tipes: ['refresh+jwt'] },
      '"refreshTokens.tipes" must be left out, got an option that does not exist. Check its spelling.',
    ],
  ])('%s', (_, refreshTokens, sentence) => {
    const rules = rulesWith(refreshTokens as RefreshTokenRules);
    expect(() => new TokenVerifier(rules)).toThrow(`nestjs-logout: ${sentence}`);
  });

  it('several keys for the refresh tokens of an issuer of several names', () => {
    const refreshTokens = { keys: [OWN_SECRET, `${OWN_SECRET}, another`] };
    expect(() => new TokenVerifier(rulesWith(refreshTokens, { issuer: ['a', 'b'] }))).toThrow(
      '"issuer" must be one name where there are several keys, got several names.',
    );
  });

  it('a session that is revoked for longer than a store keeps revocations', () => {
    const rules = (sessionDays: number) =>
      rulesWith(
        { keys: OWN_SECRET, maxLifetimeSeconds: 100 * DAY },
        { logoutCovers: 'session', sessionSeconds: sessionDays * DAY },
      );
    expect(() => new TokenVerifier(rules(300))).not.toThrow();
    expect(() => new TokenVerifier(rules(301))).toThrow(
      '"sessionSeconds" must be at most 400 days (34560000) with the longest lifetime of a token, got ' +
        '26006400. Lower it, or the longest lifetime of a token, 8640000.',
    );
  });

  it('one key for the refresh tokens of two issuers', () => {
    const issuers = ['one', 'other'].map((issuer, at) => ({
      ...{ issuer, audience: null, algorithms: ['HS256'] as const },
      keys: `${SECRET} ${at}`,
      refreshTokens: { keys: OWN_SECRET },
    }));
    expect(() => new TokenVerifier({ issuers })).toThrow(
      '"issuers[1].refreshTokens.keys" must be a key of this issuer alone, got that of ' +
        'issuers[0].refreshTokens.keys.',
    );
  });
});

describe('Why a token is refused', () => {
  const rules = rulesWith({ claim: { name: 'token_use', value: 'refresh' } });
  const explain = (use: 'access' | 'refresh', text: string) =>
    new TokenVerifier(rules, undefined, use).explain(text, 'purpose');

  it('as a bearer, where it is a refresh token', () => {
    expect(explain('access', sign({ token_use: 'refresh' }))).toEqual({
      member: 'token_use',
      found: 'text',
      option: 'refreshTokens',
      remedy: 'This is a refresh token, which is no bearer. Send the access token.',
    });
  });

  it('for refreshing, where it is an access token', () => {
    expect(explain('refresh', sign({}))).toEqual({
      member: 'token_use',
      found: 'absent',
      option: 'refreshTokens',
      remedy: 'Refresh tokens have another value here. Send the refresh token.',
    });
  });

  it('for refreshing, by a rule of refresh tokens, which is named', () => {
    const own = rulesWith({ keys: OWN_SECRET, maxLifetimeSeconds: 60 });
    const text = sign({}, {}, OWN_SECRET);
    expect(new TokenVerifier(own, undefined, 'refresh').explain(text, 'lifetime')).toMatchObject({
      option: 'refreshTokens.maxLifetimeSeconds',
      remedy: expect.stringContaining('For refresh tokens this is refreshTokens.') as string,
    });
  });
});
