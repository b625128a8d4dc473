import { createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK } from 'jose';
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

  it('can be read although keys of another type were compared before it', () => {
    const both = [{ key: rsa.privateKey, algorithm: 'PS256' }, ed.privateKey];
    readSigningKeys('signingKeys', both);
    expect(algorithmOf(pem(rsa.privateKey))).toBe('RS256');
  });

  it('is in no message', () => {
    const secret = 'only-thirty-one-bytes-long-here';
    expect(() => readSigningKeys('signingKeys', secret)).not.toThrow(secret);
  });
});

describe('What a key is called in tokens', () => {
  const PAIRS = [
    ['RSA', rsa],
    ['EC', ec('secp521r1')],
    ['Ed25519', ed],
  ] as const;

  it.each(PAIRS)('is the thumbprint that others compute of it: %s', async (_, pair) => {
    const { signer } = readSigningKeys('signingKeys', pair.privateKey);
    expect(signer.kid).toBe(await calculateJwkThumbprint(await exportJWK(pair.publicKey)));
  });

  it('is its kid where it has one, and nothing where it is a secret', () => {
    const named = readSigningKeys('signingKeys', { key: ed.privateKey, kid: 'now' });
    expect(named.signer.kid).toBe('now');
    expect(readSigningKeys('signingKeys', randomBytes(32)).signer.kid).toBeUndefined();
  });

  it('is of one key alone', () => {
    const { signer } = readSigningKeys('signingKeys', ed.privateKey);
    const taken = { key: rsa.privateKey, kid: signer.kid };
    expect(() => readSigningKeys('signingKeys', [ed.privateKey, taken])).toThrow(
      '"signingKeys[1].kid" must be of this key alone, got that of signingKeys[0]',
    );
    const same = { key: ed.privateKey, kid: signer.kid };
    expect(readSigningKeys('signingKeys', [ed.privateKey, same]).published).toHaveLength(1);
  });
});

describe('What is published of keys that sign', () => {
  const [one, two] = [ec('prime256v1'), rsa];
  const all = [
    { key: one.privateKey, kid: 'b' },
    { key: randomBytes(32), kid: 'secret', algorithm: 'HS256' },
    { key: pem(two.privateKey), kid: 'a', algorithm: 'PS256' },
    { key: pem(ed.privateKey), kid: 'c' },
  ];

  it('is their public half, with what it is for, and no secret', () => {
    const { published } = readSigningKeys('signingKeys', all);
    expect(published.map(({ kid, alg, use, kty }) => [kid, alg, use, kty])).toEqual([
      ['a', 'PS256', 'sig', 'RSA'],
      ['b', 'ES256', 'sig', 'EC'],
      ['c', 'EdDSA', 'sig', 'OKP'],
    ]);
    const members = published.map((jwk) => Object.keys(jwk).toSorted().join(' '));
    expect(members).toEqual([
      'alg e kid kty n use',
      'alg crv kid kty use x y',
      'alg crv kid kty use x',
    ]);
    const keys = published.map((key) => createPublicKey({ key, format: 'jwk' }));
    const publics = [two.publicKey, one.publicKey, ed.publicKey];
    expect(keys.map((key, at) => key.equals(publics[at]!))).toEqual([true, true, true]);
  });

  it('is the same, whichever of them signs', () => {
    const { published } = readSigningKeys('signingKeys', all.toReversed());
    expect(published).toEqual(readSigningKeys('signingKeys', all).published);
  });

  it('is nothing where all are secrets', () => {
    expect(readSigningKeys('signingKeys', [randomBytes(32)]).published).toEqual([]);
  });

  it('is a key once that is listed twice', () => {
    const { published } = readSigningKeys('signingKeys', [ed.privateKey, ed.publicKey]);
    expect(published).toHaveLength(1);
  });
});
