import crypto from 'node:crypto';
import fc from 'fast-check';
import { SignJWT } from 'jose';
import jwt from 'jsonwebtoken';
import { revocationKey } from '../../../../src/tokens/identity';
import { tokenKeys } from '../../../../src/tokens/token-keys';
import type { Claims } from '../../../../src/tokens/verification/claims';
import {
  TokenVerifier,
  type Verification,
} from '../../../../src/tokens/verification/token-verifier';
import {
  ALL_SIGNERS,
  CLAIMS,
  encode,
  hmacSigner,
  mint,
  NOW,
  SIGNERS,
  strangerTo,
  verifierOf,
} from '../signers';

const HS256 = SIGNERS.HS256;
const verifier = verifierOf(HS256);
/** `header.payload` of a token. */
const signedPart = (text: string) => text.slice(0, text.lastIndexOf('.'));
const named = (claims: Claims) => ({ claims, subject: 'ada', sessionId: claims.sid });
const refused = (cause: string) => ({ verdict: 'refused', cause });

/** What decides a request: `live`, `expired`, or the cause of the refusal. */
const outcome = (verification: Verification) =>
  verification.verdict === 'refused' ? verification.cause : verification.verdict;

describe('a good token', () => {
  it.each(ALL_SIGNERS)('is accepted with $algorithm, with its claims and its key', (signer) => {
    const claims = { ...CLAIMS, iss: 'a', jti: 'j1', role: 'admin' };
    const text = mint(signer, claims);
    const keys = tokenKeys(named(claims), signedPart(text), 'jti');
    expect(verifierOf(signer).verify(text)).toEqual({
      verdict: 'live',
      token: { ...named(claims), ...keys, expiresAtMs: claims.exp * 1000 },
    });
  });

  it('may call EdDSA by the name of its curve (RFC 9864), where that is listed', async () => {
    const { signingKey } = SIGNERS.EdDSA;
    const text = await new SignJWT({ sub: 'ada', exp: CLAIMS.exp })
      .setProtectedHeader({ alg: 'Ed25519' })
      .sign(signingKey);
    expect(outcome(verifierOf(SIGNERS.EdDSA).verify(text))).toBe('live');
    expect(outcome(verifierOf(strangerTo('EdDSA')).verify(text))).toBe('signature');
    expect(outcome(verifierOf(SIGNERS.ES256).verify(text))).toBe('algorithm');
    const other = mint(SIGNERS.EdDSA, CLAIMS, { alg: 'Ed448' });
    expect(outcome(verifierOf(SIGNERS.EdDSA).verify(other))).toBe('algorithm');
  });

  it('is known by what its signature covers, where it has no jti', () => {
    const text = mint(HS256, CLAIMS);
    expect(verifier.verify(text)).toMatchObject({
      token: { revocationKey: revocationKey('signed-part', signedPart(text)) },
    });
  });

  it('is known by what its signature covers, where the rules say so', () => {
    const claims = { ...CLAIMS, jti: 'j1' };
    const text = mint(HS256, claims);
    const bySignedPart = verifierOf(HS256, { tokenIdentity: 'signed-part' });
    expect(bySignedPart.verify(text)).toMatchObject({
      token: { revocationKey: revocationKey('signed-part', signedPart(text)) },
    });
  });

  it('is accepted in the longest form there is', () => {
    const empty = mint(HS256, { ...CLAIMS, pad: '' }).length;
    const pad = 'x'.repeat(Math.floor(((8192 - empty) * 3) / 4));
    const text = mint(HS256, { ...CLAIMS, pad });
    expect(text.length).toBeGreaterThan(8188);
    expect(outcome(verifier.verify(text))).toBe('live');
    expect(outcome(verifier.verify(mint(HS256, { ...CLAIMS, pad: `${pad}xxxx` })))).toBe('form');
  });

  it('says the last of two claims of one name', () => {
    const twice = `{"sub":"ada","sub":"bob","iat":${CLAIMS.iat},"exp":${CLAIMS.exp}}`;
    expect(verifier.verify(mint(HS256, twice))).toMatchObject({
      token: { claims: { sub: 'bob' } },
    });
  });

  it('reaches nothing but its own claims through __proto__', () => {
    const json = JSON.stringify(CLAIMS).replace('{', '{"__proto__":{"admin":true,"jti":"j1"},');
    const verification = verifier.verify(mint(HS256, json));
    expect(outcome(verification)).toBe('live');
    const claims = 'token' in verification ? verification.token.claims : CLAIMS;
    expect([claims.admin, claims.jti, Reflect.get({}, 'admin')]).toEqual(Array(3).fill(undefined));
    expect(Object.getPrototypeOf(claims)).toBe(Object.prototype);
  });
});

