import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Algorithm } from '../../../../src/tokens/keys/algorithms';
import { readKeys } from '../../../../src/tokens/keys/keys';
import { ecPair, rsaPair, SIGNERS, strangerTo } from '../signers';

const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
const privatePem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();

const RSA = SIGNERS.RS256.key;
const OTHER_RSA = strangerTo('RS256').key;
const P256 = SIGNERS.ES256.key;
const SECRET = 'a secret of thirty-two characters';

const read = (keys: unknown, ...algorithms: Algorithm[]) =>
  readKeys('keys', keys, algorithms).map(({ algorithm, kid, key }) => [algorithm, kid, key.type]);

describe('keys as they may be configured', () => {
  it.each([
    ['a secret text', SECRET, 'HS256', 'secret'],
    ['secret bytes', Buffer.alloc(48, 7), 'HS384', 'secret'],
    ['bytes of another kind', new Uint8Array(64).fill(7), 'HS512', 'secret'],
    ['a secret KeyObject', createSecretKey(Buffer.alloc(32, 7)), 'HS256', 'secret'],
    ['a public key in PEM', pem(RSA), 'RS256', 'public'],
    ['PEM in bytes', Buffer.from(pem(RSA)), 'PS512', 'public'],
    ['PKCS#1', RSA.export({ type: 'pkcs1', format: 'pem' }), 'RS256', 'public'],
    ['a public KeyObject', P256, 'ES256', 'public'],
    ['PEM with Windows line breaks', pem(P256).replaceAll('\n', '\r\n'), 'ES256', 'public'],
    ['PEM with its line breaks written out', pem(RSA).replaceAll('\n', '\\n'), 'RS256', 'public'],
    ['PEM with \\r\\n written out', pem(P256).replaceAll('\n', '\\r\\n'), 'ES256', 'public'],
    ['the same in bytes', Buffer.from(pem(RSA).replaceAll('\n', '\\n')), 'PS256', 'public'],
    ['PEM in quotes', `"${pem(RSA)}"`, 'RS256', 'public'],
    ['PEM with comments', `key of 2026:\n${pem(P256)}\nthe end`, 'ES256', 'public'],
    ['Ed25519', pem(SIGNERS.EdDSA.key), 'EdDSA', 'public'],
  ] as const)('%s', (_what, key, algorithm, type) => {
    expect(read(key, algorithm)).toEqual([[algorithm, undefined, type]]);
    expect(read([key], algorithm)).toEqual([[algorithm, undefined, type]]);
    expect(read({ key }, algorithm)).toEqual([[algorithm, undefined, type]]);
    expect(read([{ key, kid: 'k', algorithm }], algorithm)).toEqual([[algorithm, 'k', type]]);
  });

  it('a secret text is the key by its bytes in UTF-8', () => {
    const [key] = readKeys('keys', 'ñ'.repeat(16), ['HS256']);
    expect(key?.key.export()).toEqual(Buffer.from('ñ'.repeat(16), 'utf8'));
  });

  it('several public keys in one PEM text, each with the algorithm that it fits', () => {
    const text = pem(RSA) + pem(P256) + pem(OTHER_RSA);
    expect(read(text, 'ES256', 'RS256')).toEqual([
      ['RS256', undefined, 'public'],
      ['ES256', undefined, 'public'],
      ['RS256', undefined, 'public'],
    ]);
  });

  it('several algorithms of one kind of key, where each key names its own', () => {
    const keys = [
      { key: RSA, algorithm: 'RS256', kid: 'a' },
      { key: OTHER_RSA, algorithm: 'PS256' },
    ];
    expect(read(keys, 'RS256', 'PS256')).toEqual([
      ['RS256', 'a', 'public'],
      ['PS256', undefined, 'public'],
    ]);
  });

  it('one key under two names, while its name changes', () => {
    const keys = [
      { key: RSA, kid: 'old' },
      { key: RSA, kid: 'new' },
    ];
    expect(read(keys, 'RS256')).toHaveLength(2);
  });

  it('eight keys for one algorithm with a kid each, one of 255 characters', () => {
    const keys = ['k'.repeat(255), 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((kid) => ({
      key: RSA,
      kid,
    }));
    expect(read(keys, 'RS256')).toHaveLength(8);
  });

  it('a secret beside a key pair, where each names its algorithm', () => {
    const keys = [
      { key: SECRET, algorithm: 'HS256' },
      { key: pem(P256), algorithm: 'ES256' },
    ];
    expect(read(keys, 'HS256', 'ES256')).toEqual([
      ['HS256', undefined, 'secret'],
      ['ES256', undefined, 'public'],
    ]);
  });

  it.each([
    ['a line break', `${SECRET}\n`, SECRET, true],
    ['one of Windows', `${SECRET}\r\n`, SECRET, true],
    ['none', SECRET, SECRET, false],
    ['several', `${SECRET}\n\n`, `${SECRET}\n\n`, false],
    ['one of an old Mac', `${SECRET}\r`, `${SECRET}\r`, false],
    ['one, in bytes', Buffer.from(`${SECRET}\n`), `${SECRET}\n`, false],
    ['one in front', `\n${SECRET}`, `\n${SECRET}`, false],
  ])(
    'a secret that ends in %s, which is cut off only where it is one',
    (_what, given, kept, cut) => {
      const [read] = readKeys('keys', given, ['HS256']);
      expect(read?.key.export().toString()).toBe(kept);
      expect(read?.isCut).toBe(cut);
    },
  );
});

/** The one message, whole: what is wrong, and what to do. */
const message = (keys: unknown, ...algorithms: Algorithm[]) => {
  try {
    readKeys('keys', keys, algorithms);
  } catch (error) {
    return error instanceof TypeError ? error.message : `no TypeError: ${String(error)}`;
  }
  return 'no error';
};

const PUBLIC = 'one or several public keys in PEM, or a public KeyObject';
const PEM_ADVICE = 'Check that its line breaks are line breaks and that each BEGIN has its END.';
const RSA_NEED = 'an RSA public key of at least 2048 bits with an exponent of at least 65537';
const OPENSSL = 'Make one with `openssl rand -hex 64`.';
const NEW_PAIR = 'Make a new key pair at the issuer.';

describe('secrets that stop the boot', () => {
  it.each([
    ['nothing', undefined, 'a string, a Buffer or a KeyObject, got undefined.'],
    ['null', null, 'a string, a Buffer or a KeyObject, got null.'],
    ['a number', 5, 'a string, a Buffer or a KeyObject, got 5.'],
    [
      'empty text',
      '',
      `a secret of at least 32 bytes (HS256), got a secret of 0 bytes. ${OPENSSL}`,
    ],
    [
      'a short one',
      'x'.repeat(31),
      `a secret of at least 32 bytes (HS256), got a secret of 31 bytes. ${OPENSSL}`,
    ],
    ['PEM', pem(RSA), 'a secret, got PEM text. Public keys verify RS*, PS*, ES* and EdDSA.'],
    [
      'PEM in bytes',
      Buffer.from(pem(RSA)),
      'a secret, got PEM text. Public keys verify RS*, PS*, ES* and EdDSA.',
    ],
    [
      'PEM in a KeyObject',
      createSecretKey(Buffer.from(pem(RSA))),
      'a secret, got PEM text. Public keys verify RS*, PS*, ES* and EdDSA.',
    ],
    ...[RSA, P256].flatMap((key) => {
      const bytes = key.export({ type: 'spki', format: 'der' });
      return [bytes, bytes.toString('base64'), `${bytes.toString('base64')}\n`].map(
        (material): [string, string | Buffer, string] => [
          'a public key without the lines of PEM',
          material,
          'a secret, got a public key. Public keys verify RS*, PS*, ES* and EdDSA.',
        ],
      );
    }),
    [
      'a JWK',
      JSON.stringify({ kty: 'oct', k: 'x'.repeat(64) }),
      'a secret, got JWK text. Public keys verify RS*, PS*, ES* and EdDSA.',
    ],
    [
      'a JWK set',
      JSON.stringify({ keys: [{ k: 'x'.repeat(64) }] }),
      'a secret, got JWK text. Public keys verify RS*, PS*, ES* and EdDSA.',
    ],
    [
      'a public KeyObject',
      P256,
      'a secret of at least 32 bytes (HS256), got a public ec key on prime256v1.',
    ],
  ])('%s', (_what, key, expected) => {
    expect(message(key, 'HS256')).toBe(`nestjs-logout: "keys" must be ${expected}`);
    expect(message([key], 'HS256')).toBe(`nestjs-logout: "keys[0]" must be ${expected}`);
    expect(message([{ key }], 'HS256')).toBe(`nestjs-logout: "keys[0]" must be ${expected}`);
  });

  it.each([
    ['JSON without kty', JSON.stringify({ k: 'x'.repeat(64) })],
    ['JSON whose kty is no text', JSON.stringify({ kty: 1, k: 'x'.repeat(64) })],
    ['JSON whose keys are no list', JSON.stringify({ keys: 'x'.repeat(64) })],
    ['a JSON list', JSON.stringify(['x'.repeat(64)])],
  ])('but not %s, which is as good as any text', (_what, secret) => {
    expect(read(secret, 'HS256')).toEqual([['HS256', undefined, 'secret']]);
  });

  it.each([
    ['HS384', 47, 48],
    ['HS512', 63, 64],
  ] as const)('%s with %i bytes', (algorithm, bytes, least) => {
    const expected = `a secret of at least ${least} bytes (${algorithm}), got a secret of ${bytes} bytes`;
    expect(message('x'.repeat(bytes), algorithm)).toBe(
      `nestjs-logout: "keys" must be ${expected}. ${OPENSSL}`,
    );
  });
});

describe('public keys that stop the boot', () => {
  const weak = rsaPair(1024);
  const certificate = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

  it.each([
    ['a number', 5, 'a string, a Buffer or a KeyObject, got 5.'],
    [
      'a private key in PEM',
      privatePem(SIGNERS.RS256.signingKey),
      `${PUBLIC}, got a private key. Verifying needs only the public key.`,
    ],
    [
      'a private key behind a public one',
      pem(RSA) + privatePem(SIGNERS.RS256.signingKey),
      `${PUBLIC}, got a private key. Verifying needs only the public key.`,
    ],
    [
      'a private KeyObject',
      SIGNERS.RS256.signingKey,
      `${PUBLIC}, got a private key. Verifying needs only the public key.`,
    ],
    [
      'a certificate',
      certificate,
      `${PUBLIC}, got PEM of another kind. A certificate gives its key to \`openssl x509 -pubkey -noout\`.`,
    ],
    [
      'a certificate behind a key',
      pem(RSA) + certificate,
      `${PUBLIC}, got PEM of another kind. A certificate gives its key to \`openssl x509 -pubkey -noout\`.`,
    ],
    [
      'a JWK',
      JSON.stringify(RSA.export({ format: 'jwk' })),
      `${PUBLIC}, got JWK text. Pass createPublicKey({ key: jwk, format: 'jwk' }).`,
    ],
    ['a secret', SECRET, `${PUBLIC}, got text that is not PEM throughout. ${PEM_ADVICE}`],
    ['empty text', '', `${PUBLIC}, got text that is not PEM throughout. ${PEM_ADVICE}`],
    [
      'a key without its end',
      pem(RSA) + pem(P256).slice(0, -20),
      `${PUBLIC}, got text that is not PEM throughout. ${PEM_ADVICE}`,
    ],
    [
      'a block that holds no key',
      '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
      `${PUBLIC}, got a PEM block that holds no readable key. ${PEM_ADVICE}`,
    ],
    [
      'blanks for line breaks',
      pem(RSA).replaceAll('\n', ' '),
      `${PUBLIC}, got a PEM block that holds no readable key. ${PEM_ADVICE}`,
    ],
    [
      'PEM in base64',
      Buffer.from(pem(RSA)).toString('base64'),
      `${PUBLIC}, got text that is not PEM throughout. ${PEM_ADVICE}`,
    ],
    [
      'a JWK set in text',
      JSON.stringify({ keys: [RSA.export({ format: 'jwk' })] }),
      `${PUBLIC}, got JWK text. Pass createPublicKey({ key: jwk, format: 'jwk' }).`,
    ],
    ['nothing', undefined, 'a string, a Buffer or a KeyObject, got undefined.'],
    ['a secret KeyObject', SIGNERS.HS256.key, `${RSA_NEED} (RS256), got a secret of 64 bytes.`],
    ['a key on a curve', P256, `${RSA_NEED} (RS256), got a public ec key on prime256v1.`],
    ['an Ed25519 key', SIGNERS.EdDSA.key, `${RSA_NEED} (RS256), got a public ed25519 key.`],
    [
      'RSA that is bound to PSS',
      generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey,
      `${RSA_NEED} (RS256), got a public rsa-pss key of 2048 bits with exponent 65537.`,
    ],
    [
      'DSA',
      generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).publicKey,
      `${RSA_NEED} (RS256), got a public dsa key.`,
    ],
    [
      'RSA of 1024 bits',
      weak.publicKey,
      `${RSA_NEED} (RS256), got a public rsa key of 1024 bits with exponent 65537. ${NEW_PAIR}`,
    ],
    [
      'RSA with exponent 3',
      rsaPair(2048, 3).publicKey,
      `${RSA_NEED} (RS256), got a public rsa key of 2048 bits with exponent 3. ${NEW_PAIR}`,
    ],
  ])('%s', (_what, key, expected) => {
    expect(message(key, 'RS256')).toBe(`nestjs-logout: "keys" must be ${expected}`);
    expect(message([key], 'RS256')).toBe(`nestjs-logout: "keys[0]" must be ${expected}`);
  });

  it.each([
    ['ES256', 'P-256', 'secp384r1'],
    ['ES384', 'P-384', 'prime256v1'],
    ['ES512', 'P-521', 'secp256k1'],
  ] as const)('%s on a curve that is not %s', (algorithm, curve, other) => {
    expect(message(ecPair(other).publicKey, algorithm)).toBe(
      `nestjs-logout: "keys" must be an EC public key on ${curve} (${algorithm}), got a public ec key on ${other}.`,
    );
  });

  it('Ed448, for EdDSA is Ed25519 here', () => {
    expect(message(generateKeyPairSync('ed448').publicKey, 'EdDSA')).toBe(
      'nestjs-logout: "keys" must be an Ed25519 public key (EdDSA), got a public ed448 key.',
    );
  });

  it('a key that fits none of several algorithms', () => {
    expect(message(SIGNERS.ES512.key, 'ES256', 'EdDSA')).toBe(
      'nestjs-logout: "keys" must be an EC public key on P-256 (ES256) or an Ed25519 public key (EdDSA), got a public ec key on secp521r1.',
    );
  });

  it('one bad block among good ones is named', () => {
    expect(message(pem(RSA) + pem(P256), 'RS256')).toBe(
      `nestjs-logout: "keys, PEM block 2" must be ${RSA_NEED} (RS256), got a public ec key on prime256v1.`,
    );
  });
});

