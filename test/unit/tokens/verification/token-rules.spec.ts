import { resolveTokenRules } from '../../../../src/tokens/verification/resolved-rules';
import {
  ISSUER_RULES,
  type MultiIssuerRules,
  type TokenRules,
} from '../../../../src/tokens/verification/token-rules';
import { ecPair, hmacSigner, SIGNERS } from '../signers';

const RULES: TokenRules = {
  algorithms: ['HS256'],
  keys: SIGNERS.HS256.key,
  issuer: null,
  audience: null,
};

/** Rules as plain JavaScript may give them: what is common to all issuers, and those of the one. */
function resolve(rules: Record<string, unknown> = {}) {
  const { issuers, ...common } = resolveTokenRules({ ...RULES, ...rules });
  return { ...common, ...issuers.of(undefined) };
}

describe('the defaults of the rules', () => {
  const expected = {
    names: null,
    audiences: null,
    clientIds: null,
    types: new Set([undefined, 'jwt', 'at+jwt']),
    clockToleranceSeconds: 0,
    maxLifetimeSeconds: 31 * 86_400,
    maxTokenBytes: 8192,
    tokenIdentity: 'jti',
  };

  it('stand where nothing is said', () => {
    expect(resolve()).toMatchObject(expected);
  });

  it('stand where undefined is said', () => {
    const said = [
      'clientIds',
      'types',
      'clockToleranceSeconds',
      'maxLifetimeSeconds',
      'tokenIdentity',
    ];
    expect(resolve(Object.fromEntries(said.map((name) => [name, undefined])))).toMatchObject(
      expected,
    );
  });

  it('cannot be changed afterwards', () => {
    const rules = resolveTokenRules(RULES);
    expect([rules, rules.issuers.of(undefined)].every(Object.isFrozen)).toBe(true);
  });
});