describe('an expired token', () => {
  const claims = { ...CLAIMS, exp: NOW };
  const ofA = { ...claims, iss: 'a' };

  it('is told from a refused one, and still says whose it was', () => {
    const text = mint(HS256, claims);
    const keys = tokenKeys(named(claims), signedPart(text), 'jti');
    expect(verifier.verify(text)).toEqual({
      verdict: 'expired',
      token: { ...named(claims), ...keys, expiresAtMs: claims.exp * 1000 },
    });
  });

  it.each([
    ['signed by a stranger', mint(strangerTo('HS256'), ofA), 'signature'],
    ['without a subject', mint(HS256, { ...ofA, sub: undefined }), 'claims'],
    ['of a wrong type', mint(HS256, ofA, { alg: 'HS256', typ: 'logout+jwt' }), 'type'],
    ['for another audience', mint(HS256, { ...claims, aud: 'web' }), 'audience'],
    ['of another issuer', mint(HS256, { ...claims, aud: 'api', iss: 'b' }), 'issuer'],
    ['of no issuer', mint(HS256, { ...claims, aud: 'api' }), 'issuer'],
    ['of another issuer and its key', mint(strangerTo('HS256'), { ...ofA, iss: 'b' }), 'issuer'],
  ])('%s is refused like any other', (_what, text, cause) => {
    const strict = verifierOf(HS256, { issuer: ['a'], audience: 'api' });
    const lenient = verifierOf(HS256, { issuer: null, audience: ['api'] });
    expect(outcome((cause === 'audience' ? lenient : strict).verify(text))).toBe(cause);
  });
});

