import {
  type ClaimRules,
  type Claims,
  expiresAt,
  checkClaims,
  isClaims,
  issuedAtMs,
} from '../../../../src/tokens/verification/claims';

const NOW = 1_800_000_000;
const CLAIMS: Claims = { sub: 'ada', iat: NOW - 60, exp: NOW + 60 };

describe('the claims a token must have', () => {
  it.each([
    ['no more than the required', {}],
    ['a subject of one character', { sub: 'a' }],
    ['the largest safe integer', { sub: Number.MAX_SAFE_INTEGER }],
    ['identifiers that are integers', { sub: 42, jti: 7, sid: 0, client_id: -1, azp: 9 }],
    ['a subject of 255', { sub: 'a'.repeat(255) }],
    ['characters beyond ASCII', { sub: 'Ñandú 💐', jti: '\u00a0\u05d0' }],
    ['an issuer of 255', { iss: 'i'.repeat(255) }],
    ['a jti of 128', { jti: 'j'.repeat(128) }],
    ['a sid of 128', { sid: 's'.repeat(128) }],
    ['a client_id of 255', { client_id: 'c'.repeat(255) }],
    ['an azp of 255', { azp: 'z'.repeat(255) }],
    ['one audience', { aud: 'api' }],
    ['several audiences', { aud: ['api', 'web'] }],
    ['an empty list of audiences', { aud: [] }],
    ['iat of zero', { iat: 0 }],
    ['times with a fraction', { iat: 0.5, exp: 0.75, nbf: 0.25 }],
    ['an nbf before the epoch', { nbf: -1 }],
    ['private claims of every kind', { role: null, scope: 5, act: { sub: [] } }],
    ['a name that objects have', { constructor: 'x', toString: 5 }],
  ])('are fine with %s', (_what, extra) => {
    expect(isClaims({ ...CLAIMS, ...extra })).toBe(true);
  });

  it('are exp alone', () => {
    expect(isClaims({ exp: NOW })).toBe(true);
    expect(isClaims({ ...CLAIMS, exp: undefined })).toBe(false);
  });

  it.each(['sub', 'iat', 'exp'])('have no %s that is null', (claim) => {
    expect(isClaims({ ...CLAIMS, [claim]: null })).toBe(false);
  });

  it('have no exp at the epoch', () => {
    expect(isClaims({ exp: 0 })).toBe(false);
  });

  const names = [
    ['sub', 255],
    ['iss', 255],
    ['client_id', 255],
    ['azp', 255],
    ['jti', 128],
    ['sid', 128],
  ] as const;
  const badNames = (max: number) => [
    { what: 'empty', value: '' },
    { what: 'too long', value: 'x'.repeat(max + 1) },
    { what: 'with U+0000', value: 'a\0b' },
    { what: 'with U+001F', value: 'a\u001fb' },
    { what: 'with DEL', value: 'a\u007fb' },
    { what: 'with the first of C1', value: 'a\u0080b' },
    { what: 'with the last of C1', value: 'a\u009fb' },
    { what: 'with a mark from right to left', value: 'a\u200fb' },
    { what: 'with an override from right to left', value: 'a\u202eb' },
    { what: 'with an isolate', value: 'a\u2066b' },
    { what: 'ending in a newline', value: 'a\n' },
    { what: 'half a surrogate pair', value: '\ud800' },
    { what: 'the other half', value: 'a\udc00b' },
    { what: 'a number', value: 5 },
    { what: 'true', value: true },
    { what: 'null', value: null },
    { what: 'an object', value: { a: 1 } },
    { what: 'a list', value: ['a'] },
  ];
  const isAllowed = (claim: string, what: string) => claim !== 'iss' && what === 'a number';
  it.each(
    names
      .flatMap(([claim, max]) => badNames(max).map((bad) => ({ claim, ...bad })))
      .filter(({ claim, what }) => !isAllowed(claim, what)),
  )('have no $claim that is $what', ({ claim, value }) => {
    expect(isClaims({ ...CLAIMS, [claim]: value })).toBe(false);
  });

  it.each([1.5, 2 ** 53, NaN, Infinity])('have no identifier that is %p', (id) => {
    for (const claim of ['sub', 'jti', 'sid', 'client_id', 'azp'])
      expect(isClaims({ ...CLAIMS, [claim]: id })).toBe(false);
  });

  it.each([
    ['a number', 5],
    ['null', null],
    ['an object', {}],
    ['a list with a number', ['api', 5]],
    ['a list with null', [null]],
    ['a list of lists', [['api']]],
  ])('have no audience that is %s', (_what, aud) => {
    expect(isClaims({ ...CLAIMS, aud })).toBe(false);
  });

  it.each([
    ['text', String(NOW)],
    ['null', null],
    ['a list', [NOW]],
    ['true', true],
    ['NaN', NaN],
    ['infinite', Infinity],
    ['negative infinite', -Infinity],
  ])('have no time that is %s', (_what, time) => {
    expect(isClaims({ ...CLAIMS, iat: time })).toBe(false);
    expect(isClaims({ ...CLAIMS, exp: time })).toBe(false);
    expect(isClaims({ ...CLAIMS, nbf: time })).toBe(false);
  });

  it.each([
    [NOW, NOW],
    [NOW, NOW - 1],
    [-1, NOW],
    [-0.001, NOW],
  ])('have no life from %d to %d', (iat, exp) => {
    expect(isClaims({ ...CLAIMS, iat, exp })).toBe(false);
  });
});

