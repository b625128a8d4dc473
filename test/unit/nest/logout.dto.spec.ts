import { namedTokens } from '../../../src/nest/logout.dto';

describe('The token that a body names', () => {
  it.each([
    ['a text', { token: 'a.b.c' }, 'a.b.c'],
    ['an empty text', { token: '' }, ''],
    ['a text among other things', { token: 'a.b.c', userId: 7, exp: 1 }, 'a.b.c'],
    ['none, without a body', undefined, undefined],
    ['none, in an empty one', {}, undefined],
    ['none, where it is undefined', { token: undefined }, undefined],
    ['no text, where it is a number', { token: 42 }, null],
    ['no text, where it is null', { token: null }, null],
    ['no text, where it is a list', { token: ['a.b.c'] }, null],
    ['no text, where it is an object', { token: { toString: 'x' } }, null],
    ['no text, where the body is null', null, null],
    ['no text, where the body is a list', ['a.b.c'], null],
    ['no text, where the body is a text', 'a.b.c', null],
    ['no text, where the body is a number', 42, null],
  ])('is %s', (_, body, named) => {
    expect(namedTokens(body).token).toBe(named);
  });
});

describe('The refresh token that a body names', () => {
  it.each([
    ['a text', { token: 'a.b.c', refreshToken: 'd.e.f' }, 'd.e.f'],
    ['none, without a body', undefined, undefined],
    ['none, beside a token', { token: 'a.b.c' }, undefined],
    ['no text, where it is a number', { refreshToken: 42 }, null],
    ['no text, where it is null', { refreshToken: null }, null],
    ['no text, where it is a list', { refreshToken: ['d.e.f'] }, null],
  ])('is %s', (_, body, named) => {
    expect(namedTokens(body).refreshToken).toBe(named);
  });
});
