import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { SIGNATURE_ALGORITHMS } from '../../../src/tokens/keys/algorithms';
import { readSigningKeys } from '../../../src/tokens/keys/signing-keys';

const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const ed = generateKeyPairSync('ed25519');
const INPUT = 'eyJhbGciOiJ4In0.eyJzdWIiOiJhZGEifQ';

/** Whether what the first key signs is verified by the half that is given to verifiers. */
const isVerified = (value: unknown): boolean => {
  const { signer, keys } = readSigningKeys('signingKeys', value);
  const algorithm = SIGNATURE_ALGORITHMS[signer.algorithm];
  const signature = signer.sign(INPUT);
  return keys.slice(0, 1).some(({ key }) => algorithm.prepare(key).isGood(INPUT, signature));
};
const algorithmOf = (value: unknown) => readSigningKeys('signingKeys', value).signer.algorithm;

describe('A key that signs', () => {
  it.each([
    ['HS256', randomBytes(32)],
    ['HS256', `${randomBytes(32).toString('hex')}\n`],
    ['RS256', rsa.privateKey],
    ['RS256', pem(rsa.privateKey)],
    ['RS256', pem(rsa.privateKey).replaceAll('\n', '\\n')],
    ['RS256', Buffer.from(pem(rsa.privateKey))],
    ['ES256', ec('prime256v1').privateKey],
    ['ES384', pem(ec('secp384r1').privateKey)],
    ['ES512', pem(ec('secp521r1').privateKey)],
    ['EdDSA', pem(ed.privateKey)],
  ])('signs by the usual algorithm of its kind: %s', (algorithm, key) => {
    expect(algorithmOf(key)).toBe(algorithm);
    expect(isVerified(key)).toBe(true);
  });

  it.each([
    ['HS384', randomBytes(48)],
    ['HS512', randomBytes(64)],
    ['RS384', rsa.privateKey],
    ['RS512', rsa.privateKey],
    ['PS256', rsa.privateKey],
    ['PS384', rsa.privateKey],
    ['PS512', rsa.privateKey],
  ])('may name its algorithm: %s', (algorithm, key) => {
    const named = [{ key, algorithm, kid: 'now' }];
    expect(algorithmOf(named)).toBe(algorithm);
    expect(readSigningKeys('signingKeys', named).signer.kid).toBe('now');
    expect(isVerified(named)).toBe(true);
  });

  it('stands first; those behind it verify, and may be public', () => {
    const old = ed.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const { signer, keys } = readSigningKeys('signingKeys', [
      { key: pem(rsa.privateKey), kid: 'new' },
      { key: old, kid: 'old' },
    ]);
    expect(signer).toMatchObject({ algorithm: 'RS256', kid: 'new' });
    expect(keys.map(({ algorithm, kid }) => [algorithm, kid])).toEqual([
      ['RS256', 'new'],
      ['EdDSA', 'old'],
    ]);
    expect(keys.every(({ key }) => key.type === 'public')).toBe(true);
  });

  it.each([
    ['nothing', []],
    ['a short secret', 'short'],
    ['a weak key', generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey],
    ['a public key alone', rsa.publicKey],
    ['broken PEM', pem(rsa.privateKey).slice(0, 200)],
    ['another curve', ec('secp256k1').privateKey],
    ['unknown members', { key: randomBytes(32), use: 'sig' }],
    ['a key of another algorithm', { key: rsa.privateKey, algorithm: 'ES256' }],
    ['an unknown algorithm', { key: rsa.privateKey, algorithm: 'none' }],
    ['no key', undefined],
  ])('is refused with the name of the option: %s', (_, value) => {
    expect(() => readSigningKeys('signingKeys', value)).toThrow(/"signingKeys/);
  });

  it('is in no message', () => {
    const secret = 'only-thirty-one-bytes-long-here';
    expect(() => readSigningKeys('signingKeys', secret)).not.toThrow(secret);
  });
});
