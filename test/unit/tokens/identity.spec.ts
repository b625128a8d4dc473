import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { Claims } from '../../../src/tokens/verification/claims';
import { ownKeys, revocationKey, sessionIdKey } from '../../../src/tokens/identity';

const CLAIMS: Claims = { sub: 'ada', iat: 1, exp: 2 };
const sha256 = (hex: string) => createHash('sha256').update(Buffer.from(hex, 'hex')).digest('hex');
const word = (text: string) =>
  Buffer.byteLength(text).toString(16).padStart(8, '0') + Buffer.from(text).toString('hex');

describe('the key of a revocation', () => {
  it('is SHA-256 over the tag and each part behind its length in bytes', () => {
    const key = revocationKey('tag', 'ab', 'ñ', '');
    expect(key).toHaveLength(64);
    const encoded = '00000003746167' + '000000026162' + '00000002c3b1' + '00000000';
    expect(key).toBe(sha256(encoded));
  });

  it('tells an absent part from an empty one', () => {
    const encoded = '00000003746167' + 'ffffffff' + '0000000178';
    expect(revocationKey('tag', undefined, 'x')).toBe(sha256(encoded));
    expect(revocationKey('tag', undefined)).not.toEqual(revocationKey('tag', ''));
    expect(revocationKey('tag', undefined)).not.toEqual(revocationKey('tag'));
  });

  it('is shared by equal lists alone', () => {
    const part = fc.option(
      fc.string({ unit: fc.constantFrom('a', 'b', '\0', 'ñ'), maxLength: 3 }),
      {
        nil: undefined,
      },
    );
    const list = fc.array(part, { maxLength: 3 });
    fc.assert(
      fc.property(list, list, (one, other) => {
        const isSame = revocationKey('t', ...one) === revocationKey('t', ...other);
        const isEqual = one.length === other.length && one.every((v, i) => v === other[i]);
        expect(isSame).toBe(isEqual);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('the identity of a token', () => {
  const keyOf = (claims: Partial<Claims>, signingInput = 'h.p') =>
    ownKeys({ ...CLAIMS, ...claims }, signingInput, 'jti')[0];

  it('is its issuer and its jti', () => {
    const encoded = word('token') + word('https://a.example') + word('j1');
    expect(keyOf({ iss: 'https://a.example', jti: 'j1' })).toBe(sha256(encoded));
  });

  it('is its jti alone where no issuer is named', () => {
    expect(keyOf({ jti: 'j1' })).toBe(sha256(word('token') + 'ffffffff' + word('j1')));
  });

  it('is what the signature covers where there is no jti', () => {
    expect(keyOf({ iss: 'a' }, 'h.p')).toBe(sha256(word('signed-part') + word('h.p')));
  });

  it.each([
    ['another signed part', { iss: 'a', jti: 'j1', sub: 'bob' }, 'x.y', true],
    ['another jti', { iss: 'a', jti: 'j2' }, 'h.p', false],
    ['another issuer', { iss: 'b', jti: 'j1' }, 'h.p', false],
    ['no issuer', { jti: 'j1' }, 'h.p', false],
    ['a shifted border', { iss: 'aj', jti: '1' }, 'h.p', false],
  ])('with %s: the same is %s', (_what, claims, signingInput, isSame) => {
    expect(keyOf(claims, signingInput) === keyOf({ iss: 'a', jti: 'j1' })).toBe(isSame);
  });

  it('is another for a jti that is an integer than for its digits', () => {
    expect(keyOf({ iss: 'a', jti: 7 })).toBe(sha256(word('token-integer') + word('a') + word('7')));
    expect(keyOf({ iss: 'a', jti: 7 })).not.toBe(keyOf({ iss: 'a', jti: '7' }));
  });

  it('is always the signed part for issuers that reuse a jti', () => {
    const [key] = ownKeys({ ...CLAIMS, iss: 'a', jti: 'j1' }, 'h.p', 'signed-part');
    expect(key).toBe(sha256(word('signed-part') + word('h.p')));
  });

  it('has the other one beside it, so that what was revoked stays so when the mode changes', () => {
    const claims = { ...CLAIMS, iss: 'a', jti: 'j1' };
    const byJti = ownKeys(claims, 'h.p', 'jti');
    expect(byJti).toHaveLength(2);
    expect(ownKeys(claims, 'h.p', 'signed-part')).toEqual([...byJti].reverse());
    expect(ownKeys(CLAIMS, 'h.p', 'jti')).toEqual(ownKeys(CLAIMS, 'h.p', 'signed-part'));
    expect(ownKeys(CLAIMS, 'h.p', 'jti')).toHaveLength(1);
  });
});

describe('the identity of a server-side session', () => {
  it('is its id under a tag of its own', () => {
    const encoded = word('server-session') + word('s1');
    expect(sessionIdKey('s1')).toBe(sha256(encoded));
  });
});
