import { normalizeType, parseHeader } from '../../../../src/tokens/verification/token-header';
import { encode } from '../signers';

describe('the header of a token', () => {
  it.each([
    [{ alg: 'RS256' }],
    [{ alg: 'RS256', typ: 'JWT' }],
    [{ alg: 'none', typ: '', kid: 'k', cty: 'x' }],
    [{ alg: '', kid: 'k'.repeat(255) }],
    [{ kid: '../../dev/null', alg: 'HS256' }],
    [{ alg: 'RS256', x5t: 'MII', 'x5t#S256': 'MII' }], // Entra, IdentityServer
    [{ alg: 'RS256', nonce: 'n', cat: 'cl_B7d4' }], // Entra v1, Clerk
    [{ alg: 'RS256', pi: 1, list: [], nothing: null, object: {}, Kid: 'k', enc: 'A256GCM' }],
  ])('%j is read as it is', (header) => {
    expect(parseHeader(encode(header))).toEqual(header);
  });

  it.each([
    ['no alg', '{}'],
    ['no alg but others', '{"typ":"JWT"}'],
    ['an alg that is no text', '{"alg":256}'],
    ['an alg of null', '{"alg":null}'],
    ['a list for alg', '{"alg":["RS256"]}'],
    ['a number for typ', '{"alg":"RS256","typ":1}'],
    ['null for typ', '{"alg":"RS256","typ":null}'],
    ['a number for kid', '{"alg":"RS256","kid":1}'],
    ['an empty kid', '{"alg":"RS256","kid":""}'],
    ['a kid of 256 characters', `{"alg":"RS256","kid":"${'k'.repeat(256)}"}`],
    ['crit', '{"alg":"RS256","crit":["exp"]}'],
    ['b64', '{"alg":"RS256","b64":"true"}'],
    ['zip', '{"alg":"RS256","zip":"DEF"}'],
    ['jku', '{"alg":"RS256","jku":"https://issuer.example/jwks"}'],
    ['jwk', '{"alg":"RS256","jwk":"{}"}'],
    ['x5u', '{"alg":"RS256","x5u":"https://issuer.example/c.pem"}'],
    ['x5c', '{"alg":"RS256","x5c":"MII"}'],
    ['x5c as it should be', '{"alg":"RS256","x5c":["MII"]}'],
    ['jwk as it should be', '{"alg":"RS256","jwk":{"kty":"RSA"}}'],
    ['crit of null', '{"alg":"RS256","crit":null}'],
    ['alg only in __proto__', '{"__proto__":{"alg":"RS256"}}'],
    ['a list', '["alg"]'],
    ['null', 'null'],
    ['text', '"alg"'],
    ['a number', '1'],
    ['nothing', ''],
    ['broken JSON', '{"alg":"RS256"'],
    ['something behind the object', '{"alg":"RS256"}x'],
    ['a byte order mark', '\ufeff{"alg":"RS256"}'],
    ['bytes that are no UTF-8', Buffer.from('{"alg":"RS256","kid":"\xff"}', 'latin1')],
    ['an overlong encoding', Buffer.from('{"alg":"RS256","kid":"\xc0\xaf"}', 'latin1')],
    ['a surrogate in UTF-8', Buffer.from('{"alg":"RS256","kid":"\xed\xa0\x80"}', 'latin1')],
  ])('refuses %s', (_what, header) => {
    expect(parseHeader(encode(header))).toBeUndefined();
  });
});

describe('a media type', () => {
  it.each([
    ['JWT', 'jwt'],
    ['at+JWT', 'at+jwt'],
    ['application/at+jwt', 'at+jwt'],
    ['APPLICATION/JWT', 'jwt'],
    ['application/application/jwt', 'application/jwt'],
    ['text/application/jwt', 'text/application/jwt'],
    ['', ''],
  ])('%j means %j (RFC 7515 §4.1.9)', (type, meaning) => {
    expect(normalizeType(type)).toBe(meaning);
  });
});