describe('descriptions of keys that stop the boot', () => {
  it.each([
    ['an empty kid', { key: RSA, kid: '' }, 'an empty string'],
    ['a kid of 256 characters', { key: RSA, kid: 'k'.repeat(256) }, 'a string'],
    ['a number for kid', { key: RSA, kid: 5 }, '5'],
    ['null for kid', { key: RSA, kid: null }, 'null'],
  ])('%s', (_what, key, got) => {
    expect(message([OTHER_RSA, key], 'RS256')).toBe(
      `nestjs-logout: "keys[1].kid" must be a string of 1–255 characters, got ${got}.`,
    );
  });

  it.each([
    ['one that is not configured', 'PS256', 'PS256'],
    ['one that does not exist', 'none', 'a string'],
    ['a list', ['RS256'], 'a list'],
  ])('for algorithm %s', (_what, algorithm, got) => {
    expect(message({ key: RSA, algorithm }, 'RS256', 'ES256')).toBe(
      `nestjs-logout: "keys.algorithm" must be one of algorithms (RS256, ES256), got ${got}.`,
    );
  });

  it('an algorithm that does not fit the key', () => {
    expect(message({ key: RSA, algorithm: 'ES256' }, 'RS256', 'ES256')).toBe(
      'nestjs-logout: "keys" must be an EC public key on P-256 (ES256), got a public rsa key of 2048 bits with exponent 65537.',
    );
  });

  it.each([
    ['a member we do not know', { key: RSA, alg: 'RS256' }],
    ['a JWK', RSA.export({ format: 'jwk' })],
    ['a JWK set', { keys: [RSA.export({ format: 'jwk' })] }],
  ])('%s', (_what, key) => {
    expect(message(key, 'RS256')).toBe(
      'nestjs-logout: "keys" must be { key, kid?, algorithm? }, got other members. ' +
        "A JWK becomes a key by createPublicKey({ key: jwk, format: 'jwk' }).",
    );
  });

  it('no key at all within', () => {
    expect(message({ kid: 'k' }, 'RS256')).toBe(
      'nestjs-logout: "keys" must be a string, a Buffer or a KeyObject, got undefined.',
    );
  });

  it('one kid for several keys', () => {
    expect(message({ key: pem(RSA) + pem(OTHER_RSA), kid: 'k' }, 'RS256')).toBe(
      'nestjs-logout: "keys" must be one key, because it has a kid, got 2 keys. Give each public key an entry of its own.',
    );
  });
});

