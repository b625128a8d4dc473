import { copyOfClaims } from '../../../../src/tokens/verification/claims-copy';
import type { Claims } from '../../../../src/tokens/verification/claims';

const claimsOf = (json: string): Claims => JSON.parse(json) as Claims;

describe('A copy of claims', () => {
  it('shares nothing with them that could be written to, not even below "__proto__"', () => {
    const json = '{"exp":1,"aud":["a"],"cnf":{"jkt":"x","__proto__":{"list":[{"deep":1}]}}}';
    const claims = claimsOf(json);
    const copy = copyOfClaims(claims) as unknown as {
      aud: string[];
      cnf: { jkt?: string; ['__proto__']: { list: { deep: number }[] } };
    };
    expect(JSON.stringify(copy)).toBe(json);
    copy.aud.push('b');
    delete copy.cnf.jkt;
    const { list } = copy.cnf['__proto__'];
    for (const each of list) each.deep = 2;
    list.push({ deep: 3 });
    expect(JSON.stringify(claims)).toBe(json);
  });

  it.each([
    ['lists', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('can be made of %s, however deeply they nest', (_what, open, close) => {
    const levels = 100_000;
    const claims = claimsOf(`{"exp":1,"deep":${open.repeat(levels)}1${close.repeat(levels)}}`);
    let inner: unknown = copyOfClaims(claims).deep;
    let depth = 0;
    for (; typeof inner === 'object' && inner !== null; depth += 1)
      [inner] = Object.values(inner as Record<string, unknown>);
    expect(depth).toBe(levels);
  });
});
