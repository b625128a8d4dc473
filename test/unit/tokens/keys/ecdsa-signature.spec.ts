import { generateKeyPairSync, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { derOf } from '../../../../src/tokens/keys/ecdsa-signature';

const CURVES = [
  ['P-256', 'sha256', 64],
  ['P-384', 'sha384', 96],
  ['P-521', 'sha512', 132],
] as const;

/** What OpenSSL says of r and s in Node's own reading, and in ours. */
const verdicts = (hash: string, key: ReturnType<typeof pairOf>['publicKey'], signature: Buffer) => [
  verify(hash, DATA, { key, dsaEncoding: 'ieee-p1363' }, signature),
  verify(hash, DATA, key, derOf(signature)),
];

const pairOf = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const DATA = Buffer.from('header.payload');

describe.each(CURVES)('An ECDSA signature on %s in DER', (curve, hash, bytes) => {
  const { publicKey, privateKey } = pairOf(curve);

  it('is as good as it was, however many zeros r and s begin with', () => {
    for (let times = 0; times < 600; times += 1) {
      const signature = sign(hash, DATA, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      expect(verdicts(hash, publicKey, signature)).toEqual([true, true]);
    }
  });

  it('is as bad as it was, whatever it is', () => {
    const zeros = fc.nat(bytes).map((count) => Buffer.alloc(count));
    const anything = fc.uint8Array({ minLength: bytes, maxLength: bytes });
    fc.assert(
      fc.property(zeros, anything, (front, rest) => {
        const signature = Buffer.concat([front, rest]).subarray(0, bytes);
        expect(verdicts(hash, publicKey, signature)).toEqual([false, false]);
      }),
    );
    for (const all of [0x00, 0x7f, 0x80, 0xff])
      expect(verdicts(hash, publicKey, Buffer.alloc(bytes, all))).toEqual([false, false]);
  });
});

describe('The DER of r and s', () => {
  it.each([
    ['small numbers', '0001' + '007f', '3006' + '020101' + '02017f'],
    ['zeros', '0000' + '0000', '3006' + '020100' + '020100'],
    ['numbers whose first bit is set', '0080' + 'ff00', '3009' + '02020080' + '020300ff00'],
  ])('is the shortest there is, of %s', (_, signature, der) => {
    expect(derOf(Buffer.from(signature, 'hex')).toString('hex')).toBe(der);
  });

  it('tells a length beyond 127 in two bytes', () => {
    const der = derOf(Buffer.alloc(132, 0x7f));
    expect(der.subarray(0, 3).toString('hex')).toBe('308188');
    expect(der).toHaveLength(3 + 0x88);
  });
});
