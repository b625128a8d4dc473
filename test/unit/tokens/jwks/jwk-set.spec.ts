import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { readJwkSet } from '../../../../src/tokens/jwks/jwk-set';
import type { Algorithm } from '../../../../src/tokens/keys/algorithms';
import { ecPair, rsaPair, SIGNERS, strangerTo } from '../signers';

type Jwk = Readonly<Record<string, unknown>>;

const jwkOf = (algorithm: Algorithm): Jwk => ({
  ...SIGNERS[algorithm].key.export({ format: 'jwk' }),
});
const RSA = jwkOf('RS256');
const EC = jwkOf('ES256');
const read = (keys: readonly unknown[], ...algorithms: Algorithm[]) =>
  readJwkSet(JSON.stringify({ keys }), algorithms);

/** The `kid` of every key that is there, with its algorithm. */
const found = (keys: readonly unknown[], ...algorithms: Algorithm[]) =>
  read(keys, ...algorithms).map(({ kid, algorithm }) => `${kid} ${algorithm}`);

describe('A published key', () => {
  it.each<Algorithm>(['RS256', 'PS384', 'ES256', 'ES384', 'ES512', 'EdDSA'])(
    'is there for %s, with its kid',
    (algorithm) => {
      const [first, ...others] = read([{ ...jwkOf(algorithm), kid: 'k' }], algorithm);
      expect(others).toEqual([]);
      expect(first).toMatchObject({ kid: 'k', algorithm });
      expect(first?.key.equals(SIGNERS[algorithm].key)).toBe(true);
    },
  );

  it('need have no kid, and members that are not known do not matter', () => {
    const [key] = read([{ ...RSA, x5t: 'x', x5c: ['no certificate'], extra: {} }], 'RS256');
    expect(key).toEqual({ key: expect.anything() as unknown, algorithm: 'RS256' });
  });

  it('is for the algorithm that it names, where several would fit it', () => {
    const keys = [
      { ...RSA, kid: '1', alg: 'PS256' },
      { ...strangerTo('RS256').key.export({ format: 'jwk' }), kid: '2', alg: 'RS256' },
    ];
    expect(found(keys, 'RS256', 'PS256')).toEqual(['1 PS256', '2 RS256']);
  });

  it('is there where it is for signatures, by use and by key_ops', () => {
    const keys = [
      { ...EC, kid: '1', use: 'sig' },
      { ...EC, kid: '2', key_ops: ['verify'] },
      { ...EC, kid: '3', key_ops: ['sign', 'verify'], use: 'sig', alg: 'ES256' },
    ];
    expect(found(keys, 'ES256')).toEqual(['1 ES256', '2 ES256', '3 ES256']);
  });

  // The first nine are the shapes of Wycheproof: a key is used for what it is for, and no other way.
  it.each<[string, Jwk]>([
    ['for encryption (use)', { ...RSA, use: 'enc' }],
    ['for encryption (key_ops)', { ...RSA, key_ops: ['encrypt'] }],
    ['on a curve, for encryption (use)', { ...EC, use: 'enc' }],
    ['on a curve, for key agreement (key_ops)', { ...EC, key_ops: ['deriveKey'] }],
    ['for another algorithm of its type (alg)', { ...RSA, alg: 'PS256' }],
    ['for encryption (alg)', { ...RSA, alg: 'RSA-OAEP' }],
    ['for key agreement (alg)', { ...EC, alg: 'ECDH-ES' }],
    ['of 1024 bits', { ...rsaPair(1024).publicKey.export({ format: 'jwk' }) }],
    ['with the exponent 3', { ...rsaPair(2048, 3).publicKey.export({ format: 'jwk' }) }],
    ['with an exponent of nine bytes', { ...RSA, e: Buffer.alloc(9, 0x81).toString('base64url') }],
    ['for signing alone (key_ops)', { ...EC, key_ops: ['sign'] }],
    ['whose use is no text', { ...EC, use: ['sig'] }],
    ['whose use has another case', { ...EC, use: 'SIG' }],
    ['for both uses, which contradict each other', { ...EC, use: 'enc', key_ops: ['verify'] }],
    ['whose key_ops are no list', { ...EC, key_ops: 'verify' }],
    ['without any operation', { ...EC, key_ops: [] }],
    ['whose alg is no text', { ...EC, alg: null }],
    ['on another curve', { ...ecPair('P-521').publicKey.export({ format: 'jwk' }) }],
    ['on a curve of no algorithm', { ...ecPair('secp256k1').publicKey.export({ format: 'jwk' }) }],
    ['on the curve of another algorithm than its alg', { ...jwkOf('ES384'), alg: 'ES256' }],
    ['off its curve', { ...EC, x: EC['y'] }],
    ['without a coordinate', { ...EC, y: undefined }],
    ['of Ed448', { ...generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' }) }],
    ['of X25519', { ...generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }) }],
    ['of a type that is not known', { kty: 'LMS', pub: 'AA' }],
    ['without a type', { ...EC, kty: undefined }],
    ['of a type in another case', { ...EC, kty: 'ec' }],
    ['with a kid that is no text', { ...EC, kid: 7 }],
    ['with an empty kid', { ...EC, kid: '' }],
    ['with a kid of 256 characters', { ...EC, kid: 'k'.repeat(256) }],
  ])('is left out: one %s', (_what, jwk) => {
    const other = { ...strangerTo('ES384').key.export({ format: 'jwk' }), kid: 'other' };
    expect(found([jwk, other], 'RS256', 'ES256', 'ES384')).toEqual(['other ES384']);
  });

  it('is for EdDSA by either name of it (RFC 8037, RFC 9864)', () => {
    const key = jwkOf('EdDSA');
    const set = ['EdDSA', 'Ed25519', 'Ed448'].map((alg) => ({ ...key, kid: alg, alg }));
    expect(found(set, 'EdDSA')).toEqual(['EdDSA EdDSA', 'Ed25519 EdDSA']);
  });

  it('is left out where it would fit several algorithms and names none', () => {
    expect(found([{ ...RSA, kid: '1' }], 'RS256', 'PS256')).toEqual([]);
    expect(found([{ ...RSA, kid: '1' }], 'RS256', 'ES256')).toEqual(['1 RS256']);
  });

  it('is left out where its algorithm is not listed', () => {
    expect(found([{ ...RSA, alg: 'RS512' }, EC], 'RS256')).toEqual([]);
  });

  it.each([null, 7, 'key', [], [EC]])('is left out where it is no object: %j', (member) => {
    expect(found([member, { ...EC, kid: '1' }], 'ES256')).toEqual(['1 ES256']);
  });
});

