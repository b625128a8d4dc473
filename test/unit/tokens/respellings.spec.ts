import fc from 'fast-check';
import jwt from 'jsonwebtoken';
import type { Algorithm } from '../../../src/tokens/algorithms';
import type { TokenVerifier } from '../../../src/tokens/token-verifier';
import {
  ALL_SIGNERS,
  CLAIMS,
  encode,
  mint,
  NOW,
  type Signer,
  SIGNERS,
  verifierOf,
} from './signers';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The order of each curve's group: (r, n − s) verifies wherever (r, s) does. */
const CURVE_ORDERS: Partial<Record<Algorithm, bigint>> = {
  ES256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  ES384: BigInt(
    '0xffffffffffffffffffffffffffffffffffffffffffffffff' +
      'c7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  ),
  ES512: BigInt(
    '0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa' +
      '51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409',
  ),
};

function split(text: string): readonly [string, string, string] {
  const [header = '', payload = '', signature = ''] = text.split('.');
  return [header, payload, signature];
}

function ecdsaTwin(text: string, { algorithm }: Signer): string {
  const order = CURVE_ORDERS[algorithm];
  if (order === undefined) return text;
  const [header, payload, encoded] = split(text);
  const signature = Buffer.from(encoded, 'base64url');
  const half = signature.length / 2;
  const s = order - BigInt(`0x${signature.subarray(half).toString('hex')}`);
  const twin = signature.toString('hex', 0, half) + s.toString(16).padStart(2 * half, '0');
  return `${header}.${payload}.${Buffer.from(twin, 'hex').toString('base64url')}`;
}

/** The next character of the alphabet at the end of a part: where bits are unused, only they flip. */
const turnLast = (part: string) =>
  part.slice(0, -1) + ALPHABET.charAt((ALPHABET.indexOf(part.slice(-1)) + 1) % 64);

const turnLastOf = (index: 0 | 1 | 2) => (text: string) =>
  split(text)
    .map((part, i) => (i === index ? turnLast(part) : part))
    .join('.');

const spaced = (part: string) => {
  const json = Buffer.from(part, 'base64url').toString();
  return encode(json.replaceAll(',', ' , ').replace('{', '{\n'));
};

function resign(signer: Signer, header: string, payload: string): string {
  const signature = signer.sign(`${header}.${payload}`).toString('base64url');
  return `${header}.${payload}.${signature}`;
}

type Respelling = (text: string, signer: Signer) => string;

/** Other texts for one token; those that need the key are what its own issuer may do. */
const RESPELLINGS: Readonly<Record<string, Respelling>> = {
  'unused bits of the header': turnLastOf(0),
  'unused bits of the payload': turnLastOf(1),
  'unused bits of the signature': turnLastOf(2),
  'padding behind each part': (text) =>
    split(text)
      .map((part) => part + '='.repeat((4 - (part.length % 4)) % 4))
      .join('.'),
  'padding at the end': (text) => `${text}=`,
  'the other alphabet': (text) => text.replaceAll('-', '+').replaceAll('_', '/'),
  'a space in front': (text) => ` ${text}`,
  'a space behind': (text) => `${text} `,
  'a newline behind': (text) => `${text}\n`,
  'a newline within the signature': (text) => `${text.slice(0, -3)}\n${text.slice(-3)}`,
  'a space within the payload': (text) => text.replace('.', '. '),
  'a tab within the header': (text) => `${text.slice(0, 3)}\t${text.slice(3)}`,
  'a byte order mark in front': (text) => `\ufeff${text}`,
  'a character behind': (text) => `${text}A`,
  'four characters behind': (text) => `${text}AAAA`,
  'a dot behind': (text) => `${text}.`,
  'a fourth part': (text) => `${text}.AAAA`,
  'a signature behind a zero byte': (text) => {
    const [header, payload, signature] = split(text);
    const longer = Buffer.concat([Buffer.alloc(1), Buffer.from(signature, 'base64url')]);
    return `${header}.${payload}.${longer.toString('base64url')}`;
  },
  'the twin of an ECDSA signature': ecdsaTwin,
  'the signature made again': (text, signer) => {
    const [header, payload] = split(text);
    return resign(signer, header, payload);
  },
};

/** With a `jti` the issuer may also write the token another way: it is one token still. */
const REWRITINGS: Readonly<Record<string, Respelling>> = {
  'a header with white space': (text, signer) => {
    const [header, payload] = split(text);
    return resign(signer, spaced(header), payload);
  },
  'a header with a type': (text, signer) => {
    const [, payload] = split(text);
    return resign(signer, encode({ typ: 'JWT', alg: signer.algorithm }), payload);
  },
  'a payload with white space': (text, signer) => {
    const [header, payload] = split(text);
    return resign(signer, header, spaced(payload));
  },
};

/** Hex of the token's identity, `undefined` for a token that is not accepted. */
function identityOf(verifier: TokenVerifier, text: string): string | undefined {
  const verification = verifier.verify(text);
  return verification.verdict === 'accepted' ? verification.token.revocationKey : undefined;
}

const someClaims = fc.record({
  sub: fc.string({ minLength: 1, maxLength: 9, unit: 'grapheme-ascii' }),
  scope: fc.string({ maxLength: 30 }),
});

describe.each(ALL_SIGNERS)('$algorithm: whatever spelling of a token is accepted', (signer) => {
  const verifier = verifierOf(signer);
  const numRuns = /^[RP]S/.test(signer.algorithm) ? 6 : 20; // signing with RSA takes long

  it.each(Object.entries(RESPELLINGS))('%s: it is the same token', (_what, respell) => {
    fc.assert(
      fc.property(someClaims, fc.boolean(), (extra, hasJti) => {
        const jti = hasJti ? 'j1' : undefined;
        const text = mint(signer, { ...CLAIMS, ...extra, jti });
        const identity = identityOf(verifier, text);
        expect(identity).toMatch(/^[0-9a-f]{64}$/);
        expect([identity, undefined]).toContain(identityOf(verifier, respell(text, signer)));
      }),
      { numRuns },
    );
  });

  it.each(Object.entries(REWRITINGS))('%s: it is the same token by its jti', (_what, rewrite) => {
    const text = mint(signer, { ...CLAIMS, iss: 'a', jti: 'j1' });
    const rewritten = rewrite(text, signer);
    expect(rewritten).not.toBe(text);
    expect(identityOf(verifier, rewritten)).toBe(identityOf(verifier, text));
    expect(identityOf(verifier, text)).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('spellings that do verify', () => {
  it.each(['ES256', 'ES384', 'ES512'] as const)('%s: the twin is another text', (algorithm) => {
    const signer = SIGNERS[algorithm];
    const text = mint(signer, CLAIMS);
    const twin = ecdsaTwin(text, signer);
    expect(twin).not.toBe(text);
    expect(identityOf(verifierOf(signer), twin)).toBe(identityOf(verifierOf(signer), text));
    expect(identityOf(verifierOf(signer), twin)).toBeDefined();
  });

  it.each(['PS256', 'ES256'] as const)('%s: each signature is another one', (algorithm) => {
    const signer = SIGNERS[algorithm];
    const [text, again] = [mint(signer, CLAIMS), mint(signer, CLAIMS)];
    expect(again).not.toBe(text);
    expect(identityOf(verifierOf(signer), again)).toBe(identityOf(verifierOf(signer), text));
  });
});

describe('spellings that jsonwebtoken 9 takes for the same token, and we for none', () => {
  it.each([
    ['RS256', 'unused bits of the signature'],
    ['ES256', 'unused bits of the signature'],
    ['PS256', 'unused bits of the signature'],
  ] as const)('%s: %s', (algorithm, what) => {
    const signer = SIGNERS[algorithm];
    const respelled = RESPELLINGS[what]!(mint(signer, CLAIMS), signer);
    expect(jwt.verify(respelled, signer.key, { clockTimestamp: NOW })).toEqual(CLAIMS);
    expect(verifierOf(signer).verify(respelled)).toEqual({ verdict: 'refused', cause: 'form' });
  });
});
