import { createVerifier, type Algorithm as FastJwtAlgorithm } from 'fast-jwt';
import { jwtVerify } from 'jose';
import fc from 'fast-check';
import jwt from 'jsonwebtoken';
import {
  mayHoldToken,
  presentedTokens,
} from '../../../../src/tokens/verification/presented-tokens';
import { RESPELLINGS, type Respelling } from '../respelled';
import {
  ALL_SIGNERS,
  CLAIMS,
  encode,
  mint,
  NOW,
  payloadReader,
  type Signer,
  SIGNERS,
  strangerTo,
  verifierOf,
} from '../signers';

const signer = SIGNERS.HS256;
const verifier = verifierOf(signer);
const token = mint(signer, { ...CLAIMS, jti: 'j1' });
const other = mint(signer, { ...CLAIMS, jti: 'j2' });

const keyOf = (text: string): string => {
  const verification = verifier.verify(text);
  if (verification.verdict !== 'live') throw new Error(verification.verdict);
  return verification.token.revocationKey;
};
const keysIn = (text: string) =>
  presentedTokens(text, payloadReader())?.map(({ revocationKey }) => revocationKey);

describe('A token is found', () => {
  it.each([
    ['alone', (text: string) => text],
    ['behind a scheme', (text: string) => `Bearer ${text}`],
    ['behind another scheme', (text: string) => `JWT   ${text}`],
    ['in quotes', (text: string) => `"${text}"`],
    ['in a signed cookie', (text: string) => `s:${text}.bDZ6eE9XQTd3`],
    ['in a cookie that holds JSON', (text: string) => `j:{"user":"ada","token":"${text}"}`],
    ['with its dots written as escapes', (text: string) => text.replaceAll('.', '%2E')],
    ['written as escapes as a whole', escapedWhole],
    ['beside a broken escape', (text: string) => `%zz${text.replaceAll('.', '%2e')}`],
    ['beside an escape that is no UTF-8', (text: string) => `%ff "${text.replaceAll('.', '%2e')}`],
    ['behind a prefix of its own alphabet', (text: string) => `token-${text}`],
    ['in JSON with escapes', (text: string) => `j:{"t":"${text.replaceAll('.', '\\u002e')}"}`],
    ['in JSON in base64', (text: string) => `session=${base64({ views: 1, jwt: text })}`],
    ['in JSON in base64 behind a prefix', (text: string) => `base64-${base64({ jwt: text })}`],
    ['glued to letters before it', (text: string) => `XXXXXXX${text}`],
    ['without its signature', (text: string) => text.slice(0, text.lastIndexOf('.'))],
    ['in JSON in base64, signed', (text: string) => `s:${base64({ views: 1, jwt: text })}.bDZ6eE`],
    ['around its scheme', (text: string) => into(text, 'Bearer ')],
    ['around its scheme in other letters', (text: string) => into(text, 'bEARER  ')],
    ['around its scheme without a blank', (text: string) => into(text, 'Bearer')],
    ['around another scheme', (text: string) => into(text, 'JWT ')],
    ['around blanks and quotes', (text: string) => `Bearer "${into(text, ' " ')}"`],
  ])('%s', (_where, write) => {
    expect(keysIn(write(token))).toEqual([keyOf(token)]);
  });

  it('glued to letters where its header begins with white space', () => {
    const input = `${encode('{\n "alg": "HS256" }')}.${encode({ ...CLAIMS, jti: 'j1' })}`;
    expect(keysIn(`XXXXXXX${input}.${signer.sign(input).toString('base64url')}`)).toEqual([
      keyOf(token),
    ]);
  });

  it('beside another', () => {
    expect(keysIn(`Bearer ${token}, Bearer ${other}`)).toEqual([keyOf(token), keyOf(other)]);
  });

  it('by its signed part where it has no jti', () => {
    const plain = mint(signer, CLAIMS);
    expect(keysIn(`token-${plain}`)).toEqual([keyOf(plain)]);
  });
});

/** Behind the first dot of the token. */
function into(text: string, inserted: string): string {
  return text.replace('.', `.${inserted}`);
}

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64');

