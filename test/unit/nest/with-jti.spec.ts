import type { JwtSignOptions } from '@nestjs/jwt';
import { withJti } from '../../../src/nest/jwt/with-jti';

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

describe('What is signed so that it can be logged out', () => {
  it('has another random jti each time', () => {
    const [first, second] = [1, 2].map(() => withJti({ sub: 'ada' }, undefined, undefined)?.jwtid);
    expect(first).toMatch(UUID);
    expect(second).toMatch(UUID);
    expect(first).not.toBe(second);
  });

  it.each<[string, object, JwtSignOptions | undefined, JwtSignOptions | undefined]>([
    ['the claims', { jti: 'own' }, undefined, undefined],
    ['the options', {}, { jwtid: 'own' }, undefined],
    ['the options of the module', {}, undefined, { jwtid: 'own' }],
  ])('keeps the jti of %s', (_, payload, options, ofModule) => {
    expect(withJti(payload, options, ofModule)).toBe(options);
  });

  it('keeps every other option', () => {
    const options = { expiresIn: '1h', subject: '7' } as const;
    const jwtid = expect.stringMatching(UUID) as string;
    expect(withJti({}, options, undefined)).toEqual({ ...options, jwtid });
  });

  it.each([
    ['bytes', Buffer.from('{"sub":7}')],
    ['null', null],
  ])('is left alone where it is %s', (_, payload) => {
    const options = { secret: 'any' };
    expect(withJti(payload as object, options, undefined)).toBe(options);
  });
});
