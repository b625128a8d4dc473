import { isIP } from 'node:net';
import fc from 'fast-check';
import {
  escapeControls,
  networkOf,
  plainAddress,
  requestSource,
} from '../../../src/audit/request-source';

describe('An address in the audit', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::ffff:808:808', '8.8.8.8'],
    ['0:0:0:0:0:FFFF:c0a8:00ff', '192.168.0.255'],
    ['::FFFF:0:1', '0.0.0.1'],
    ['::FFFF:203.0.113.7', '203.0.113.7'],
    ['2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::1', '::1'],
    ['not an address', undefined],
    ['203.0.113.7:80', '203.0.113.7'],
    ['[2001:db8::1]:80', '2001:db8::1'],
    ['[fe80::1%eth0]:80', 'fe80::1'],
    ['203.0.113.7:', undefined],
    ['[]:80', undefined],
    ['2001:db8::1:80', '2001:db8::1:80'],
    ['x::ffff:203.0.113.7', undefined],
    ['::ffff:203.0.113.7x', undefined],
    ['1::ffff:808:808', '1::ffff:808:808'],
    ['::ffff:0:808:808', '::ffff:0:808:808'],
    ['::808:808', '::808:808'],
    ['', undefined],
    [undefined, undefined],
  ])('%s is kept as %s', (address, kept) => {
    expect(plainAddress(address)).toBe(kept);
  });

  it('is one that PostgreSQL takes, or absent, whatever the platform says', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), (text) => {
        const kept = plainAddress(text);
        expect(kept === undefined || isIP(kept) > 0).toBe(true);
      }),
    );
  });
});

describe('The network that a limit counts by', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::ffff:808:808', '8.8.8.8'],
    ['0:0:0:0:0:FFFF:c0a8:00ff', '192.168.0.255'],
    ['::FFFF:0:1', '0.0.0.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['2001:DB8:A::', '2001:db8:a:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.33', '64:ff9b:0:0::/64'],
    ['1:2:3:4:5:6:192.0.2.33', '1:2:3:4::/64'],
    ['nobody', undefined],
    [undefined, undefined],
  ])('of %s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  it('is one for all addresses of a /64, however they are spelled', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.ipV6(), (one, other) => {
        const prefix = '2001:db8:77:8';
        const tails = [one, other].map((address) => address.split(':').slice(-2).join(':'));
        fc.pre(tails.every((tail) => isIP(`${prefix}::${tail}`) === 6));
        const networks = tails.map((tail) => networkOf(`${prefix}::${tail}`));
        expect(networks).toEqual([`${prefix}::/64`, `${prefix}::/64`]);
      }),
    );
  });
});

describe('Text in the audit and the log', () => {
  it.each([
    ['a\r\nb', 'a\\u000d\\u000ab'],
    ['\u0000\t\u001b[31m', '\\u0000\\u0009\\u001b[31m'],
    ['\u007f\u0085\u009f', '\\u007f\\u0085\\u009f'],
    ['\u2028\u2029', '\\u2028\\u2029'],
    ['\u061c\u200f\u202e\u2066', '\\u061c\\u200f\\u202e\\u2066'],
    ['Müller ü \u00a0', 'Müller ü \u00a0'],
  ])('keeps no control character: %j', (text, kept) => {
    expect(escapeControls(text)).toBe(kept);
  });
});

describe('Where a request came from', () => {
  it('is kept with at most 512 characters of the user agent', () => {
    const { userAgent } = requestSource('203.0.113.7', 'x'.repeat(2000), undefined);
    expect(userAgent).toBe('x'.repeat(512));
  });

  it('keeps an escaped user agent within the limit as well', () => {
    expect(requestSource(undefined, '\n'.repeat(512), undefined).userAgent).toHaveLength(512);
  });

  it.each(['req-1', 'A.b_c:d-9', 'x'.repeat(128)])('keeps the request id %s', (id) => {
    expect(requestSource(undefined, undefined, id)).toEqual({ requestId: id });
  });

  it.each(['', 'a b', 'a\nb', 'x'.repeat(129), 'ü', 'ok"'])('drops the request id %j', (id) => {
    expect(requestSource(undefined, undefined, id)).toEqual({});
  });

  it.each([
    ['Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln-_9 x', 'Bearer [token] x'],
    ['ey1.ey2.s,ey3.ey4.s', '[token],[token]'],
    ['app_eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln', '[token]'],
    ['+https://monkey.example.com', '+https://monkey.example.com'],
    [`${'x'.repeat(600)} eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln`, 'x'.repeat(512)],
    ['keyboard.of.mine ey1.ey2 ey1..s', 'keyboard.of.mine ey1.ey2 ey1..s'],
  ])('keeps no token that the user agent %s brings along', (userAgent, kept) => {
    expect(requestSource(undefined, userAgent, undefined)).toEqual({ userAgent: kept });
  });

  it('keeps no request id that is a token', () => {
    expect(requestSource(undefined, undefined, 'eyJh.eyJz.c2ln')).toEqual({});
  });

  it('is all there is, and nothing where nothing is known', () => {
    expect(requestSource('::1', 'curl', 'r1')).toEqual({
      ip: '::1',
      userAgent: 'curl',
      requestId: 'r1',
    });
    expect(requestSource('nobody', undefined, undefined)).toEqual({});
  });
});
