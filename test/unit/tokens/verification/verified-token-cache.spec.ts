import { about } from '../../../../src/testing/contract/contract';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { KeySet } from '../../../../src/tokens/keys/key-set';
import { VerifiedTokenCache } from '../../../../src/tokens/verification/verified-token-cache';
import { CLAIMS, mint, SIGNERS } from '../signers';

const HS256 = SIGNERS.HS256;
const keysOf = () => new KeySet([]);
const MEGABYTE = 1024 * 1024;

describe('The memory of genuine tokens', () => {
  let memory: VerifiedTokenCache;
  let keys: KeySet;
  beforeEach(() => {
    keys = keysOf();
    memory = new VerifiedTokenCache(() => keys);
  });

  const revocationKey = 'ab'.repeat(32);
  const queried = about([revocationKey]);
  const names = { subject: 'ada', sessionId: 's1' };
  const known = { ...names, revocationKey, keys: queried, expiresAtMs: 2000 };
  const remember = (claims: object): string => {
    const text = mint(HS256, claims);
    memory.set(text, { claims: { ...CLAIMS, ...claims }, ...known });
    return text;
  };
  const claimsOf = (text: string) => memory.get(text)?.claims as Record<string, unknown>;

  it('gives back what was found out about a text', () => {
    const text = remember({ sub: 'grace' });
    expect(memory.get(text)).toEqual({
      claims: { ...CLAIMS, sub: 'grace' },
      ...known,
    });
  });

  it('knows no other text, not even one that differs in a single character', () => {
    const text = remember({ sub: 'grace' });
    const respelt = Array.from(
      text,
      (character, i) => text.slice(0, i) + (character === 'A' ? 'B' : 'A') + text.slice(i + 1),
    );
    const others = [...respelt, text.slice(1), text.slice(0, -1), `${text}A`, `A${text}`, ''];
    expect(others.filter((other) => memory.get(other) !== undefined)).toEqual([]);
    expect(memory.get(text)).toBeDefined();
  });

  it('gives nothing back that keys have signed which its issuer has no more', () => {
    const earlier = remember({ sub: 'ada' });
    keys = keysOf();
    const later = remember({ sub: 'grace' });
    expect([memory.get(earlier), claimsOf(later).sub]).toEqual([undefined, 'grace']);
  });

  it('goes by the keys of the issuer that the token names', () => {
    const byIssuer = new Map([
      ['https://a.example', keysOf()],
      ['https://b.example', keysOf()],
    ]);
    memory = new VerifiedTokenCache((issuer = '') => byIssuer.get(issuer) ?? keys);
    const [ofA, ofB] = [...byIssuer.keys()].map((iss) => remember({ iss }));
    byIssuer.set('https://a.example', keysOf());
    expect(memory.get(ofA ?? '')).toBeUndefined();
    expect(memory.get(ofB ?? '')).toBeDefined();
  });

  it('forgets what it is told to forget', () => {
    const [text, other] = [remember({ sub: 'ada' }), remember({ sub: 'grace' })];
    memory.delete(text);
    expect([memory.get(text), claimsOf(other).sub]).toEqual([undefined, 'grace']);
  });

  it('never takes more than 16 MB: what was used least recently goes first', () => {
    const first = remember({ sub: 'first' });
    const second = remember({ sub: 'second' });
    const size = memory.bytes / 2;
    const count = Math.ceil((17 * MEGABYTE) / size);
    const sizes = Array.from({ length: count }, (_, i) => {
      memory.get(first);
      remember({ sub: `user-${i}` });
      return memory.bytes;
    });
    expect(Math.max(...sizes)).toBeLessThanOrEqual(16 * MEGABYTE);
    expect(Math.max(...sizes)).toBeGreaterThan(15 * MEGABYTE);
    expect([claimsOf(first).sub, memory.get(second)]).toEqual(['first', undefined]);
  });

  /** How much more is taken once these claims are remembered, with a text of `length`. */
  const bytesOf = (claims: object, length = 500): number => {
    const before = memory.bytes;
    const text = `${memory.bytes}`.padStart(length, '.');
    memory.set(text, { claims: { ...CLAIMS, ...claims }, ...known });
    return memory.bytes - before;
  };

  it('counts the text, and what the claims hold', () => {
    const empty = bytesOf({});
    expect(empty).toBeGreaterThan(500);
    expect(bytesOf({}, 800)).toBe(empty + 300);
    expect(bytesOf({ pad: 'ж'.repeat(1000) })).toBeGreaterThan(empty + 2000);
    expect(bytesOf({ list: Array.from({ length: 100 }, () => 1.5) })).toBeGreaterThan(empty + 1600);
    expect(bytesOf({ list: Array.from({ length: 100 }, () => []) })).toBeGreaterThan(empty + 4000);
  });

  it('counts the keys of clients, which are made later', () => {
    expect(bytesOf({ cid: 'web' })).toBeGreaterThan(bytesOf({ pad: 'web' }) + 100);
  });

  it('counts names inside claims, which may be different in each token', () => {
    const named = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`project-${i}`, true]));
    expect(bytesOf({ named })).toBeGreaterThan(bytesOf({ named: Object.values(named) }) + 10_000);
  });

  it('keeps no header alive that a token was cut from', () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const blanks = ' '.repeat(MEGABYTE / 4);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    const tokens = Array.from({ length: 100 }, (_, i) => mint(HS256, { ...CLAIMS, sub: `u${i}` }));
    for (const token of tokens) {
      const header = Buffer.from(`Bearer ${blanks}${token}`).toString('latin1');
      const text = header.slice('Bearer '.length + blanks.length);
      memory.set(text, { claims: CLAIMS, ...known });
    }
    collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(10 * MEGABYTE);
    expect(tokens.filter((token) => memory.get(token) === undefined)).toEqual([]);
  });

  it('gives every caller claims of its own, however deep they are written to', () => {
    const text = remember({ aud: ['api'], realm: { roles: [{ name: 'reader' }] } });
    const known = claimsOf(text) as { aud: string[]; realm: { roles: { name: string }[] } };
    known.aud.push('admin-api');
    known.realm.roles[0]!.name = 'admin';
    known.realm.roles.push({ name: 'root' });
    Object.assign(known, { sub: 'eve' });
    expect(claimsOf(text)).toEqual({
      ...CLAIMS,
      aud: ['api'],
      realm: { roles: [{ name: 'reader' }] },
    });
  });

  it('shares no claims with the caller that set them', () => {
    const claims = { ...CLAIMS, aud: ['api'] };
    const text = mint(HS256, claims);
    memory.set(text, { claims, ...known });
    claims.aud.push('admin-api');
    claims.sub = 'eve';
    expect(claimsOf(text)).toEqual({ ...CLAIMS, aud: ['api'] });
  });

  it('keeps __proto__ as a name like any other, wherever it stands', () => {
    const json = '{"sub":"ada","__proto__":{"a":[1]},"b":{"__proto__":{"c":1}}}';
    const text = remember(JSON.parse(json) as object);
    const claims = claimsOf(text);
    expect(Object.keys(claims)).toContain('__proto__');
    expect(JSON.stringify(claims)).toContain('"__proto__":{"a":[1]},"b":{"__proto__":{"c":1}}');
    expect([claims.a, Reflect.get(claims.b as object, 'c'), Reflect.get({}, 'a')]).toEqual(
      Array(3).fill(undefined),
    );
  });

  it('gives back any claims exactly as JSON had them', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ depthSize: 'small' })), (rest) => {
        const claims = JSON.parse(JSON.stringify({ ...rest, ...CLAIMS })) as typeof CLAIMS;
        const text = mint(HS256, claims);
        memory.set(text, { claims, ...known });
        expect(JSON.stringify(claimsOf(text))).toBe(JSON.stringify(claims));
      }),
    );
  });

  it('remembers claims that nest as deeply as issuers nest them, and no claims that go on', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
    expect(memory.get(remember({ deep: nested(16) }))).toBeDefined();
    expect(memory.get(remember({ deep: nested(17) }))).toBeUndefined();
    const bottomless = `{"deep":${'['.repeat(2000)}${']'.repeat(2000)}}`;
    expect(memory.get(remember(JSON.parse(bottomless) as object))).toBeUndefined();
  });
});