describe('a token that is refused', () => {
  it.each([
    ['no token', undefined, 'form'],
    ['garbage', 'garbage', 'form'],
    ['an unreadable header', mint(HS256, CLAIMS, 'x'), 'header'],
    ['crit', mint(HS256, CLAIMS, { alg: 'HS256', crit: ['exp'] }), 'header'],
    ['alg none', mint(HS256, CLAIMS, { alg: 'none' }), 'algorithm'],
    ['an alg in another case', mint(HS256, CLAIMS, { alg: 'hs256' }), 'algorithm'],
    ['an alg that objects have', mint(HS256, CLAIMS, { alg: 'constructor' }), 'algorithm'],
    ['an alg that is not configured', mint(SIGNERS.HS512, CLAIMS), 'algorithm'],
    ['another key', mint(strangerTo('HS256'), CLAIMS), 'signature'],
    ['the empty key', mint(hmacSigner('HS256', Buffer.alloc(0)), CLAIMS), 'signature'],
    ['a list for claims', mint(HS256, [CLAIMS]), 'claims'],
    ['text for claims', mint(HS256, '"ada"'), 'claims'],
    ['null for claims', mint(HS256, 'null'), 'claims'],
    ['claims that are no JSON', mint(HS256, 'ada'), 'claims'],
    ['claims behind a byte order mark', mint(HS256, `\ufeff${JSON.stringify(CLAIMS)}`), 'claims'],
    ['claims that are no UTF-8', mint(HS256, Buffer.from('{"sub":"\xff"}', 'latin1')), 'claims'],
    ['no exp', mint(HS256, { sub: 'ada', iat: NOW }), 'claims'],
    ['no subject', mint(HS256, { iat: NOW, exp: NOW + 60 }), 'claims'],
    ['an exp in milliseconds', mint(HS256, { ...CLAIMS, exp: CLAIMS.exp * 1000 }), 'lifetime'],
    ['an exp beyond numbers', mint(HS256, `{"sub":"a","iat":1,"exp":1e999}`), 'claims'],
    ['a life above 31 days', mint(HS256, { ...CLAIMS, exp: NOW + 31 * 86_400 }), 'lifetime'],
    ['an iat ahead', mint(HS256, { ...CLAIMS, iat: NOW + 2 }), 'not_yet_valid'],
    ['an nbf ahead', mint(HS256, { ...CLAIMS, nbf: NOW + 2 }), 'not_yet_valid'],
  ])('because of %s', (_what, text, cause) => {
    expect(verifier.verify(text)).toEqual(refused(cause));
  });

  it('has nothing of its payload looked at before its signature', () => {
    expect(verifier.verify(mint(strangerTo('HS256'), 'no JSON'))).toEqual(refused('signature'));
  });

  it('may not be signed with a public key as if that were a secret', () => {
    const pem = SIGNERS.RS256.key.export({ type: 'spki', format: 'pem' });
    const text = mint(hmacSigner('HS256', Buffer.from(pem)), CLAIMS);
    expect(verifierOf(SIGNERS.RS256).verify(text)).toEqual(refused('algorithm'));
  });
});

describe('the type of a token', () => {
  const typed = (typ: string | undefined) => mint(HS256, CLAIMS, { alg: 'HS256', typ });

  it.each([
    [undefined, 'live'],
    ['JWT', 'live'],
    ['jwt', 'live'],
    ['at+jwt', 'live'],
    ['application/at+JWT', 'live'],
    ['', 'type'],
    ['JWS', 'type'],
    ['logout+jwt', 'type'],
    ['dpop+jwt', 'type'],
    ['application/', 'type'],
    ['undefined', 'type'],
  ])('%j is %s by default', (typ, expected) => {
    expect(outcome(verifier.verify(typed(typ)))).toBe(expected);
  });

  it.each([
    ['at+jwt', 'live'],
    ['Application/AT+JWT', 'live'],
    [undefined, 'type'],
    ['JWT', 'type'],
  ])('%j is %s where at+jwt is asked for', (typ, expected) => {
    const strict = verifierOf(HS256, { types: ['application/at+jwt'] });
    expect(outcome(strict.verify(typed(typ)))).toBe(expected);
  });

  it('must be said where the types are said', () => {
    const strict = verifierOf(HS256, { types: ['JWT'] });
    expect(outcome(strict.verify(typed(undefined)))).toBe('type');
    expect(outcome(strict.verify(typed('jwt')))).toBe('live');
  });
});

describe('a token that was made for something else', () => {
  const logoutEvent = { 'http://schemas.openid.net/event/backchannel-logout': {} };
  const accepting = verifierOf(HS256, { idTokens: 'accept' });
  const bare = (claims: object): string => mint(HS256, { ...CLAIMS, ...claims });
  const asAccess = (claims: object): string =>
    mint(HS256, { ...CLAIMS, ...claims }, { alg: 'HS256', typ: 'at+jwt' });

  it.each([{ nonce: 'n' }, { at_hash: 'h' }, { c_hash: 'h' }, { nonce: null }])(
    'is no bearer with %j, unless its type says so or the rules do',
    (claims) => {
      expect(verifier.verify(bare(claims))).toEqual(refused('purpose'));
      expect(outcome(verifier.verify(asAccess(claims)))).toBe('live');
      expect(outcome(accepting.verify(bare(claims)))).toBe('live');
    },
  );

  it.each([
    ['a logout token', { events: logoutEvent }],
    ['an introspection answer', { token_introspection: { active: true } }],
  ])('is never a bearer as %s', (_what, claims) => {
    for (const text of [bare(claims), asAccess(claims)])
      for (const each of [verifier, accepting])
        expect(each.verify(text)).toEqual(refused('purpose'));
  });

  it('is told so when it has expired, too', () => {
    expect(verifier.verify(bare({ nonce: 'n', iat: NOW - 60, exp: NOW }))).toEqual(
      refused('purpose'),
    );
  });
});

