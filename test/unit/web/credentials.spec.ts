import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import {
  credentialsOf,
  sentHeaders,
  takeAway,
  type TokenSource,
} from '../../../src/web/credentials';
import type { IncomingRequest } from '../../../src/web/request';

const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIiwiaWF0IjoxLCJleHAiOjJ9.c2ln';

/** Node's own request, as its parser would have made it. */
function nodeRequest(rawHeaders: string[], url = '/'): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  request.url = url;
  // As the parser hands them over: from these, Node builds the other forms when they are read.
  const parsed = request as unknown as { _addHeaderLines(lines: string[], count: number): void };
  parsed._addHeaderLines(rawHeaders, rawHeaders.length);
  return request;
}

const textsOf = (request: IncomingRequest, ...sources: TokenSource[]) =>
  credentialsOf(request, sources).map(({ text }) => text);

/** Takes every credential that can be found. */
const takeAll = (request: IncomingRequest, ...sources: TokenSource[]) =>
  takeAway(request, credentialsOf(request, sources));

describe('Where tokens are looked for', () => {
  it('is the Authorization header, every one of them', () => {
    expect(textsOf(nodeRequest(['Authorization', 'Bearer a.b']))).toEqual(['Bearer a.b']);
    expect(
      textsOf(nodeRequest(['Authorization', 'Basic x', 'X', 'y', 'authorization', 'Bearer a.b'])),
    ).toEqual(['Basic x Bearer a.b']);
  });

  it('is every cookie that may hold one', () => {
    const long = 'x'.repeat(50);
    const cookies = `theme=dark; a=${TOKEN}; lang=${long}; b=${long}%2Ey; c=${long}1.2; d=1.2`;
    expect(textsOf(nodeRequest(['Cookie', cookies]))).toEqual([
      ` a=${TOKEN}`,
      ` b=${long}%2Ey`,
      ` c=${long}1.2`,
    ]);
  });

  it('is nowhere in a request without them', () => {
    expect(textsOf(nodeRequest(['Accept', '*/*']))).toEqual([]);
    expect(textsOf({ headers: {} }, { query: 'token' }, { header: 'x-token' })).toEqual([]);
  });

  it('is what is named beside them', () => {
    const request = nodeRequest(['X-Token', TOKEN], `/?a=1&token=${TOKEN}&token=other`);
    expect(textsOf(request, { header: 'x-TOKEN' }, { query: 'token' })).toEqual([
      TOKEN,
      TOKEN,
      'other',
    ]);
    const several = { headers: { 'x-token': ['one', 'two'] } } as unknown as IncomingRequest;
    expect(textsOf(several, { header: 'x-token' })).toEqual(['one two']);
    expect(textsOf(request, () => 'found')).toEqual(['found']);
    expect(textsOf(request, () => undefined)).toEqual([]);
  });
});

describe('What is taken away', () => {
  it('is in none of the forms in which Node tells headers', () => {
    const request = nodeRequest([
      'Host',
      'h',
      'authorization',
      'x',
      'AUTHORIZATION',
      'y',
      'A',
      'b',
    ]);
    expect(request.headersDistinct.authorization).toEqual(['x', 'y']);
    expect(takeAll(request)).toBe(true);
    expect(request.headers).toEqual({ host: 'h', a: 'b' });
    expect(request.headersDistinct).toEqual({ host: ['h'], a: ['b'] });
    expect(request.rawHeaders).toEqual(['Host', 'h', 'A', 'b']);
  });

  it('is still known to our own routes', () => {
    const request = nodeRequest(['Authorization', 'Bearer a.b']);
    expect(sentHeaders(request)).toBe(request);
    takeAll(request);
    takeAll(request);
    expect(sentHeaders(request)).toEqual({
      headers: { authorization: 'Bearer a.b' },
      rawHeaders: ['Authorization', 'Bearer a.b'],
    });
    // What a middleware of the host's has put there since.
    request.headers.authorization = 'Bearer c.d';
    expect(sentHeaders(request).headers.authorization).toBe('Bearer c.d');
  });

  it('leaves the other cookies, in the header and in what parsers have made of it', () => {
    const request = Object.assign(nodeRequest(['Cookie', `a=1; t=${TOKEN}; b=2`]), {
      cookies: { a: '1', t: TOKEN, b: '2' },
      signedCookies: { t: TOKEN, s: 'x' },
    });
    expect(takeAll(request)).toBe(true);
    expect(request.headers.cookie).toBe('a=1; b=2');
    expect(request.headersDistinct.cookie).toEqual(['a=1; b=2']);
    expect(request.rawHeaders).toEqual(['cookie', 'a=1; b=2']);
    expect(request.cookies).toEqual({ a: '1', b: '2' });
    expect(request.signedCookies).toEqual({ s: 'x' });
  });

  it('leaves no Cookie header where it held nothing else', () => {
    const request = nodeRequest(['Cookie', `t=${TOKEN}`]);
    takeAll(request);
    expect([request.headers.cookie, request.rawHeaders]).toEqual([undefined, []]);
  });

  it.each([
    [`/me?token=${TOKEN}`, '/me'],
    [`/me?a=1&token=${TOKEN}&b=2`, '/me?a=1&b=2'],
  ])('is no part of the URL %s', (url, left) => {
    const request = Object.assign(nodeRequest([], url), { query: { token: TOKEN, a: '1' } });
    expect(takeAll(request, { query: 'token' })).toBe(true);
    expect(request.url).toBe(left);
    expect(request.query).toEqual({ a: '1' });
  });

  it('is all but what a function found: that cannot be removed', () => {
    const request = nodeRequest(['Authorization', 'Bearer a.b']);
    expect(takeAll(request, () => TOKEN)).toBe(false);
    expect(request.headers.authorization).toBeUndefined();
  });

  it('is taken from requests of function platforms too, which have no raw headers', () => {
    const request = { headers: { authorization: 'Bearer a.b', cookie: `t=${TOKEN}` } };
    expect(takeAll(request)).toBe(true);
    expect(request.headers).toEqual({});
    expect(sentHeaders(request).headers.authorization).toBe('Bearer a.b');
  });

  it('is taken from the request that the platform wraps', () => {
    const raw = nodeRequest(['Authorization', 'Bearer a.b'], `/?t=${TOKEN}`);
    takeAll({ raw, headers: raw.headers, url: '/' }, { query: 't' });
    expect(raw.headers).toEqual({});
  });
});
