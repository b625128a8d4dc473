import type { TokenRules } from '../../../../src/tokens/verification/token-rules';
import type { RefusalCause } from '../../../../src/tokens/verification/refusal-cause';
import { TokenVerifier } from '../../../../src/tokens/verification/token-verifier';
import type { Explanation } from '../../../../src/tokens/explanation/explanation';
import { hmacSigner, mint, NOW, verifierOf } from '../signers';

const signer = hmacSigner('HS256');
const stranger = hmacSigner('HS256');
const NAMES = { issuer: 'https://login.example', audience: 'https://api.example' };
const CLAIMS = { iss: NAMES.issuer, aud: NAMES.audience, sub: 'ada', iat: NOW, exp: NOW + 600 };

interface Refused {
  readonly claims?: object;
  readonly header?: object;
  readonly by?: typeof signer;
  readonly rules?: Partial<TokenRules>;
  /** What is presented instead of the token. */
  readonly text?: (token: string) => unknown;
}

function explain({ claims, header, by = signer, rules, text }: Refused): Explanation & {
  readonly cause: string;
} {
  const verifier: TokenVerifier = verifierOf(signer, { ...NAMES, ...rules });
  const token = mint(by, { ...CLAIMS, ...claims }, header);
  const presented = text === undefined ? token : text(token);
  const verification = verifier.verify(presented);
  if (verification.verdict !== 'refused') throw new Error(`it is ${verification.verdict}`);
  const explanation = verifier.explain(presented, verification.cause);
  // Nothing of the token, nor of its claims, is in what is logged.
  const said = JSON.stringify(explanation);
  for (const part of token.split('.')) expect(said).not.toContain(part);
  expect(said).not.toContain('ada-of-the-secret');
  return { cause: verification.cause, ...explanation };
}

const HS256 = { alg: 'HS256' };
const FETCHED = {
  ...NAMES,
  algorithms: undefined,
  keys: undefined,
  jwksUri: 'https://sso.example/jwks',
};
const bytes = (count: number): string => 'x'.repeat(count);