describe('A set of published keys', () => {
  const named = (count: number, kid: (at: number) => unknown) =>
    Array.from({ length: count }, (_, at) => ({ ...EC, kid: kid(at) }));

  it('may be empty', () => {
    expect(read([], 'RS256')).toEqual([]);
  });

  it('may have 20 keys, and 4 without a kid for each algorithm', () => {
    expect(read(named(20, String), 'ES256')).toHaveLength(20);
    const nameless = [...Array<Jwk>(4).fill(EC), ...Array<Jwk>(4).fill(RSA)];
    expect(read(nameless, 'ES256', 'RS256')).toHaveLength(8);
  });

  it('is refused with more of either, and the error has their number', () => {
    expect(() => read(named(21, String), 'ES256')).toThrow('holds 21 keys, and 20 are the most');
    expect(() => read(Array(5).fill(EC), 'ES256')).toThrow('5 keys for ES256 without a kid, and 4');
  });

  it('may have any number without a kid of what is left out', () => {
    expect(read(Array(20).fill({ ...EC, use: 'enc' }), 'ES256')).toEqual([]);
  });

  it('is refused where two of its keys have one kid, also of those that are left out', () => {
    const both = (first: Jwk, second: Jwk) => () => read([first, second], 'ES256', 'RS256');
    const repeated = 'Two of its keys have the same kid.';
    expect(both({ ...EC, kid: '1' }, { ...EC, kid: '1' })).toThrow(repeated);
    expect(both({ ...EC, kid: '1' }, { ...RSA, kid: '1' })).toThrow(repeated);
    expect(both({ ...EC, kid: '1' }, { ...EC, kid: '1', use: 'enc' })).toThrow(repeated);
  });

  const rsaSecret = privateJwk('RS256');
  const ecSecret = privateJwk('ES256');
  it.each<[string, Jwk]>([
    ['the d of RSA', { ...RSA, d: rsaSecret.d }],
    ['the p of RSA', { ...RSA, p: rsaSecret.p }],
    ['the q of RSA', { ...RSA, q: rsaSecret.q }],
    ['the dp of RSA', { ...RSA, dp: rsaSecret.dp }],
    ['the dq of RSA', { ...RSA, dq: rsaSecret.dq }],
    ['the qi of RSA', { ...RSA, qi: rsaSecret.qi }],
    ['the oth of RSA', { ...RSA, oth: [] }],
    ['all of them', { ...rsaSecret }],
    ['the d of EC', { ...ecSecret }],
    ['the d of OKP', { ...privateJwk('EdDSA') }],
    ['the k of oct', { kty: 'oct', k: 'c2VjcmV0' }],
    ['a d that is null', { ...EC, d: null }],
    ['a d where the key is left out', { ...ecSecret, use: 'enc' }],
    ['a d where the type is not known', { kty: 'AKP', d: 'AA' }],
  ])('is refused whole where one of its keys has %s, and shows nothing of it', (_what, jwk) => {
    const message = 'It holds a private or a secret key, which must be taken for known to others.';
    const error = thrownBy(() => read([{ ...EC, kid: 'good' }, jwk], 'ES256'));
    expect(error).toEqual(new Error(message));
  });

  it.each([
    '',
    'null',
    '[]',
    '{}',
    '"keys"',
    '{"keys":{}}',
    '{"keys":null}',
    '{"Keys":[]}',
    '{"keys":[]',
    '<html>',
    '['.repeat(30_000),
  ])('is refused where it is none: %.20s', (text) => {
    const error = new Error('It is no JWK Set: an object with the list "keys".');
    expect(thrownBy(() => readJwkSet(text, ['ES256']))).toEqual(error);
  });

  it('reaches no prototype by a member that is called like one', () => {
    const text = `{"keys":[{"__proto__":{"kid":"1"},"constructor":1,${JSON.stringify(EC).slice(1)}]}`;
    expect(readJwkSet(text, ['ES256'])).toEqual([
      { key: expect.anything() as unknown, algorithm: 'ES256' },
    ]);
  });
});

function privateJwk(algorithm: Algorithm): JsonWebKey {
  return SIGNERS[algorithm].signingKey.export({ format: 'jwk' });
}

function thrownBy(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
