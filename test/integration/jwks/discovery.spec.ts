import type { ServerResponse } from 'node:http';
import { discoverJwksUri, jwksUriIn } from '../../../src/tokens/jwks/discovery';
import { DocumentServer } from '../../support/document-server';

const OPENID = '/.well-known/openid-configuration';
const OAUTH = '/.well-known/oauth-authorization-server';
const JWKS = 'https://keys.example/jwks';

let server: DocumentServer;
beforeEach(async () => {
  server = await DocumentServer.start();
});
afterEach(() => server.close());

const origin = (): string => new URL(server.url).origin;
const asked = (): unknown => server.requests.map(({ url }) => url);

/** Answers these paths, and no others. */
const answer = (paths: Readonly<Record<string, (response: ServerResponse) => void>>): void => {
  server.answer = (response, { url = '' }) => {
    const known = paths[url];
    if (known === undefined) response.writeHead(404).end();
    else known(response);
  };
};
const metadata = (document: unknown) => (response: ServerResponse) =>
  response.end(JSON.stringify(document));

describe('The address of the keys of an issuer', () => {
  it.each([
    ['', OPENID],
    ['/', OPENID],
    ['/realms/one', `/realms/one${OPENID}`],
    ['/tenant/v2.0/', `/tenant/v2.0${OPENID}`],
  ])('is found where OpenID Connect Discovery puts it: issuer "%s"', async (path, at) => {
    const issuer = `${origin()}${path}`;
    answer({ [at]: metadata({ issuer, jwks_uri: JWKS }) });
    expect(await discoverJwksUri(issuer)).toEqual({ url: JWKS, isFromCache: false });
    expect(asked()).toEqual([at]);
  });

  it.each([
    ['', OAUTH],
    ['/tenant', `${OAUTH}/tenant`],
  ])('is found where RFC 8414 puts it, if not there: issuer "%s"', async (path, at) => {
    const issuer = `${origin()}${path}`;
    answer({ [at]: metadata({ issuer, jwks_uri: JWKS }) });
    expect(await discoverJwksUri(issuer)).toEqual({ url: JWKS, isFromCache: false });
  });

  it('is asked for past caches where it must be that of now, and a cache is told by its Age', async () => {
    const issuer = origin();
    const cached = (response: ServerResponse) =>
      response.setHeader('Age', '120').end(JSON.stringify({ issuer, jwks_uri: JWKS }));
    answer({ [OAUTH]: cached });
    const found = await discoverJwksUri(issuer, { noCache: true });
    expect(found).toEqual({ url: JWKS, isFromCache: true });
    const asked = server.requests.map(({ headers }) => headers['cache-control']);
    expect(asked).toEqual(['no-cache', 'no-cache']);
  });

  it.each<[string, (issuer: string) => unknown, RegExp]>([
    ['of another issuer', () => ({ issuer: 'https://evil.example', jwks_uri: JWKS }), /of another/],
    [
      'of the issuer with a slash',
      (issuer) => ({ issuer: `${issuer}/`, jwks_uri: JWKS }),
      /"issuer" is "[^"]*\/", and the option says "[^"]*[^/]"\. They must be the same, to the letter/,
    ],
    [
      'of an issuer that would forge a log line',
      () => ({ issuer: 'https://a\u0000\u007f\u009b31m\u2028\u202e\ud800é', jwks_uri: JWKS }),
      /"issuer" is "https:\/\/a\\u0000\\u007f\\u009b31m\\u2028\\u202e\\ud800\\u00e9", and/,
    ],
    ['of no issuer', () => ({ jwks_uri: JWKS }), /of another issuer/],
    ['without jwks_uri', (issuer) => ({ issuer }), /no jwks_uri that is an https URL/],
    ['with http', (issuer) => ({ issuer, jwks_uri: 'http://keys.example' }), /no jwks_uri that is/],
    ['with a file', (issuer) => ({ issuer, jwks_uri: 'file:///etc/jwks' }), /no jwks_uri that is/],
    ['with a user', (issuer) => ({ issuer, jwks_uri: 'https://a:b@c.example' }), /no jwks_uri/],
    ['with a list', (issuer) => ({ issuer, jwks_uri: [JWKS] }), /no jwks_uri that is an https/],
    ['that is a list', () => [], /no JSON object/],
    ['that is null', () => null, /no JSON object/],
  ])('is not taken from metadata %s', async (_what, document, why) => {
    answer({ [OPENID]: metadata(document(origin())) });
    await expect(discoverJwksUri(origin())).rejects.toThrow(why);
  });

  it.each([
    ['https://login.example', 'http://127.0.0.1/jwks', false],
    ['https://login.example', JWKS, true],
    ['http://127.0.0.1', 'http://127.0.0.1/jwks', true],
    ['http://127.0.0.1', JWKS, true],
  ])('of the issuer %s may be %s: %s', (issuer, uri, isTaken) => {
    const read = () => jwksUriIn({ issuer, jwks_uri: uri }, issuer);
    if (isTaken) expect(read()).toBe(uri);
    else expect(read).toThrow('The metadata names no jwks_uri that is an https URL.');
  });

  it.each<[string, (response: ServerResponse) => void, RegExp]>([
    ['redirects', (response) => response.writeHead(307, { Location: '/' }).end(), /no redirect is/],
    ['fails', (response) => response.writeHead(500).end(), /answered 500/],
    ['forbids it', (response) => response.writeHead(403).end(), /answered 403/],
    ['says that it is unchanged', (response) => response.writeHead(304).end(), /answered 304/],
    ['sends no JSON', (response) => response.end('<html>'), /no JSON object/],
    ['sends more than 64 KB', (response) => response.end('x'.repeat(70_000)), /64 KB/],
    ['cuts the connection', (response) => response.destroy(), /hang up|ECONNRESET/],
  ])('is not looked for elsewhere where the server %s', async (_what, respond, why) => {
    answer({ [OPENID]: respond, [OAUTH]: metadata({ issuer: origin(), jwks_uri: JWKS }) });
    await expect(discoverJwksUri(origin())).rejects.toThrow(why);
    expect(asked()).toEqual([OPENID]);
  });

  it('is not known where neither place has metadata', async () => {
    answer({});
    await expect(discoverJwksUri(origin())).rejects.toThrow(
      `404 for ${origin()}${OPENID} and for ${origin()}${OAUTH}: set jwksUri`,
    );
    expect(asked()).toEqual([OPENID, OAUTH]);
  });
});