function escapedWhole(text: string): string {
  return text.replace(/./g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}

it('The shortest token that can be accepted may be in a text, and a shorter one is not', () => {
  const shortest = `${encode('{"alg":"HS256"}')}.${encode('{"exp":2e9}')}`;
  expect(keysIn(shortest)).toHaveLength(1);
  expect(mayHoldToken(shortest)).toBe(true);
  expect(mayHoldToken('_ga=GA1.1.1719234567.1764000000')).toBe(false);
});

describe('No token is found', () => {
  it.each([
    ['in Basic credentials', 'Basic YWRhOmxvdmVsYWNl'],
    ['in the cookies of a counter', '_ga=GA1.1.1719234567.1700000000'],
    ['in a domain name', 'tracker.example.com'],
    ['where a claim is missing that is required', mint(signer, { sub: 'ada', jti: 'j1' })],
    ['where the payload is no object', `${encode({ alg: 'HS256' })}.${encode([1, 2, 3, 4, 5])}.x`],
    ['where the header is no object', `abcdefghijklmnop.${encode(CLAIMS)}.x`],
    ['in nothing', ''],
  ])('%s', (_where, text) => {
    expect(keysIn(text)).toEqual([]);
  });
});

describe('A text is given up', () => {
  it('with more than 8 tokens', () => {
    const tokens = (count: number) =>
      Array.from({ length: count }, (_, at) => mint(signer, { ...CLAIMS, jti: `j${at}` })).join(
        ' ',
      );
    expect(keysIn(tokens(8))).toHaveLength(8);
    expect(keysIn(tokens(9))).toBeUndefined();
  });

  it('above 17 KiB', () => {
    expect(keysIn(token.padEnd(17 * 1024))).toEqual([keyOf(token)]);
    expect(keysIn(token.padEnd(17 * 1024 + 1))).toBeUndefined();
  });

  it('but not with the longest token there is, and a scheme', () => {
    const pad = (length: number) => mint(signer, { ...CLAIMS, pad: 'x'.repeat(length) });
    const longest = pad(Math.floor(((16_384 - pad(0).length) * 3) / 4));
    expect(longest.length).toBeGreaterThan(16_380);
    const { verdict } = verifierOf(signer, { maxTokenBytes: 16_384 }).verify(longest);
    expect(verdict).toBe('live');
    expect(keysIn(`Bearer ${longest}`)).toHaveLength(1);
  });

  it('with more parts that look like a token than are worth decoding', () => {
    expect(keysIn('eyJmYWxzZXRva2Vu.'.repeat(60))).toEqual([]);
    expect(keysIn('eyJmYWxzZXRva2Vu.'.repeat(80))).toBeUndefined();
  });
});

describe('A genuine token', () => {
  const isGenuine = (text: string): boolean | undefined => {
    const [found] = verifier.presentedIn(text) ?? [];
    return found && verifier.genuineness(found) === 'genuine';
  };
  /** A token in whose signature `before` makes an escape of the characters that `pattern` matches. */
  const escaped = (pattern: RegExp, before: string): string => {
    for (let at = 0; ; at += 1) {
      const text = mint(signer, { ...CLAIMS, jti: `escaped ${at}` });
      const [head = '', signature = ''] = text.split(/\.(?=[^.]*$)/);
      if (pattern.test(signature)) return `${head}.${signature.replace(pattern, `${before}$&`)}`;
    }
  };

  it.each([
    ['as it was signed', token],
    ['where its signature reads as an escape of URLs', escaped(/[4-6][\da-f]/, '%')],
    ['where its signature reads as an escape of JSON', escaped(/u00[\da-f]{2}/, '\\')],
    ['around its scheme', into(token, 'Bearer ')],
  ])('is recognized %s', (_, text) => {
    expect(isGenuine(text)).toBe(true);
  });

  it('is told from a forged one', () => {
    expect(isGenuine(`${token.slice(0, -43)}${other.slice(-43)}`)).toBe(false);
    expect(isGenuine(token.slice(0, -44))).toBe(false);
  });
});

describe('However hosts read a header, and whatever is inserted into it', () => {
  const READINGS: readonly ((text: string) => string | undefined)[] = [
    (text) => text,
    (text) => text.slice(7),
    (text) => text.split(' ')[1],
    (text) => text.split(' ').at(-1),
    (text) => text.replace('Bearer ', ''),
    (text) => text.replace('Bearer', '').trim(),
    (text) => text.replace(/bearer /gi, ''),
    (text) => text.replace(/^Bearer\s+/i, '').replaceAll('"', ''),
    (text) => text.replace(/^Bearer\s+/i, '').replace(/\s/g, ''),
    (text) => /[\w-]+\.[\w-]+\.[\w-]+/.exec(text)?.[0],
    (text) => decoded(text).replace('Bearer ', ''),
    (text) => decoded(text.slice(7)),
  ];
  const INSERTED = ['Bearer ', 'bearer ', 'Bearer', 'JWT ', ' ', '"', '%', '=', '.', ',', '\\'];

  it('a token that one of them makes a verifier accept is found, and known to be genuine', () => {
    const accepted = (text: string): boolean =>
      READINGS.some((read) => {
        try {
          jwt.verify(read(text) ?? '', signer.key, { clockTimestamp: NOW, algorithms: ['HS256'] });
          return true;
        } catch {
          return false;
        }
      });
    let count = 0;
    const insertion = fc.tuple(fc.nat(token.length + 7), fc.constantFrom(...INSERTED));
    fc.assert(
      fc.property(fc.boolean(), fc.array(insertion, { maxLength: 3 }), (hasScheme, insertions) => {
        let text = hasScheme ? `Bearer ${token}` : token;
        for (const [at, inserted] of insertions)
          text = text.slice(0, at) + inserted + text.slice(at);
        if (!accepted(text)) return;
        count += 1;
        const found = verifier.presentedIn(text);
        const same = found?.find(({ revocationKey }) => revocationKey === keyOf(token));
        expect(
          found === undefined || (same !== undefined && verifier.genuineness(same) === 'genuine'),
        ).toBe(true);
      }),
      { numRuns: 4000 },
    );
    expect(count).toBeGreaterThan(500);
  });
});

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

describe('A text that comes again', () => {
  it.each([
    ['with a token', `Bearer ${token}`],
    ['without one, such as a consent', `consent=${'a.b.c'.repeat(20)}`],
    ['without anything, such as an empty header', ''],
  ])('is not searched each time: %s', (_, text) => {
    const again = verifierOf(signer);
    const [, , third, fourth] = Array.from({ length: 4 }, () => again.presentedIn(text));
    expect(third).toBe(fourth);
  });

  it('is read the same each time, and never taken for one with the same end', () => {
    const again = verifierOf(signer);
    const behind = `${token.slice(0, token.lastIndexOf('.'))}.${other.split('.')[2] ?? ''}`;
    for (const text of [token, token, token, other, behind, behind, other, token])
      expect(again.presentedIn(text)).toEqual(presentedTokens(text, payloadReader()));
  });
});

/** Whether one of the libraries that hosts verify with accepts the text. */
async function isAcceptedByAny(text: string, { algorithm, key }: Signer): Promise<boolean> {
  const attempts = [
    () => jwt.verify(text, key, { clockTimestamp: NOW, algorithms: [algorithm as jwt.Algorithm] }),
    () => jwtVerify(text, key, { currentDate: new Date(NOW * 1000), algorithms: [algorithm] }),
    () => fastJwt({ algorithm, key })(text) as unknown,
  ];
  const outcomes = await Promise.allSettled(
    attempts.map((attempt) => Promise.resolve().then<unknown>(attempt)),
  );
  return outcomes.some(({ status }) => status === 'fulfilled');
}

function fastJwt({ algorithm, key }: Pick<Signer, 'algorithm' | 'key'>) {
  return createVerifier({
    key: key.type === 'secret' ? key.export() : key.export({ type: 'spki', format: 'pem' }),
    algorithms: [algorithm as FastJwtAlgorithm],
    clockTimestamp: NOW * 1000,
  });
}

/** As hosts cut a token out of a header or a cookie. */
const EXTRACTIONS: Readonly<Record<string, (text: string) => string>> = {
  'as it stands': (text) => text,
  'behind Bearer': (text) => `Bearer ${text}`,
  'escaped in a cookie': (text) => encodeURIComponent(text),
};

/** Beside the respellings of every token, those of a signature alone. */
const SPELLINGS: Readonly<Record<string, Respelling>> = {
  'as it was signed': (text) => text,
  ...RESPELLINGS,
  'blanks throughout the signature': (text) =>
    respellSignature(text, (part) => part.split('').join(' ')),
  'a no-break space in the signature': (text) =>
    respellSignature(text, (part) => `${part.slice(0, 5)}\u00a0${part.slice(5)}`),
  'a signature without its leading zero bytes': (text) =>
    respellSignature(text, (part) =>
      Buffer.from(part, 'base64url')
        .toString('hex')
        .replace(/^(?:00)+/, '')
        .replace(/.+/, (hex) => Buffer.from(hex, 'hex').toString('base64url')),
    ),
};

function respellSignature(text: string, respell: (part: string) => string): string {
  const [header = '', payload = '', signature = ''] = text.split('.');
  return `${header}.${payload}.${respell(signature)}`;
}

describe.each(ALL_SIGNERS)('$algorithm: whatever spelling a library accepts', (each) => {
  const ours = verifierOf(each);
  const text = mint(each, { ...CLAIMS, jti: 'j1' });
  const key = presentedTokens(text, payloadReader())?.[0]?.revocationKey;

  it.each(Object.entries(SPELLINGS))('%s: it is found, and genuine', async (_what, respell) => {
    const respelled = respell(text, each);
    if (!(await isAcceptedByAny(respelled, each))) return;
    for (const extract of Object.values(EXTRACTIONS)) {
      const found = ours.presentedIn(extract(respelled)) ?? [];
      expect(found.map(({ revocationKey }) => revocationKey)).toContain(key);
      expect(found.some((presented) => ours.genuineness(presented) === 'genuine')).toBe(true);
    }
  });

  it('a library accepts blanks throughout the signature, so that this says something', async () => {
    const respelled = respellSignature(text, (part) => part.split('').join(' '));
    expect(await isAcceptedByAny(respelled, each)).toBe(true);
  });

  it('the signature of another key is not genuine', () => {
    const forged = mint(
      strangerTo(each.algorithm),
      { ...CLAIMS, jti: 'j1' },
      { alg: each.algorithm },
    );
    const [presented] = ours.presentedIn(forged) ?? [];
    expect(presented?.revocationKey).toBe(key);
    expect(presented && ours.genuineness(presented)).toBe('forged');
  });
});