const RULES: ClaimRules = {
  names: null,
  audiences: null,
  clientIds: null,
  clockToleranceSeconds: 0,
  maxLifetimeSeconds: 3600,
};

const errorOf = (claims: Partial<Claims>, rules: Partial<ClaimRules> = {}, now = NOW) =>
  checkClaims({ ...CLAIMS, ...claims }, { ...RULES, ...rules }, now);

describe('the times of a token', () => {
  it.each([
    [0, NOW + 0.001, undefined],
    [0, NOW, 'expired'],
    [0, NOW - 1, 'expired'],
    [5, NOW - 4.999, undefined],
    [5, NOW - 5, 'expired'],
    [60, NOW - 59.5, undefined],
    [60, NOW - 60, 'expired'],
  ])('with a tolerance of %i s, exp at %d: %s', (clockToleranceSeconds, exp, error) => {
    expect(errorOf({ exp, iat: NOW - 100 }, { clockToleranceSeconds })).toBe(error);
  });

  it.each([
    [0, NOW, undefined],
    [0, NOW + 1, undefined],
    [0, NOW + 1.001, 'not_yet_valid'],
    [5, NOW + 6, undefined],
    [5, NOW + 6.001, 'not_yet_valid'],
  ])('with a tolerance of %i s, iat or nbf at %d: %s', (clockToleranceSeconds, time, error) => {
    expect(errorOf({ iat: time }, { clockToleranceSeconds })).toBe(error);
    expect(errorOf({ nbf: time }, { clockToleranceSeconds })).toBe(error);
  });

  it.each([
    [NOW - 60, NOW + 3540, undefined],
    [NOW - 60, NOW + 3540.5, 'lifetime'],
    [NOW - 60, NOW + 3541, 'lifetime'],
    [NOW, 1e308, 'lifetime'],
  ])('from %d to %d, with at most an hour: %s', (iat, exp, error) => {
    expect(errorOf({ iat, exp })).toBe(error);
  });

  it.each([
    [NOW + 3600, undefined],
    [NOW + 3600.5, 'lifetime'],
    [1e308, 'lifetime'],
    [NOW, 'expired'],
  ])('without iat, to %d, with at most an hour from now: %s', (exp, error) => {
    expect(errorOf({ iat: undefined, exp })).toBe(error);
  });

  it('a long-lived token is refused in its last hour too', () => {
    expect(errorOf({ iat: NOW - 30 * 86_400, exp: NOW + 60 })).toBe('lifetime');
  });

  it('the tolerance does not lengthen a life', () => {
    const life = { iat: NOW - 60, exp: NOW + 3541 };
    expect(errorOf(life, { clockToleranceSeconds: 60 })).toBe('lifetime');
  });

  it('a clock that tells nothing lets no token in', () => {
    expect(errorOf({}, {}, NaN)).toBe('not_yet_valid');
    expect(errorOf({}, {}, Infinity)).toBe('expired');
  });
});