describe('the key that a token names', () => {
  const a = hmacSigner('HS256');
  const b = hmacSigner('HS256');
  const other = hmacSigner('HS384');
  const nameless = hmacSigner('HS256');
  const named = [
    { key: a.key, kid: 'a', algorithm: 'HS256' },
    { key: b.key, kid: 'b', algorithm: 'HS256' },
    { key: other.key, kid: 'other', algorithm: 'HS384' },
  ] as const;
  const algorithms = ['HS256', 'HS384'] as const;
  const allNamed = verifierOf(a, { algorithms, keys: named });
  const mixed = verifierOf(a, {
    algorithms,
    keys: [...named, { key: nameless.key, algorithm: 'HS256' }],
  });
  const signedBy = (signer: typeof a, kid?: string) =>
    mint(signer, CLAIMS, { alg: signer.algorithm, kid });

  it.each([
    ['its own', signedBy(a, 'a'), 'live'],
    ['its own, the second', signedBy(b, 'b'), 'live'],
    ['another', signedBy(a, 'b'), 'signature'],
    ['one for another algorithm', signedBy(a, 'other'), 'key'],
    ['its own, of another algorithm', signedBy(other, 'other'), 'live'],
    ['one we do not know', signedBy(a, 'c'), 'key'],
    ['one in another case', signedBy(a, 'A'), 'key'],
    ['one that objects have', signedBy(a, '__proto__'), 'key'],
    ['none', signedBy(b), 'live'],
    ['none, signed by a stranger', signedBy(nameless), 'signature'],
  ])('%s, where every key has a name', (_what, text, expected) => {
    expect(outcome(allNamed.verify(text))).toBe(expected);
  });

  it.each([
    ['one we do not know, signed by the nameless key', signedBy(nameless, 'c'), 'live'],
    ['one we do not know, signed by a named key', signedBy(a, 'c'), 'signature'],
    ['a known one, signed by the nameless key', signedBy(nameless, 'a'), 'signature'],
    ['none, signed by the nameless key', signedBy(nameless), 'live'],
    ['none, signed by a named key', signedBy(a), 'live'],
    ['one we do not know, of an algorithm without a nameless key', signedBy(other, 'c'), 'key'],
  ])('%s, where one key has none', (_what, text, expected) => {
    expect(outcome(mixed.verify(text))).toBe(expected);
  });
});

