import {
  flag,
  func,
  optional,
  reporter,
  resolve,
  whole,
  type Resolved,
  type Table,
} from '../../../src/options/option';
import { editsBetween, jsonList, readVariables } from '../../../src/options/variables';

interface Options {
  readonly size?: number;
  readonly delayMs?: number;
  readonly check: () => boolean;
}

const TABLE = {
  size: whole(1, 9, { default: 3, env: 'SIZE', says: 'How large.' }),
  delayMs: optional(whole(0, 5, { unit: 'milliseconds', says: 'How late.' })),
  check: func<() => boolean>({ says: 'Asked first.' }),
} satisfies Table<Options>;

const check = (): boolean => true;

describe('A table of options', () => {
  it('fills in defaults, also for undefined', () => {
    const resolved: Resolved<typeof TABLE> = resolve(TABLE, { check, size: undefined });
    expect(resolved).toEqual({ check, size: 3, delayMs: undefined });
  });

  it('gives what cannot be changed', () => {
    expect(Object.isFrozen(resolve(TABLE, { check }))).toBe(true);
  });

  it.each([
    [{ size: 0 }, '"size" must be a whole number from 1 to 9, got 0.'],
    [{ size: null }, '"size" must be a whole number from 1 to 9, got null.'],
    [{ delayMs: '1' }, '"delayMs" must be a whole number of milliseconds from 0 to 5, got "1".'],
    [{ check: undefined }, '"check" must be a function, got undefined.'],
    [
      { Size: 3 },
      '"Size" must be left out, got an option that does not exist. Check its spelling.',
    ],
    [{ toString: 3 }, '"toString" must be left out, got an option that does not exist.'],
  ])('refuses %j', (options, sentence) => {
    expect(() => resolve(TABLE, { check, ...options })).toThrow(`nestjs-logout: ${sentence}`);
  });

  it('refuses an option that is inherited, as from a polluted prototype', () => {
    const options = Object.assign(Object.create({ size: 9 }) as object, { check });
    expect(() => resolve(TABLE, options)).toThrow(
      'nestjs-logout: "size" must be a property of the options object itself, got inherited.',
    );
  });

  it('lets pass what another table reads', () => {
    const other = { wide: flag({ default: false, says: 'Whether wide.' }) };
    expect(resolve(TABLE, { check, wide: 'any' }, other)).not.toHaveProperty('wide');
  });

  it('does not compile without the entry of a member', () => {
    // @ts-expect-error: the option `late` has no entry
    const incomplete = {} satisfies Table<{ readonly late?: boolean }>;
    // @ts-expect-error: a whole number is no boolean
    const wrong = { late: TABLE.size } satisfies Table<{ readonly late?: boolean }>;
    expect([incomplete, wrong]).toHaveLength(2);
  });

  it('reads variables, and leaves absent what none sets', () => {
    expect(readVariables(TABLE, { SIZE: ' 7 ', check: 'x' })).toEqual({ size: 7 });
    expect(readVariables(TABLE, { SIZE: ' ' })).toEqual({});
    expect(() => readVariables(TABLE, { SIZE: '10' })).toThrow(
      new TypeError('SIZE must be a whole number from 1 to 9.'),
    );
  });
});

describe('A list in JSON', () => {
  it.each([
    '[]',
    '[{"a":{"a":{"a":1}},"b":{"a":2}},{"a":3}]',
    String.raw`[{"a":"\",\"a\":", "b":["a","a","{","}"], "":0, "__proto__":{}}]`,
    String.raw`[{"a\\":1,"a":"b\\\\"},{"c":[{"c":1},{"c":2}]}]`,
  ])('has its members: %s', (text) => {
    expect(jsonList(text)).toEqual(JSON.parse(text));
  });

  it.each([
    '[{"a":1,"a":1}]',
    '[{"a":{"b":1,"c":2,"b":3}}]',
    String.raw`[ { "a" : { } , "\u0061" : [ ] } ]`,
    '[{"b":[{},{"a":1}],"a":2,"b":3}]',
    '[{"__proto__":1,"__proto__":2}]',
    '{"a":1}',
    '[',
    '',
  ])('is none where an object has a member twice, or it is no list: %s', (text) => {
    expect(jsonList(text)).toBeUndefined();
  });
});

it('A reporter that throws ends nothing', () => {
  const fail = (): never => {
    throw new Error('the log is full');
  };
  const report = reporter<Error>({ says: 'Told of failures.' }).read(fail, 'onError');
  expect(() => {
    report(new Error('x'));
  }).not.toThrow();
});

it.each([
  ['', 'abc', 3],
  ['abc', 'abc', 0],
  ['kitten', 'sitting', 3],
  ['flaw', 'lawn', 2],
])('%j and %j are as many edits apart as Levenshtein counts', (a, b, edits) => {
  expect([editsBetween(a, b), editsBetween(b, a)]).toEqual([edits, edits]);
});
