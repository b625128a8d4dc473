import { createSecretKey, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { refreshIdOf, RefreshTokens } from '../../../src/sessions/refresh-tokens';

const keyOf = () => createSecretKey(randomBytes(32));
const [key, next] = [keyOf(), keyOf()];
const tokens = new RefreshTokens([key]);

describe('A refresh token', () => {
  const randomHalf = tokens.newRandomHalf();

  it('is known again, with its generation', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (generation) => {
        const text = tokens.mint({ randomHalf, generation });
        expect(text).toMatch(/^nlr1_[\w-]{91}$/);
        expect(tokens.read(text)).toEqual({ randomHalf, generation });
      }),
    );
  });

  it('of one session and generation is the same from every instance', () => {
    const elsewhere = new RefreshTokens([key]);
    const token = { randomHalf, generation: 7 };
    expect(elsewhere.mint(token)).toBe(tokens.mint(token));
  });

  it('is known under any listed key, and minted under the first', () => {
    const rolledOut = new RefreshTokens([next, key]);
    const token = { randomHalf, generation: 1 };
    expect(rolledOut.read(tokens.mint(token))).toEqual(token);
    expect(tokens.read(rolledOut.mint(token))).toBeUndefined();
  });

  it('has one spelling: no other character makes the same token', () => {
    const text = tokens.mint({ randomHalf, generation: 3 });
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const others = Array.from(text).flatMap((own, at) =>
      Array.from(alphabet).flatMap((each) =>
        each === own ? [] : [text.slice(0, at) + each + text.slice(at + 1)],
      ),
    );
    expect(others.filter((other) => tokens.read(other) !== undefined)).toEqual([]);
  });

  it('cannot be made older or newer without the key', () => {
    const bytes = Buffer.from(
      tokens.mint({ randomHalf, generation: 3 }).slice('nlr1_'.length),
      'base64url',
    );
    bytes.writeUInt32BE(4, 32);
    expect(tokens.read(`nlr1_${bytes.toString('base64url')}`)).toBeUndefined();
  });

  it.each([
    [undefined],
    [null],
    [7],
    [''],
    ['nlr1_'],
    ['nlr1_' + 'A'.repeat(91)],
    ['nlr1_' + 'A'.repeat(92)],
    ['nlr2_' + 'A'.repeat(91)],
    ['A'.repeat(100_000)],
  ])('is no other value: %p', (value) => {
    expect(tokens.read(value)).toBeUndefined();
  });

  it('stays out of the store, which keeps a hash of its random half', () => {
    expect(refreshIdOf(randomHalf)).toMatch(/^[0-9a-f]{64}$/);
    expect(refreshIdOf(randomHalf)).not.toContain(randomHalf.toString('hex'));
  });
});