describe('a token that was seen before', () => {
  const rules = { algorithms: ['HS256'], keys: HS256.key, issuer: null, audience: null } as const;
  let now: number;
  let current: TokenVerifier;
  beforeEach(() => {
    now = NOW * 1000;
    current = new TokenVerifier(rules, () => now);
  });
  const remember = (text: string): void => {
    for (let times = 0; times < 3; times += 1) expect(outcome(current.verify(text))).toBe('live');
  };

  it.each(ALL_SIGNERS)('gets the same verdict, and the same claims: $algorithm', (signer) => {
    const verifier = verifierOf(signer);
    const text = mint(signer, { ...CLAIMS, iss: 'a', jti: 'j1', aud: ['api'], deep: { er: [1] } });
    const [first, second, third] = [1, 2, 3].map(() => verifier.verify(text));
    expect(outcome(first!)).toBe('live');
    expect([second, third]).toEqual([first, first]);
  });

  it('costs no signature from the third time on', () => {
    const hmac = jest.spyOn(crypto, 'createHmac');
    const [text, other] = [mint(HS256, CLAIMS), mint(HS256, { ...CLAIMS, sub: 'grace' })];
    hmac.mockClear();
    current.verify(text);
    current.verify(text);
    expect(hmac).toHaveBeenCalledTimes(2);
    current.verify(text);
    current.verify(text);
    expect(hmac).toHaveBeenCalledTimes(2);
    current.verify(other);
    expect(hmac).toHaveBeenCalledTimes(3);
    hmac.mockRestore();
  });

  it('is expired from the instant at which it expires', () => {
    const text = mint(HS256, { ...CLAIMS, exp: NOW + 10 });
    const at = (milliseconds: number) => {
      now = milliseconds;
      return outcome(current.verify(text));
    };
    const last = (NOW + 10) * 1000 - 1;
    expect([at(last - 5000), at(last - 1), at(last), at(last + 1), at(last + 2), at(last)]).toEqual(
      ['live', 'live', 'live', 'expired', 'expired', 'live'],
    );
  });

  it.each([
    ['iat', { ...CLAIMS, iat: NOW }],
    ['nbf', { ...CLAIMS, nbf: NOW }],
  ])('is refused where its %s lies ahead after the clock was set back', (_what, claims) => {
    const text = mint(HS256, claims);
    remember(text);
    now -= 2000;
    expect(current.verify(text)).toEqual(refused('not_yet_valid'));
    now += 2000;
    expect(outcome(current.verify(text))).toBe('live');
  });

  it('lends its signature to no other text', () => {
    const text = mint(HS256, CLAIMS);
    const [header = '', , signature = ''] = text.split('.');
    const forged = `${header}.${encode({ ...CLAIMS, sub: 'root' })}.${signature}`;
    remember(text);
    expect(current.verify(forged)).toEqual(refused('signature'));
    expect(outcome(current.verify(text))).toBe('live');
  });

  it('is a stranger to a verifier with another key', () => {
    const text = mint(HS256, CLAIMS);
    remember(text);
    expect(outcome(verifierOf(strangerTo('HS256')).verify(text))).toBe('signature');
  });

  it('does not hand on what was written to its claims', () => {
    const text = mint(HS256, { ...CLAIMS, aud: ['api'], realm: { roles: ['reader'] } });
    const seen = [1, 2, 3, 4].map(() => {
      const verification = current.verify(text);
      const claims = 'token' in verification ? verification.token.claims : CLAIMS;
      const told = JSON.stringify(claims);
      (claims.realm as { roles: string[] }).roles.push('admin');
      Object.assign(claims, { sub: 'root', exp: NOW + 9999 });
      return told;
    });
    expect(new Set(seen).size).toBe(1);
  });

  // In every order, because what is read last is kept for the next reader.
  it.each(['vvvv', 'pvpvpvpv', 'vpvpvp', 'ppvvpp', 'pppvpv', 'vppvvp'])(
    'does not hand it on to enforcement either, nor back (%s)',
    (order) => {
      const text = mint(HS256, { ...CLAIMS, aud: ['api'], realm: { roles: ['reader'] } });
      const seen = order.split('').map((reader) => {
        const verification = reader === 'v' ? current.verify(text) : undefined;
        const token = verification && 'token' in verification ? verification.token : undefined;
        const claims = token?.claims ?? current.presentedIn(text)?.[0]?.claims;
        const told = JSON.stringify(claims);
        // The guard hands its token to the host; enforcement hands nothing on.
        if (token !== undefined) {
          (token.claims.realm as { roles: string[] }).roles.push('admin');
          Object.assign(token.claims, { sub: 'root', exp: NOW + 9999 });
        }
        return told;
      });
      expect(new Set(seen).size).toBe(1);
    },
  );

  it.each([
    ['refused', mint(strangerTo('HS256'), CLAIMS)],
    ['expired', mint(HS256, { ...CLAIMS, exp: NOW })],
    ['not valid yet', mint(HS256, { ...CLAIMS, nbf: NOW + 5 })],
  ])('is verified anew where it was %s', (_what, text) => {
    const hmac = jest.spyOn(crypto, 'createHmac');
    hmac.mockClear();
    for (let times = 0; times < 3; times += 1) current.verify(text);
    expect(hmac).toHaveBeenCalledTimes(3);
    hmac.mockRestore();
  });
});

