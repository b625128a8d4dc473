import { randomBytes, randomInt } from 'node:crypto';
import { KeyIndex, type Keyed } from '../../../src/live/key-index';
import type { RevocationKey } from '../../../src/tokens/identity';

const key = (): RevocationKey => randomBytes(32).toString('hex');
const entry = (...absolute: RevocationKey[]): Keyed => ({ keys: { absolute, cutoffs: [] } });

describe('KeyIndex', () => {
  it('finds all that have a key, by it and by its first bytes, until they are removed', () => {
    const index = new KeyIndex();
    const keys = Array.from({ length: 20 }, key);
    const [other = key()] = keys;
    const random = () => keys[randomInt(keys.length)] ?? other;
    const cutoffs = [{ key: other, at: 0 }];
    const there = new Set<Keyed>([{ keys: { absolute: [], cutoffs } }]);
    for (let entries = 0; entries < 50; entries++) there.add(entry(random(), random(), key()));
    for (const each of there) index.add(each);
    const has = ({ keys: { absolute, cutoffs: some } }: Keyed, one: RevocationKey) =>
      absolute.includes(one) || some.some((cutoff) => cutoff.key === one);
    for (const gone of [...there, undefined]) {
      for (const one of keys) {
        const expected = [...there].filter((each) => has(each, one));
        const found = index.withKey(one);
        expect(found).toHaveLength(expected.length);
        expect(new Set(found)).toEqual(new Set(expected));
        expect(index.withPrefix(Buffer.from(`00${one}`, 'hex'), 1)).toEqual(found);
      }
      if (gone === undefined) continue;
      there.delete(gone);
      index.remove(gone);
    }
    expect(index.isEmpty).toBe(true);
  });

  it('finds once what names a key twice, or was added twice', () => {
    const index = new KeyIndex();
    const one = key();
    const twice = entry(one, one);
    for (let times = 0; times < 2; times++) index.add(twice);
    expect(index.withKey(one)).toEqual([twice]);
    index.remove(twice);
    expect(index.isEmpty).toBe(true);
  });

  it('keeps what has the key of another that was never added, when that is removed', () => {
    const index = new KeyIndex();
    const one = key();
    const added = entry(one);
    index.add(added);
    index.remove(entry(one));
    expect(index.withKey(one)).toEqual([added]);
  });
});
