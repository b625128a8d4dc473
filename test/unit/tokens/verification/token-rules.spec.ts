import {
  resolveTokenRules,
  type TokenRules,
} from '../../../../src/tokens/verification/token-rules';
import { SIGNERS } from '../signers';

const RULES: TokenRules = {
  algorithms: ['HS256'],
  keys: SIGNERS.HS256.key,
  issuer: null,
  audience: null,
};

/** Rules as plain JavaScript may give them. */
const resolve = (rules: Record<string, unknown> = {}) => resolveTokenRules({ ...RULES, ...rules });

describe('the defaults of the rules', () => {
  const expected = {
    issuers: null,
    audiences: null,
    types: new Set([undefined, 'jwt', 'at+jwt']),
    clockToleranceSeconds: 0,
    maxLifetimeSeconds: 86_400,
    tokenIdentity: 'jti',
  };

  it('stand where nothing is said', () => {
    expect(resolve()).toMatchObject(expected);
  });

  it('stand where undefined is said', () => {
    const said = ['types', 'clockToleranceSeconds', 'maxLifetimeSeconds', 'tokenIdentity'];
    expect(resolve(Object.fromEntries(said.map((name) => [name, undefined])))).toMatchObject(
      expected,
    );
  });

  it('cannot be changed afterwards', () => {
    expect(Object.isFrozen(resolve())).toBe(true);
  });
});

describe('rules that are taken as they are', () => {
  it.each([
    ['issuer', 'https://a.example', { issuers: new Set(['https://a.example']) }],
    ['issuer', ['a', 'b'], { issuers: new Set(['a', 'b']) }],
    ['issuer', 'i'.repeat(255), { issuers: new Set(['i'.repeat(255)]) }],
    ['audience', 'api', { audiences: new Set(['api']) }],
    ['audience', ['api', 'web'], { audiences: new Set(['api', 'web']) }],
    ['types', ['application/AT+jwt', 'x'], { types: new Set(['at+jwt', 'x']) }],
    ['clockToleranceSeconds', 0, { clockToleranceSeconds: 0 }],
    ['clockToleranceSeconds', 60, { clockToleranceSeconds: 60 }],
    ['maxLifetimeSeconds', 1, { maxLifetimeSeconds: 1 }],
    ['maxLifetimeSeconds', 2_678_400, { maxLifetimeSeconds: 2_678_400 }],
    ['tokenIdentity', 'jti', { tokenIdentity: 'jti' }],
    ['tokenIdentity', 'signed-part', { tokenIdentity: 'signed-part' }],
  ])('%s: %j', (option, value, resolved) => {
    expect(resolve({ [option]: value })).toMatchObject(resolved);
  });
});

const NAMES =
  'HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA';
const NAME_OR_NULL =
  'a string of 1–255 characters or a non-empty list of them, or null to leave it unchecked';
const WITHOUT_IT =
  'Without it a token that the same key signed for another service is accepted (RFC 8725 §3.8–9).';
const badNames = [
  [undefined, 'undefined'],
  ['', 'an empty string'],
  ['x'.repeat(256), 'a string'],
  [5, '5'],
  [true, 'true'],
  [{}, 'an object'],
  [() => 'x', 'a function'],
  [[], 'an empty list'],
  [[''], 'a list with something else'],
  [['x', null], 'a list with something else'],
] as const;

describe('rules that stop the boot', () => {
  it.each([
    ['algorithms', undefined, 'a non-empty list, got undefined.'],
    ['algorithms', 'HS256', 'a non-empty list, got a string.'],
    ['algorithms', [], 'a non-empty list, got an empty list.'],
    ['types', [], 'a non-empty list of strings of 1–255 characters, got an empty list.'],
    ['types', 'JWT', 'a non-empty list of strings of 1–255 characters, got a string.'],
    ['types', null, 'a non-empty list of strings of 1–255 characters, got null.'],
    [
      'types',
      ['JWT', ''],
      'a non-empty list of strings of 1–255 characters, got a list with something else.',
    ],
    ['tokenIdentity', 'sub', '"jti" or "signed-part", got "sub".'],
    ['tokenIdentity', null, '"jti" or "signed-part", got null.'],
  ])('%s: %j', (option, value, expected) => {
    expect(() => resolve({ [option]: value })).toThrow(
      new TypeError(`nestjs-logout: "${option}" must be ${expected}`),
    );
  });

  it.each([
    ['an unknown one', ['HS256', 'none'], 1, 'an unknown name'],
    ['one in another case', ['hs256'], 0, 'an unknown name'],
    ['one that is no text', [256], 0, '256'],
    ['one twice', ['HS256', 'HS256'], 1, 'HS256 again'],
  ])('algorithms with %s', (_what, algorithms, index, got) => {
    expect(() => resolve({ algorithms })).toThrow(
      new TypeError(
        `nestjs-logout: "algorithms[${index}]" must be one of ${NAMES}, each once, got ${got}.`,
      ),
    );
  });

  it('algorithms of both families: a public key could be used as a secret', () => {
    expect(() => resolve({ algorithms: ['HS256', 'RS256'] })).toThrow(
      new TypeError(
        'nestjs-logout: "algorithms" must be either HS* or public-key algorithms, got both. ' +
          'Use two verifiers for issuers of both families.',
      ),
    );
  });

  it.each(badNames)('issuer or audience: %j', (value, got) => {
    const expected = `must be ${NAME_OR_NULL}, got ${got}. ${WITHOUT_IT}`;
    expect(() => resolve({ issuer: value })).toThrow(
      new TypeError(`nestjs-logout: "issuer" ${expected}`),
    );
    expect(() => resolve({ audience: value })).toThrow(
      new TypeError(`nestjs-logout: "audience" ${expected}`),
    );
  });

  it.each([
    ['clockToleranceSeconds', -1, '0 to 60, got -1'],
    ['clockToleranceSeconds', 61, '0 to 60, got 61'],
    ['clockToleranceSeconds', 0.5, '0 to 60, got 0.5'],
    ['clockToleranceSeconds', NaN, '0 to 60, got NaN'],
    ['clockToleranceSeconds', '5', '0 to 60, got "5"'],
    ['clockToleranceSeconds', null, '0 to 60, got null'],
    ['maxLifetimeSeconds', 0, '1 to 2678400, got 0'],
    ['maxLifetimeSeconds', 2_678_401, '1 to 2678400, got 2678401'],
    ['maxLifetimeSeconds', Infinity, '1 to 2678400, got Infinity'],
    ['maxLifetimeSeconds', 5n, '1 to 2678400, got a bigint'],
  ])('%s: %p', (option, value, expected) => {
    expect(() => resolve({ [option]: value })).toThrow(
      new TypeError(
        `nestjs-logout: "${option}" must be a whole number of seconds from ${expected}.`,
      ),
    );
  });

  it('keys that do not fit', () => {
    expect(() => resolve({ keys: 'short' })).toThrow(/^nestjs-logout: "keys" must be a secret of/);
  });
});
