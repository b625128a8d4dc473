import fc from 'fast-check';
import { bearerCredentials } from '../../../src/web/bearer';
import { splitToken } from '../../../src/tokens/verification/token-form';

const of = (authorization: string | undefined, rawHeaders: string[] = []) =>
  bearerCredentials({ headers: { authorization }, rawHeaders });

describe('The credentials of a request', () => {
  it.each([undefined, '', 'Basic x', 'Bearerx', 'xBearer t', 'Negotiate', '"Bearer" t'])(
    'are none in %j',
    (header) => {
      expect(of(header)).toEqual({ kind: 'none' });
    },
  );

  it.each([
    'Bearer',
    'bearer ',
    'Bearer a b',
    'Bearer a,b',
    'Bearer =',
    'Bearer a=b',
    'Bearer é',
    'Bearer a\n',
    'Bearer Bearer a.b.c',
    'Bearer a.b.c=',
    'Bearer "a.b.c"',
    'Bearer a.b.c ',
  ])('are no token in %j: the verifier refuses the form of what is there', (header) => {
    const credentials = of(header);
    expect(credentials.kind).toBe('bearer');
    expect(splitToken('token' in credentials && credentials.token, 8192)).toBeUndefined();
  });

  it('never hold more than the one token of RFC 6750, where the verifier takes their form', () => {
    const text = fc.stringMatching(/^[ "=,.\w~+/-]*$/);
    fc.assert(
      fc.property(fc.oneof(text, fc.constantFrom('a.b.c', 'AAAA.AAAA.AAAA ')), (rest) => {
        const credentials = of(`Bearer ${rest}`);
        const token = 'token' in credentials ? credentials.token : '';
        const isOneToken = /^ *[\w.~+/-]+=*$/.test(rest);
        expect(isOneToken || splitToken(token, 8192) === undefined).toBe(true);
      }),
    );
  });

  it.each([
    ['Bearer a.b.c', 'a.b.c'],
    ['BEARER a', 'a'],
    ['bearer   a', 'a'],
    ['Bearer A-Z_0~9.+/==', 'A-Z_0~9.+/=='],
  ])('are a token in %j', (header, token) => {
    expect(of(header)).toEqual({ kind: 'bearer', token });
  });

  it.each([
    [['Authorization', 'Bearer t', 'authorization', 'Bearer t']],
    [['AUTHORIZATION', 'x', 'Accept', 'y', 'Authorization', 'Bearer t']],
  ])('cannot be read from two headers: %j', (rawHeaders) => {
    expect(of('Bearer t', rawHeaders)).toEqual({ kind: 'unreadable' });
  });

  it.each([
    ['one header', ['Authorization', 'Bearer t']],
    ['a value that is a name', ['Authorization', 'Bearer t', 'X-Forwarded', 'authorization']],
  ])('are read from %s', (_, rawHeaders) => {
    expect(of('Bearer t', rawHeaders)).toEqual({ kind: 'bearer', token: 't' });
  });
});