describe('rules that are taken as they are', () => {
  it.each([
    ['issuer', 'https://a.example', { names: new Set(['https://a.example']) }],
    ['issuer', ['a', 'b'], { names: new Set(['a', 'b']) }],
    ['issuer', 'i'.repeat(255), { names: new Set(['i'.repeat(255)]) }],
    ['audience', 'api', { audiences: new Set(['api']) }],
    ['audience', ['api', 'web'], { audiences: new Set(['api', 'web']) }],
    ['clientIds', null, { clientIds: null }],
    ['clientIds', 'web', { clientIds: new Set(['web']) }],
    ['clientIds', ['web', 'app'], { clientIds: new Set(['web', 'app']) }],
    ['types', ['application/AT+jwt', 'x'], { types: new Set(['at+jwt', 'x']) }],
    ['clockToleranceSeconds', 0, { clockToleranceSeconds: 0 }],
    ['clockToleranceSeconds', 60, { clockToleranceSeconds: 60 }],
    ['maxLifetimeSeconds', 1, { maxLifetimeSeconds: 1 }],
    ['maxLifetimeSeconds', 34_560_000, { maxLifetimeSeconds: 34_560_000 }],
    ['maxTokenBytes', 1024, { maxTokenBytes: 1024 }],
    ['maxTokenBytes', 16_384, { maxTokenBytes: 16_384 }],
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

const errorOf = (rules: object): string => {
  try {
    resolveTokenRules(rules as TokenRules);
  } catch (error) {
    return error instanceof TypeError ? error.message : `no TypeError: ${String(error)}`;
  }
  return 'no error';
};

const EC = SIGNERS.ES256.key;
const OTHER_EC = ecPair('P-256').publicKey;
const A = { issuer: 'a', keys: EC, algorithms: ['ES256'], audience: null };
const B = { issuer: ['b', 'b2'], keys: OTHER_EC, algorithms: ['ES256'], audience: 'api' };

const PUBLISHED = { audience: 'api' };

describe('several issuers', () => {
  it('each have their rules, found by each of their names', () => {
    const { issuers } = resolveTokenRules({
      issuers: [A, { ...B, maxLifetimeSeconds: 60, idTokens: 'accept' }],
      clockToleranceSeconds: 5,
    } as MultiIssuerRules);
    const b = { audiences: new Set(['api']), maxLifetimeSeconds: 60, idTokens: 'accept' };
    expect(issuers.of('a')).toMatchObject({ audiences: null, clockToleranceSeconds: 5 });
    expect(issuers.of('b')).toMatchObject({ ...b, clockToleranceSeconds: 5 });
    expect(issuers.of('b2')).toBe(issuers.of('b'));
  });

  it.each([
    ['no list', A, '"issuers" must be a list of 1 to 100 issuers, got an object.'],
    ['an empty list', [], '"issuers" must be a list of 1 to 100 issuers, got an empty list.'],
    ['null', null, '"issuers" must be a list of 1 to 100 issuers, got null.'],
    [
      'more',
      Array(101)
        .fill(null)
        .map((_, at) => ({ ...PUBLISHED, issuer: `i${at}`, jwksUri: `https://i/${at}` })),
      '"issuers" must be a list of 1 to 100 issuers, got 101 of them.',
    ],
    ['text', ['a'], '"issuers[0]" must be an object, got a string.'],
    [
      'an unknown rule',
      [A, { ...B, key: EC }],
      '"issuers[1].key" must be left out, got an option that does not exist. Check its spelling.',
    ],
    [
      'a rule of all issuers',
      [{ ...A, maxTokenBytes: 2048 }],
      '"issuers[0].maxTokenBytes" must be left out, got an option that does not exist. Check its spelling.',
    ],
    [
      'no name',
      [{ ...A, issuer: null }],
      '"issuers[0].issuer" must be its name or a list of its names, got null.',
    ],
    [
      'no audience',
      [A, { ...B, audience: undefined }],
      `"issuers[1].audience" must be ${NAME_OR_NULL}, got undefined. ${WITHOUT_IT}`,
    ],
    [
      'a bad key',
      [A, { ...B, keys: ['x'] }],
      '"issuers[1].keys[0]" must be one or several public keys in PEM, or a public KeyObject, got text that is not PEM throughout. Check that its line breaks are line breaks and that each BEGIN has its END.',
    ],
    ['a bad algorithm', [{ ...A, algorithms: ['none'] }], '"issuers[0].algorithms[0]" must be one'],
    [
      'a name twice',
      [A, B, { ...A, issuer: ['c', 'b2'], keys: ecPair('P-256').publicKey }],
      '"issuers[2].issuer" must be of this',
    ],
    [
      'one key for two',
      [A, { ...B, keys: [OTHER_EC, EC] }],
      '"issuers[1].keys[1]" must be a key of this issuer alone, got that of issuers[0].keys. ' +
        'With one key, each issuer could sign tokens of the other (RFC 8725 §3.8).',
    ],
  ])('stop the boot with %s', (_what, issuers, sentence) => {
    expect(errorOf({ issuers })).toContain(`nestjs-logout: ${sentence}`);
  });

  it.each(Object.keys(ISSUER_RULES))('stop the boot with %s beside them', (name) => {
    for (const value of [null, 1])
      expect(errorOf({ issuers: [A], [name]: value })).toBe(
        `nestjs-logout: "${name}" must be left out beside issuers, got both. Move it into each issuer.`,
      );
  });

  it('stop the boot as names of one, where there are several keys', () => {
    const flat = { ...RULES, algorithms: ['ES256'], issuer: ['a', 'b'] };
    const sentence =
      'nestjs-logout: "issuer" must be one name where there are several keys, got several names. ' +
      'Give each issuer its own keys: issuers: [{ issuer, keys, … }, …].';
    expect(errorOf({ ...flat, keys: [EC, OTHER_EC] })).toBe(sentence);
    expect(errorOf({ ...flat, keys: [EC, { key: OTHER_EC, kid: 'k' }] })).toBe(sentence);
    expect(errorOf({ ...flat, keys: EC })).toBe('no error');
    const renamed = ['old', 'new'].map((kid) => ({ key: EC, kid }));
    expect(errorOf({ ...flat, keys: renamed })).toBe('no error');
    expect(errorOf({ ...flat, issuer: 'a', keys: [EC, OTHER_EC] })).toBe('no error');
    expect(errorOf({ ...flat, issuer: null, keys: [EC, OTHER_EC] })).toBe('no error');
    expect(errorOf({ issuers: [{ ...B, keys: [EC, OTHER_EC] }] })).toBe('no error');
  });

  it('may be many, for each has keys of its own', () => {
    const issuers = Array.from({ length: 5 }, (_, at) => ({
      ...A,
      issuer: `i${at}`,
      algorithms: ['HS256'],
      keys: hmacSigner('HS256').key,
    }));
    expect(errorOf({ issuers })).toBe('no error');
  });
});

describe('what the boot says of rules', () => {
  const noticesOf = (rules: object) => resolveTokenRules({ ...RULES, ...rules }).notices;

  it('is what a life of more than a day costs', () => {
    expect(noticesOf({ maxLifetimeSeconds: 86_400 })).toEqual([]);
    expect(noticesOf({ maxLifetimeSeconds: 86_401 })).toEqual([
      expect.stringMatching(/^Tokens may live for 2 days \(maxLifetimeSeconds: 86401\)\. .*kept/),
    ]);
    expect(noticesOf({})).toEqual([expect.stringMatching(/^Tokens may live for 31 days/)]);
  });

  it('is the longest life of several issuers', () => {
    const issuers = [
      { ...A, maxLifetimeSeconds: 60 },
      { ...B, maxLifetimeSeconds: 172_800 },
    ];
    expect(resolveTokenRules({ issuers } as unknown as MultiIssuerRules).notices).toEqual([
      expect.stringMatching(/^Tokens may live for 2 days/),
    ]);
  });

  const uri = 'https://a.example/jwks';
  const published = { keys: undefined, algorithms: undefined, issuer: 'a', jwksUri: uri };
  it('is a warning that an issuer which publishes its keys may sign for any client', () => {
    const warningsOf = (changes: object) => resolveTokenRules({ ...RULES, ...changes }).warnings;
    const rules = { ...published, maxLifetimeSeconds: 60 };
    expect(warningsOf(rules)).toEqual([
      expect.stringMatching(
        /^Tokens that a issues to any client are accepted \(audience: null\)\./,
      ),
    ]);
    expect(warningsOf({ ...rules, clientIds: 'web' })).toEqual([]);
    expect(warningsOf({ ...rules, audience: 'api' })).toEqual([]);
    expect(warningsOf({ maxLifetimeSeconds: 60 })).toEqual([]);
  });

  it('is that a line break was cut from a secret, and never the secret', () => {
    const secret = 'a secret of thirty-two characters';
    const notices = noticesOf({ keys: ['x'.repeat(32), `${secret}\n`], maxLifetimeSeconds: 60 });
    expect(notices).toEqual([expect.stringMatching(/^"keys\[1\]" ended in a line break/)]);
    expect(notices.join()).not.toContain(secret);
  });
});

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
    ['maxLifetimeSeconds', 0, '1 to 34560000, got 0'],
    ['maxLifetimeSeconds', 34_560_001, '1 to 34560000, got 34560001'],
    ['maxLifetimeSeconds', Infinity, '1 to 34560000, got Infinity'],
    ['maxLifetimeSeconds', 5n, '1 to 34560000, got a bigint'],
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