const CASES: [what: string, Refused, Partial<Explanation> & { cause: string }][] = [
  ['something else than text', { text: () => 7 }, { cause: 'form' }],
  [
    'a long text',
    { text: () => bytes(9000) },
    {
      cause: 'form',
      option: 'maxTokenBytes',
      remedy: 'It has 9000 bytes, and maxTokenBytes is 8192: raise it.',
    },
  ],
  [
    'an encrypted token',
    { text: () => 'a.b.c.d.e' },
    { cause: 'form', remedy: 'It is encrypted (JWE). Only signed tokens can be verified.' },
  ],
  [
    'an opaque text',
    { text: () => 'ada-of-the-secret' },
    {
      cause: 'form',
      remedy:
        'A token has three parts with dots between them, not 1. If it is an opaque token, let its ' +
        'issuer write JWTs for this API, whose audience or resource the page names when it logs in.',
    },
  ],
  ['padding', { text: (token) => `${token}=` }, { cause: 'form' }],
  [
    'a token without a signature',
    { text: (token) => token.replace(/[^.]*$/, '') },
    {
      cause: 'form',
      remedy:
        'Its third part is empty: it is not signed, as the tokens of some emulators are. Send a ' +
        'signed one.',
    },
  ],
  [
    'no header',
    { header: 'text' as unknown as object },
    { cause: 'header', remedy: 'The header must be a JSON object.' },
  ],
  [
    'an embedded key',
    { header: { ...HS256, jwk: {} } },
    { cause: 'header', member: 'jwk', found: 'there' },
  ],
  [
    'a kid that is no text',
    { header: { ...HS256, kid: 7 } },
    { cause: 'header', member: 'kid', found: 'an integer' },
  ],
  [
    'an algorithm that is not listed',
    { header: { alg: 'HS512' } },
    { cause: 'algorithm', member: 'alg', found: 'HS512', option: 'algorithms' },
  ],
  [
    'no algorithm',
    { header: { alg: 'none' } },
    { cause: 'algorithm', member: 'alg', found: 'none' },
  ],
  [
    'another type',
    { header: { ...HS256, typ: 'ada-of-the-secret' } },
    { cause: 'type', member: 'typ', found: 'text', option: 'types' },
  ],
  [
    'an unknown kid',
    { header: { ...HS256, kid: 'new' }, rules: { keys: [{ key: signer.key, kid: 'old' }] } },
    { cause: 'key', member: 'kid', found: 'text', option: 'keys' },
  ],
  ['another key', { by: stranger }, { cause: 'signature', option: 'keys' }],
  ['no exp', { claims: { exp: undefined } }, { cause: 'claims', member: 'exp', found: 'absent' }],
  [
    'an exp that is text',
    { claims: { exp: '1h' } },
    { cause: 'claims', member: 'exp', found: 'text' },
  ],
  [
    'an exp before iat',
    { claims: { exp: NOW - 1 } },
    { cause: 'claims', member: 'exp', found: 'an integer' },
  ],
  [
    'a jti that is an object',
    { claims: { jti: {} } },
    { cause: 'claims', member: 'jti', found: 'an object' },
  ],
  [
    'a user under another name',
    { claims: { sub: undefined, userId: 7 } },
    {
      cause: 'claims',
      member: 'sub',
      found: 'absent',
      option: 'subjectClaim',
      remedy: "Set subjectClaim: 'userId', or sign with { subject: String(user.id) }.",
    },
  ],
  [
    'no user at all',
    { claims: { sub: undefined } },
    { cause: 'claims', member: 'sub', option: 'subjectClaim' },
  ],
  [
    'a session that is an object',
    { claims: { login: { id: 1 } }, rules: { sessionClaim: 'login' } },
    {
      cause: 'claims',
      member: 'login',
      found: 'an object',
      option: 'sessionClaim',
      remedy:
        'The session must be text of 1–128 characters without control characters, or a safe ' +
        'integer. Let the issuer write that, or name another claim in sessionClaim.',
    },
  ],
  [
    'an ID token',
    { claims: { nonce: 'n' } },
    { cause: 'purpose', member: 'nonce', option: 'idTokens' },
  ],
  [
    'an ID token where types would refuse it as well',
    { header: { ...HS256, typ: 'JWT' }, claims: { at_hash: 'h' }, rules: { types: ['at+jwt'] } },
    { cause: 'type', member: 'at_hash', option: 'idTokens' },
  ],
  [
    'an ID token of Cognito',
    { claims: { token_use: 'id' } },
    {
      cause: 'purpose',
      member: 'token_use',
      option: 'idTokens',
      remedy:
        'This is an ID token. Send the access token, or set idTokens: "accept" (with the preset ' +
        'cognito: tokenUse: "id") where the users of this issuer send ID tokens to APIs.',
    },
  ],
  [
    'an ID token of Keycloak',
    { claims: { typ: 'ID' } },
    { cause: 'purpose', member: 'typ', option: 'idTokens' },
  ],
  [
    'a refresh token, by its claim',
    {
      claims: { use: 'refresh' },
      rules: { refreshTokens: { claim: { name: 'use', value: 'refresh' } } },
    },
    {
      ...{ cause: 'purpose', member: 'use', found: 'text', option: 'refreshTokens' },
      remedy: 'This is a refresh token, which is no bearer. Send the access token.',
    },
  ],
  [
    'a refresh token, by its audience',
    {
      claims: { aud: [NAMES.audience, 'refresh'] },
      rules: { refreshTokens: { audience: 'refresh' } },
    },
    { cause: 'purpose', member: 'aud', found: 'a list', option: 'refreshTokens' },
  ],
  [
    'another client',
    { claims: { azp: 'ada-of-the-secret' }, rules: { clientIds: 'web' } },
    { cause: 'client', member: 'azp', found: 'another client', option: 'clientIds' },
  ],
  [
    'no client',
    { rules: { clientIds: ['web'] } },
    { cause: 'client', member: 'client_id', found: 'absent', option: 'clientIds' },
  ],
  ['a logout token', { claims: { events: {} } }, { cause: 'purpose', member: 'events' }],
  [
    'too long a life',
    { claims: { exp: NOW + 7200 }, rules: { maxLifetimeSeconds: 3600 } },
    { cause: 'lifetime', member: 'exp', found: '7200 s after iat', option: 'maxLifetimeSeconds' },
  ],
  [
    'too long a life from now on, without iat',
    { claims: { iat: undefined, exp: NOW + 7200 }, rules: { maxLifetimeSeconds: 3600 } },
    { cause: 'lifetime', member: 'exp', found: '7200 s after now', option: 'maxLifetimeSeconds' },
  ],
  [
    'an exp in milliseconds',
    { claims: { exp: NOW * 1000 } },
    { cause: 'lifetime', member: 'exp', found: 'in milliseconds' },
  ],
  [
    'no issuer',
    { claims: { iss: undefined } },
    { cause: 'issuer', member: 'iss', found: 'absent', option: 'issuer' },
  ],
  [
    'another issuer',
    { claims: { iss: 'https://b.example' } },
    { cause: 'issuer', member: 'iss', found: '"https://b.example"', option: 'issuer' },
  ],
  [
    'no audience',
    { claims: { aud: undefined } },
    { cause: 'audience', member: 'aud', found: 'absent', option: 'audience' },
  ],
  [
    'another audience',
    { claims: { aud: 'ada-of-the-secret' } },
    { cause: 'audience', member: 'aud', found: 'another audience' },
  ],
  [
    'a clock that is ahead',
    { claims: { iat: NOW + 90 } },
    { cause: 'not_yet_valid', member: 'iat', found: '90 s ahead', option: 'clockToleranceSeconds' },
  ],
  [
    'an nbf in milliseconds',
    { claims: { nbf: NOW * 1000 } },
    { cause: 'not_yet_valid', member: 'nbf', found: 'in milliseconds' },
  ],
];