describe('lists of keys that stop the boot', () => {
  it('an empty one', () => {
    expect(message([], 'RS256')).toBe(
      'nestjs-logout: "keys" must be at least one key, got an empty list.',
    );
  });

  it('a list within a list', () => {
    expect(message([[RSA]], 'RS256')).toBe(
      'nestjs-logout: "keys[0]" must be a string, a Buffer or a KeyObject, got a list.',
    );
  });

  it.each([
    ['RSA', RSA, ['RS256', 'PS256'] as const],
    ['a secret', SECRET.repeat(2), ['HS256', 'HS512'] as const],
  ])('%s that fits two algorithms', (_what, key, algorithms) => {
    const [first, second] = algorithms;
    expect(message([key], ...algorithms)).toBe(
      `nestjs-logout: "keys[0]" must be for one algorithm, got a key for ${first}, ${second}. ` +
        `Give it as { key, algorithm: '${first}' }, with another key for each other.`,
    );
  });

  it.each([
    ['RSA', RSA, pem(RSA), ['RS256', 'PS256'] as const],
    ['a secret', SECRET.repeat(2), Buffer.from(SECRET.repeat(2)), ['HS256', 'HS512'] as const],
  ])('%s that is given for two algorithms', (_what, one, again, algorithms) => {
    const [first, second] = algorithms;
    const keys = [
      { key: one, algorithm: first },
      { key: again, algorithm: second },
    ];
    expect(message(keys, ...algorithms)).toBe(
      `nestjs-logout: "keys[1]" must be a key of its own for ${second}, got the key of keys[0], which is for ${first}.`,
    );
  });

  it('one kid twice, for two algorithms as well', () => {
    const keys = [OTHER_RSA, { key: RSA, kid: 'k' }, { key: P256, kid: 'k' }];
    expect(message(keys, 'RS256', 'ES256')).toBe(
      'nestjs-logout: "keys[2].kid" must be unique, got the kid of keys[1].',
    );
  });

  it('an algorithm without a key', () => {
    expect(message(RSA, 'RS256', 'ES256')).toBe(
      'nestjs-logout: "keys" must be at least one key for ES256, got none. Add its key, or take ES256 out of algorithms.',
    );
  });

  it('five keys for one algorithm without a kid', () => {
    readKeys('keys', [RSA, RSA, RSA, RSA], ['RS256']);
    expect(() => readKeys('keys', [RSA, RSA, RSA, RSA, RSA], ['RS256'])).toThrow(
      new TypeError(
        'nestjs-logout: "keys[4]" must be one of at most 4 keys without a kid for RS256, got one ' +
          'more. Give each as { key, kid }: each is tried otherwise.',
      ),
    );
  });

  it.each([
    ['a secret', [SECRET, { key: P256, algorithm: 'ES256' }], 0],
    ['a public key', [{ key: SECRET, algorithm: 'HS256' }, P256], 1],
    [
      'PEM',
      [
        { key: SECRET, algorithm: 'HS256' },
        { key: pem(P256), kid: 'k' },
      ],
      1,
    ],
  ])('%s beside one of the other family, without its algorithm', (_what, keys, at) => {
    expect(message(keys, 'HS256', 'ES256')).toBe(
      `nestjs-logout: "keys[${at}]" must be { key, algorithm }, because algorithms has HS* and ` +
        'public-key ones, got a key that names no algorithm. A public key could be used as a ' +
        'secret otherwise (RFC 8725 §2.1).',
    );
  });

  it('a public key that is named as a secret', () => {
    const keys = [
      { key: pem(P256), algorithm: 'HS256' },
      { key: P256, algorithm: 'ES256' },
    ];
    expect(message(keys, 'HS256', 'ES256')).toBe(
      'nestjs-logout: "keys[0]" must be a secret, got PEM text. Public keys verify RS*, PS*, ES* and EdDSA.',
    );
  });
});

describe('what an error tells of a key', () => {
  it('is never the key', () => {
    const secret = 'hunter2';
    expect(message(secret, 'HS256')).not.toContain(secret);
    expect(message(secret, 'RS256')).not.toContain(secret);
  });
});
