import type { Algorithm } from '../../../src/tokens/keys/algorithms';
import { encode, type Signer } from './signers';

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

export function ecdsaTwin(text: string, { algorithm }: Signer): string {
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

export type Respelling = (text: string, signer: Signer) => string;

/** Other texts for one token; those that need the key are what its own issuer may do. */
export const RESPELLINGS: Readonly<Record<string, Respelling>> = {
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
export const REWRITINGS: Readonly<Record<string, Respelling>> = {
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