describe('the verifier', () => {
  it('tells the tolerance and the length it goes by', () => {
    expect([verifier.clockToleranceSeconds, verifier.maxTokenBytes]).toEqual([0, 8192]);
    const other = verifierOf(HS256, { clockToleranceSeconds: 5, maxTokenBytes: 16_384 });
    expect([other.clockToleranceSeconds, other.maxTokenBytes]).toEqual([5, 16_384]);
  });

  it.each([
    [999, 'live'],
    [1000, 'expired'],
  ])('reads its clock in milliseconds: %i after the last second', (milliseconds, expected) => {
    const rules = { algorithms: ['HS256'], keys: HS256.key, issuer: null, audience: null } as const;
    const later = new TokenVerifier(rules, () => NOW * 1000 + milliseconds);
    const text = mint(HS256, { ...CLAIMS, exp: NOW + 1 });
    expect(outcome(later.verify(text))).toBe(expected);
  });

  it('goes by the clock of the machine unless it is given another', () => {
    const rules = { algorithms: ['HS256'], keys: HS256.key, issuer: null, audience: null } as const;
    const iat = Math.floor(Date.now() / 1000);
    const current = new TokenVerifier(rules);
    expect(outcome(current.verify(mint(HS256, { sub: 'a', iat, exp: iat + 60 })))).toBe('live');
    expect(outcome(current.verify(mint(HS256, { sub: 'a', iat: 1, exp: 60 })))).toBe('expired');
  });

  it('does not start on bad rules', () => {
    expect(() => verifierOf(HS256, { clockToleranceSeconds: 61 })).toThrow(TypeError);
  });

  it('refuses whatever is thrown at it, and throws nothing back', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(verifier.verify(value)).toEqual(refused('form'));
      }),
    );
  });

  it.each(ALL_SIGNERS)('refuses any three parts, without throwing: $algorithm', (signer) => {
    const strict = verifierOf(signer);
    const text = fc.oneof(fc.string(), fc.json(), fc.constant(JSON.stringify(CLAIMS)));
    const bytes = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(text, bytes, (payload, signature) => {
        const forger = { ...signer, sign: () => Buffer.from(signature) };
        expect(strict.verify(mint(forger, payload)).verdict).toBe('refused');
        expect(strict.verify(mint(forger, payload, payload)).verdict).toBe('refused');
      }),
    );
  });
});

describe('what jsonwebtoken 9 accepts and we do not', () => {
  const accepts = (text: string) => jwt.verify(text, HS256.key, { clockTimestamp: NOW });

  it.each([
    ['no exp', mint(HS256, { sub: 'ada', iat: NOW - 60 }), 'claims'],
    ['an exp of 1e308', mint(HS256, `{"sub":"ada","iat":${NOW - 60},"exp":1e308}`), 'lifetime'],
    ['crit', mint(HS256, CLAIMS, { alg: 'HS256', crit: ['urn:x'], 'urn:x': 1 }), 'header'],
    ['an object for jti', mint(HS256, { ...CLAIMS, jti: { a: 1 } }), 'claims'],
  ])('%s', (_what, text, cause) => {
    expect(() => accepts(text)).not.toThrow();
    expect(verifier.verify(text)).toEqual(refused(cause));
  });
});
