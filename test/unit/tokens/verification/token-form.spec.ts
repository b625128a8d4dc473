import fc from 'fast-check';
import { isCanonicalBase64url, splitToken } from '../../../../src/tokens/verification/token-form';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const part = fc.string({
  unit: fc.constantFrom(...ALPHABET.split('')),
  minLength: 1,
  maxLength: 40,
});

describe('the canonical form of base64url', () => {
  it('is what re-encoding gives again, for every text of the alphabet', () => {
    fc.assert(
      fc.property(part, (text) => {
        const reencoded = Buffer.from(text, 'base64url').toString('base64url');
        expect(isCanonicalBase64url(text)).toBe(reencoded === text);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([1, 2, 3, 4])('is found for each last character of %i', (length) => {
    const texts = ALPHABET.split('').map((last) => 'A'.repeat(length - 1) + last);
    const canonical = texts.filter(
      (text) => Buffer.from(text, 'base64url').toString('base64url') === text,
    );
    expect(texts.filter(isCanonicalBase64url)).toEqual(canonical);
  });

  it('is the form of whatever an issuer encodes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
        expect(isCanonicalBase64url(Buffer.from(bytes).toString('base64url'))).toBe(true);
      }),
    );
  });
});

describe('the form of a token', () => {
  it('gives its three parts and what the signature covers', () => {
    expect(splitToken('aGVh.cGF5bG8.c2ln', 8192)).toEqual({
      header: 'aGVh',
      payload: 'cGF5bG8',
      signature: 'c2ln',
      signingInput: 'aGVh.cGF5bG8',
    });
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a number', 5],
    ['a list of one token', ['aGVh.cGF5.c2ln']],
    ['an object that prints as a token', { toString: () => 'aGVh.cGF5.c2ln' }],
    ['bytes', Buffer.from('aGVh.cGF5.c2ln')],
    ['empty text', ''],
    ['one part', 'aGVh'],
    ['two parts', 'aGVh.cGF5'],
    ['four parts', 'aGVh.cGF5.c2ln.c2ln'],
    ['five parts, as of JWE', 'aGVh..cGF5.c2ln.c2ln'],
    ['no header', '.cGF5.c2ln'],
    ['no payload', 'aGVh..c2ln'],
    ['no signature', 'aGVh.cGF5.'],
    ['a dot in front', '.aGVh.cGF5.c2ln'],
    ['a dot behind', 'aGVh.cGF5.c2ln.'],
    ['padding', 'aGVh.cGF5bG8=.c2ln'],
    ['the other alphabet, +', 'aGVh.cG+5.c2ln'],
    ['the other alphabet, /', 'aGVh.cG/5.c2ln'],
    ['a space in front', ' aGVh.cGF5.c2ln'],
    ['a newline behind', 'aGVh.cGF5.c2ln\n'],
    ['a space within', 'aGVh.cG F5.c2ln'],
    ['a NUL within', 'aGVh.cG\0F.c2ln'],
    ['a letter beyond ASCII', 'aGVh.cGFé.c2ln'],
    ['a lone surrogate', 'aGVh.cGF\ud800.c2ln'],
    ['unused bits in the header', 'aGVhB.cGF5.c2ln'],
    ['unused bits in the payload', 'aGVh.cGF5bG9.c2ln'],
    ['unused bits in the signature', 'aGVh.cGF5.c2lnB'],
    ['a length that nothing encodes to', 'aGVhA.cGF5.c2ln'],
    ['JSON serialization', '{"protected":"aGVh","payload":"cGF5","signature":"c2ln"}'],
  ])('refuses %s', (_what, text) => {
    expect(splitToken(text, 8192)).toBeUndefined();
  });

  it('takes 8192 bytes and not one more', () => {
    const longest = `aGVh.${'A'.repeat(8182)}.c2ln`;
    expect(longest).toHaveLength(8192);
    expect(splitToken(longest, 8192)?.payload).toHaveLength(8182);
    expect(splitToken(`aGVhZA.${'A'.repeat(8180)}.c2ln`, 8192)?.payload).toHaveLength(8180);
    expect(splitToken(`aGVhZA.${'A'.repeat(8180)}.c2lnZA`, 8192)).toBeUndefined();
  });
});