describe('A refusal is explained', () => {
  it.each(CASES)(
    'for %s, by the member at fault and the option that would accept it',
    (_what, refused, explanation) => {
      expect(explain(refused)).toMatchObject(explanation);
    },
  );

  it('for an access token where a refresh token is asked for, by the claim that it lacks', () => {
    const refreshTokens = { claim: { name: 'use', value: 'refresh' } };
    const rules = { ...NAMES, algorithms: ['HS256'], keys: signer.key, refreshTokens } as const;
    const verifier = new TokenVerifier(rules, () => NOW * 1000, 'refresh');
    const token = mint(signer, CLAIMS);
    expect(verifier.verify(token)).toEqual({ verdict: 'refused', cause: 'purpose' });
    expect(verifier.explain(token, 'purpose')).toEqual({
      ...{ member: 'use', found: 'absent', option: 'refreshTokens' },
      remedy: 'Refresh tokens have another value here. Send the refresh token.',
    });
  });

  it('by the keys of the issuer it names, where another issuer has signed', () => {
    const both = [
      { issuer: 'https://a.example', algorithms: ['HS256'], keys: signer.key, audience: null },
      { issuer: 'https://b.example', algorithms: ['HS256'], keys: stranger.key, audience: null },
    ] as const;
    const verifier = new TokenVerifier({ issuers: both }, () => NOW * 1000);
    const token = mint(stranger, { ...CLAIMS, iss: 'https://a.example' });
    expect(verifier.verify(token)).toEqual({ verdict: 'refused', cause: 'signature' });
    expect(verifier.explain(token, 'signature').remedy).toContain('keys of its issuer');
  });

  it.each([
    ['HS512', undefined, 'send the access token'],
    ['PS256', 'algorithms', 'Add it to algorithms'],
    ['Ed25519', 'algorithms', 'Add it to algorithms'],
  ])('for %s where keys are fetched, without asking for a key', (alg, option, remedy) => {
    const verifier = verifierOf(signer, FETCHED);
    const explanation = verifier.explain(mint(signer, CLAIMS, { alg }), 'algorithm');
    const found = alg === 'Ed25519' ? 'EdDSA' : alg;
    expect(explanation).toMatchObject({ member: 'alg', found });
    expect(explanation.option).toBe(option);
    expect(explanation.remedy).toContain(remedy);
  });

  it.each<[what: string, RefusalCause, claims: object, remedy: RegExp]>([
    [
      'a refresh token that names no user',
      'claims',
      { sub: undefined, email: 'a@b' },
      /^Refresh tokens .* send the access token/,
    ],
    ['a token without exp', 'claims', { exp: undefined }, /^Let its issuer write exp/],
    [
      'a refresh token that lives long',
      'lifetime',
      { exp: NOW + 40 * 86_400 },
      /: send the access token, if it is a refresh token\./,
    ],
    ['no audience', 'audience', { aud: undefined }, /audience: null and, in clientIds/],
    [
      'an access token of Cognito',
      'audience',
      { aud: undefined, token_use: 'access' },
      /With its tokenUse: "id", send the ID token/,
    ],
  ])('for %s where keys are fetched: the provider signs, and not all is for us', (...refusal) => {
    const [, cause, claims, remedy] = refusal;
    const token = mint(signer, { ...CLAIMS, ...claims }, { alg: 'ES256' });
    const said = verifierOf(signer, FETCHED).explain(token, cause).remedy;
    expect(said).toMatch(remedy);
    expect(said).not.toMatch(/[Ss]ign with/);
  });

  it('whatever the text is', () => {
    const verifier = verifierOf(signer);
    const causes = [...new Set(CASES.map(([, , { cause }]) => cause as RefusalCause))];
    for (const text of [null, '', '..', 'e30.e30.', 'e30.W10.x', '...', '\u0000'])
      for (const cause of causes) expect(verifier.explain(text, cause).remedy).not.toBe('');
  });
});