describe('the issuer, the audience and the client of a token', () => {
  const names = new Set(['https://a.example', 'https://b.example']);
  const audiences = new Set(['api', 'web']);

  it.each([
    ['one of them', 'https://b.example', undefined],
    ['another', 'https://c.example', 'issuer'],
    ['almost one', 'https://b.example/', 'issuer'],
    ['none', undefined, 'issuer'],
  ])('issuer: %s', (_what, iss, error) => {
    expect(errorOf({ iss }, { names })).toBe(error);
  });

  it.each([
    ['one of them', 'web', undefined],
    ['one of them among others', ['other', 'web'], undefined],
    ['another', 'other', 'audience'],
    ['others', ['other', 'API'], 'audience'],
    ['none in the list', [], 'audience'],
    ['none', undefined, 'audience'],
  ])('audience: %s', (_what, aud, error) => {
    expect(errorOf({ aud }, { audiences })).toBe(error);
  });

  it.each([
    ['by client_id', { client_id: 'web' }, undefined],
    ['by azp alone', { azp: 'web' }, undefined],
    ['by the cid of Okta', { cid: 'web' }, undefined],
    ['by the appid of Entra v1', { appid: 'web' }, undefined],
    ['by a number', { client_id: 7 }, undefined],
    ['and client_id comes first', { client_id: 'other', azp: 'web' }, 'client'],
    ['and azp comes before cid', { azp: 'other', cid: 'web' }, 'client'],
    ['and cid comes before appid', { cid: 'other', appid: 'web' }, 'client'],
    ['in other letters', { client_id: 'WEB' }, 'client'],
    ['by a list', { cid: ['web'] }, 'client'],
    ['by null', { cid: null, appid: 'web' }, 'client'],
    ['by its audience alone', { aud: 'web' }, 'client'],
    ['not at all', {}, 'client'],
  ])('client: named %s', (_what, claims, error) => {
    expect(errorOf(claims, { clientIds: new Set(['web', '7']) })).toBe(error);
  });

  it('may be left unchecked', () => {
    expect(errorOf({ iss: 'anybody', aud: 'anything' })).toBeUndefined();
  });
});

describe('a token that is wrong in several ways', () => {
  const expired = { exp: NOW };
  const rules = {
    names: new Set(['a']),
    audiences: new Set(['api']),
    clientIds: new Set(['web']),
  };
  const right = { iss: 'a', aud: 'api', azp: 'web' };

  it.each([
    ['nothing else', { ...right, ...expired }, 'expired'],
    ['its issuer', { ...right, ...expired, iss: 'b' }, 'issuer'],
    ['its audience', { ...right, ...expired, aud: 'b' }, 'audience'],
    ['its client', { ...right, ...expired, azp: 'b' }, 'client'],
    ['its lifetime', { ...right, ...expired, iat: NOW - 3601 }, 'lifetime'],
    ['its nbf', { ...right, ...expired, nbf: NOW + 2 }, 'not_yet_valid'],
  ])('expired and %s', (_what, claims, error) => {
    expect(errorOf(claims, rules)).toBe(error);
  });
});

describe('the instants of a token', () => {
  it.each([
    [1_800_000_000, '2027-01-15T08:00:00.000Z'],
    [1_800_000_000.25, '2027-01-15T08:00:00.250Z'],
    [1_800_000_000.0009, '2027-01-15T08:00:00.000Z'],
    [0, '1970-01-01T00:00:00.000Z'],
  ])('iat %d is %s, never later than it was', (iat, instant) => {
    expect(new Date(issuedAtMs({ ...CLAIMS, iat })).toISOString()).toBe(instant);
  });

  it.each([
    [1_800_000_000, '2027-01-15T08:00:00.000Z'],
    [1_800_000_000.001, '2027-01-15T08:00:01.000Z'],
    [1_800_000_000.75, '2027-01-15T08:00:01.000Z'],
  ])('exp %d is %s, never earlier than it is', (exp, instant) => {
    expect(expiresAt({ ...CLAIMS, exp }).toISOString()).toBe(instant);
  });
});
