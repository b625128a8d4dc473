import type { JwtSignOptions } from '@nestjs/jwt';
import { revocable } from '../../../src/nest/jwt/revocable';

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;
const payloadFor = (payload: object, options?: JwtSignOptions): object =>
  revocable({ payload, options }, undefined).payload;

describe('What is signed so that it can be logged out', () => {
  it('has another random jti each time', () => {
    const [first, second] = [1, 2].map(() => revocable({ payload: { sub: 'ada' } }, undefined));
    expect(first!.options?.jwtid).toMatch(UUID);
    expect(second!.options?.jwtid).toMatch(UUID);
    expect(first!.options?.jwtid).not.toBe(second!.options?.jwtid);
  });

  it.each([
    ['the claims', { jti: 'own' }, undefined, undefined],
    ['the options', {}, { jwtid: 'own' }, undefined],
    ['the options of the module', {}, undefined, { jwtid: 'own' }],
  ])('keeps the jti of %s', (_, payload, options, ofModule) => {
    expect(revocable({ payload, options }, ofModule)).toEqual({ payload, options });
  });

  it('keeps every other option', () => {
    const options = { expiresIn: '1h', subject: '7' } as const;
    expect(revocable({ payload: {}, options }, undefined).options).toEqual({
      ...options,
      jwtid: expect.stringMatching(UUID) as string,
    });
  });

  it.each([
    [7, '7'],
    [0, '0'],
    [-1, '-1'],
    ['7', '7'],
    [1.5, 1.5],
    [2 ** 60, 2 ** 60],
    [Number.NaN, Number.NaN],
    [null, null],
    [undefined, undefined],
  ])('has the subject %p as %p', (sub, signed) => {
    expect(payloadFor({ sub })).toEqual({ sub: signed });
  });

  it("leaves the host's object as it is, unless mutatePayload says otherwise", () => {
    const payload = { sub: 7 };
    payloadFor(payload);
    expect(payload).toEqual({ sub: 7 });
    expect(payloadFor(payload, { mutatePayload: true })).toBe(payload);
    expect(payload).toEqual({ sub: '7' });
  });

  it('makes no plain object of what is none: jsonwebtoken refuses it', () => {
    class User {
      sub = 7;
    }
    expect(payloadFor(new User())).toBeInstanceOf(User);
  });

  it.each([
    ['bytes', Buffer.from('{"sub":7}')],
    ['null', null],
  ])('leaves %s alone', (_, payload) => {
    const options = { secret: 'any' };
    expect(revocable({ payload: payload as object, options }, undefined)).toEqual({
      payload,
      options,
    });
  });
});
