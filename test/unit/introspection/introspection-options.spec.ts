import { INTROSPECTION_OPTIONS } from '../../../src/introspection/introspection-options';
import { hashOf } from '../../support/introspection';

const HASH = hashOf('a'.repeat(64));
const OTHER = hashOf('b'.repeat(64));
const caller = (changes: object = {}): object => ({
  id: 'api',
  secretHashes: HASH,
  audiences: 'https://api.example',
  ...changes,
});
const read = (value: unknown) =>
  INTROSPECTION_OPTIONS.introspectionCallers.read(value, 'introspectionCallers');
const messageOf = (value: unknown): string => {
  try {
    read(value);
  } catch (error) {
    if (error instanceof TypeError) return error.message;
  }
  return 'no TypeError';
};

describe('The option introspectionCallers', () => {
  it('is absent, or a list of callers, who see no refresh tokens unless it says so', () => {
    expect(read(undefined)).toBeUndefined();
    expect(read([caller()])).toMatchObject([{ id: 'api', refreshTokens: false }]);
    const two = caller({ secretHashes: [HASH.toUpperCase(), OTHER], audiences: null });
    expect(read([two])).toMatchObject([{ audiences: null }]);
  });

  it.each<[string, unknown, RegExp]>([
    ['no list', {}, /"introspectionCallers" must be a list of 1 to 100 callers, got an object/],
    ['an empty list', [], /got 0 of them. Leave it out for no route/],
    ['101 callers', Array(101).fill(caller()), /got 101 of them/],
    [
      'no id',
      [caller({ id: undefined })],
      /"introspectionCallers\[0\]\.id" must be .* got undefined/,
    ],
    ['an empty id', [caller({ id: '' })], /\.id" must be/],
    ['an id with a colon', [caller({ id: 'a:b' })], /without ":" and controls/],
    ['an id with a control', [caller({ id: 'a\n' })], /\.id" must be/],
    ['a long id', [caller({ id: 'a'.repeat(256) })], /\.id" must be/],
    [
      'one id twice',
      [caller(), caller({ secretHashes: OTHER })],
      /\[1\]\.id" must be the name of one/,
    ],
    [
      'a secret',
      [caller({ secretHashes: 'my secret' })],
      /SHA-256 of a secret .* `openssl rand -hex 32`/,
    ],
    ['no hash', [caller({ secretHashes: [] })], /got 0 of them/],
    ['three', [caller({ secretHashes: [HASH, OTHER, hashOf('c')] })], /got 3 of them/],
    ['one hash twice', [caller({ secretHashes: [HASH, HASH] })], /two different hashes/],
    ['the hash of another', [caller(), caller({ id: 'b' })], /one that another caller has/],
    ['the hash of no secret', [caller({ secretHashes: hashOf('') })], /that of an empty secret/],
    ['the hash of a line break', [caller({ secretHashes: hashOf('\n') })], /an empty secret/],
    ['no audiences', [caller({ audiences: undefined })], /audiences" must be .* or null/],
    ['an empty list of audiences', [caller({ audiences: [] })], /audiences" must be/],
    ['an empty audience', [caller({ audiences: ['a', ''] })], /audiences" must be/],
    ['a misspelt member', [caller({ refreshToken: true })], /refreshToken" must be left out/],
    ['a flag that is text', [caller({ refreshTokens: 'yes' })], /refreshTokens" must be true/],
  ])('stops the boot with a sentence: %s', (_, value, sentence) => {
    const message = messageOf(value);
    expect(message).toMatch(sentence);
    expect(message).not.toContain(HASH);
    expect(message).not.toContain('my secret');
  });
});
