import { mapMaybe, catchMaybe } from '../../../src/tokens/maybe-promise';

const failure = new Error('no answer');
const foreign = <T>(value: T): PromiseLike<T> => ({
  then: (fulfilled) => Promise.resolve(value).then(fulfilled),
});

describe('What goes on once a value is known', () => {
  it.each([[1], [''], [false], [null], [undefined], [{ then: 'a claim' }]])(
    'goes on at once with %p',
    (value) => {
      expect(mapMaybe(value, (known) => [known])).toEqual([value]);
    },
  );

  it('waits for a promise of any kind', async () => {
    const increment = (value: number | PromiseLike<number>) => mapMaybe(value, (n) => n + 1);
    expect(increment(Promise.resolve(1))).toBeInstanceOf(Promise);
    expect(increment(foreign(1))).toBeInstanceOf(Promise);
    expect([await increment(Promise.resolve(1)), await increment(foreign(1))]).toEqual([2, 2]);
  });
});

describe('What has a last word for failures', () => {
  const told = (error: unknown) => [error];
  const fail = (): never => {
    throw failure;
  };

  it('passes on what went well, at once or later', async () => {
    expect(catchMaybe(() => 1, told)).toBe(1);
    expect(await catchMaybe(() => Promise.resolve(1), told)).toBe(1);
  });

  it('hears of an error that is thrown at once, and of a promise that is broken', async () => {
    expect(catchMaybe(fail, told)).toEqual([failure]);
    expect(await catchMaybe(() => Promise.reject(failure), told)).toEqual([failure]);
  });

  it('may throw itself', async () => {
    expect(() => catchMaybe(fail, fail)).toThrow(failure);
    await expect(catchMaybe(() => Promise.reject(new Error()), fail)).rejects.toBe(failure);
  });
});
