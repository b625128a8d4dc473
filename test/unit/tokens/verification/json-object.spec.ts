import { parseJsonObject } from '../../../../src/tokens/verification/json-object';
import { encode } from '../signers';

describe('the JSON object in a part of a token', () => {
  it.each([
    ['empty', '{}', {}],
    ['with white space', ' {"a" : 1}\n', { a: 1 }],
    ['beyond ASCII', '{"ñ":"💐"}', { ñ: '💐' }],
    ['with one name twice', '{"a":1,"a":2}', { a: 2 }],
  ])('is read: %s', (_what, json, value) => {
    expect(parseJsonObject(encode(json))).toEqual(value);
  });

  it('keeps __proto__ as a name like any other', () => {
    const value = parseJsonObject(encode('{"__proto__":{"a":1}}')) ?? {};
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(value.a).toBeUndefined();
  });

  it.each([
    ['an empty list', '[]'],
    ['a list', '[{}]'],
    ['null', 'null'],
    ['text', '"{}"'],
    ['a number', '1'],
    ['nothing', ''],
    ['two objects', '{}{}'],
    ['a comment', '{}//'],
  ])('is not %s', (_what, json) => {
    expect(parseJsonObject(encode(json))).toBeUndefined();
  });
});
