import { Controller, Get, Module, UseGuards, type INestApplication } from '@nestjs/common';
import { PassportModule, AuthGuard } from '@nestjs/passport';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import request, { type Test } from 'supertest';
import { CurrentToken, JwtAuthGuard, type AuthModuleOptions, type VerifiedToken } from '../../src';
import { DOCUMENTED, PLATFORMS, TestApp, type Platform } from '../support/app';
import { auditOf } from '../support/audit';
import { PlainHost } from '../support/plain-host';

const NAME = '__Host-access';
const OWN_PAGE = { 'Sec-Fetch-Site': 'same-origin', 'Content-Type': 'application/json' };
const LISTED = { Origin: 'https://app.example', 'Content-Type': 'application/json' };
const OPTIONS: Partial<AuthModuleOptions> = {
  tokenSources: [{ cookie: NAME }],
  allowedOrigins: ['https://app.example'],
  bodyToken: 'optional',
  cookies: [{ name: NAME, secure: true }],
};

@Controller()
class ProfileController {
  @UseGuards(JwtAuthGuard)
  @Get('me')
  me(@CurrentToken() { claims }: VerifiedToken): unknown {
    return claims;
  }

  @UseGuards(AuthGuard('logout-jwt'))
  @Get('by-strategy')
  byStrategy(): unknown {
    return { ok: true };
  }
}

@Module({ imports: [PassportModule] })
class Strategies {}

let app: TestApp;
afterEach(() => app.close());

const start = (
  platform: Platform,
  options: Partial<AuthModuleOptions> = {},
  configure?: (nest: INestApplication) => void,
): Promise<TestApp> =>
  TestApp.start(
    platform,
    { ...OPTIONS, ...options },
    { controllers: [ProfileController], imports: [Strategies], configure },
  );

const get = (path: string, cookie: string): Test =>
  request(app.url).get(path).set('Cookie', cookie);
const withCookie = (token: string, name = NAME): string => `theme=dark; ${name}=${token}`;

const logout = (cookie: string, headers: Record<string, string> = OWN_PAGE, body?: string): Test =>
  app.post().set('Cookie', cookie).set(headers).send(body);

const reasonsOf = async (): Promise<unknown[]> => (await auditOf(app)).map(({ reason }) => reason);

/** As many hosts do it in `main.ts`: the cookie becomes the Authorization header. */
function copyCookie(platform: Platform): (nest: INestApplication) => void {
  const copy = ({ headers }: { headers: NodeJS.Dict<string | string[]> }): void => {
    const [, token] = /access=([^;]+)/.exec(String(headers.cookie)) ?? [];
    if (token !== undefined) headers.authorization ??= `Bearer ${token}`;
  };
  if (platform === 'express')
    return (nest) =>
      void (nest as NestExpressApplication).use((from: never, _: object, next: () => void) => {
        copy(from);
        next();
      });
  return (nest) =>
    void (nest as NestFastifyApplication)
      .getHttpAdapter()
      .getInstance()
      .addHook('onRequest', ({ raw }, _, done) => {
        copy(raw);
        done();
      });
}

describe.each(PLATFORMS)('A bearer in a cookie that tokenSources names, on %s', (platform) => {
  it.each(['/me', '/by-strategy'])('lets in to %s', async (path) => {
    app = await start(platform);
    const token = app.issuer.token();
    await get(path, withCookie(token)).expect(200);
    await get(path, withCookie(token.replaceAll('.', '%2E'))).expect(200);
    await get(path, withCookie(token, 'other')).expect(401);
    await logout(withCookie(token)).expect(200);
    await get(path, withCookie(token)).expect(401);
  });

  it('counts only where no bearer stands in the Authorization header', async () => {
    app = await start(platform);
    const [inHeader, inCookie] = [app.issuer.token(), app.issuer.token()];
    const both = { ...OWN_PAGE, Authorization: `Bearer ${inHeader}` };
    await logout(withCookie(inCookie), both).expect(200);
    await app.me(inHeader).expect(401);
    await get('/me', withCookie(inCookie)).expect(200);
    await get('/me', withCookie(inCookie)).set('Authorization', 'Basic x').expect(200);
    await get('/me', withCookie(inCookie)).set('Authorization', 'Bearer x').expect(401);
  });

  it('counts for nothing where two cookies have the name, as a sibling domain can bring about', async () => {
    app = await start(platform);
    const twice = `${withCookie(app.issuer.token())}; ${NAME}=${app.issuer.token()}`;
    await get('/me', twice).expect(401);
    await logout(twice).expect(401, DOCUMENTED.refused);
  });

  it.each([
    ['the origin of the route, as the browser says', OWN_PAGE],
    ['a listed origin', LISTED],
    ['a listed origin of another site', { ...LISTED, 'Sec-Fetch-Site': 'cross-site' }],
  ])('logs out from a page of %s, and expires the cookie', async (_, headers) => {
    app = await start(platform);
    const token = app.issuer.token();
    const answer = await logout(withCookie(token), headers).expect(200, DOCUMENTED.loggedOut);
    expect(String(answer.headers['set-cookie'])).toContain(`${NAME}=; Max-Age=0`);
    await app.me(token).expect(401);
  });

  it.each([
    ['with neither header', { 'Content-Type': 'application/json' }],
    ['from another site', { ...OWN_PAGE, 'Sec-Fetch-Site': 'cross-site' }],
    ['from a sibling domain', { ...OWN_PAGE, 'Sec-Fetch-Site': 'same-site' }],
    ['from no page', { ...OWN_PAGE, 'Sec-Fetch-Site': 'none' }],
    ['of an origin that is not listed', { ...LISTED, Origin: 'https://app.example.test' }],
    ['of a sandboxed page', { ...LISTED, Origin: 'null' }],
    ['of no media type', { 'Sec-Fetch-Site': 'same-origin' }],
    ['of a form', { ...OWN_PAGE, 'Content-Type': 'application/x-www-form-urlencoded' }],
  ])('is refused in a logout %s, and the audit line in the log says why', async (_, headers) => {
    app = await start(platform);
    const token = app.issuer.token();
    await logout(withCookie(token), headers)
      .expect(401, DOCUMENTED.refused)
      .expect('WWW-Authenticate', 'Bearer');
    expect(await reasonsOf()).toEqual(['cookie_untrusted']);
    await app.me(token).expect(200);
  });

  it('logs out while the bucket of its address is full', async () => {
    app = await start(platform, { throttleLimit: 2 });
    for (let i = 0; i < 3; i += 1) await app.post().set(OWN_PAGE).send('{}');
    await app.post().set(OWN_PAGE).send('{}').expect(429);
    await logout(withCookie(app.issuer.token())).expect(200);
  });

  it('logs out where the host copies it into the header, without a body as well', async () => {
    app = await start(platform, {}, copyCookie(platform));
    const token = app.issuer.token();
    await logout(withCookie(token), { 'Sec-Fetch-Site': 'same-origin' }).expect(200);
    await app.me(token).expect(401);
  });

  it('has said in the log that it was reused after its logout', async () => {
    app = await start(platform);
    const token = app.issuer.token();
    await logout(withCookie(token)).expect(200);
    await logout(withCookie(token)).expect(401, DOCUMENTED.refused);
    expect(await reasonsOf()).toContain('token_revoked');
  });
});

describe.each(PLATFORMS)('A cookie that the host copies into the header, on %s', (platform) => {
  const copied = (headers: Record<string, string>, body?: string): Test =>
    app.post().set('Cookie', withCookie(app.issuer.token())).set(headers).send(body);
  const PLAIN_HTTP = 'http://shop.example';

  it.each([
    ['no body', {}, undefined],
    ['JSON', OWN_PAGE, '{}'],
    [
      'JSON of another site, which had to ask',
      { ...OWN_PAGE, 'Sec-Fetch-Site': 'cross-site' },
      '{}',
    ],
    ['no body, on plain HTTP', { Host: 'shop.example', Origin: PLAIN_HTTP }, undefined],
  ])('logs out with %s', async (_, headers, body) => {
    app = await start(platform, { tokenSources: [] }, copyCookie(platform));
    await copied(headers, body).expect(200);
  });

  it.each([
    ['of another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['of a sibling domain', { 'Sec-Fetch-Site': 'same-site' }],
    ['of another site, on plain HTTP', { Host: 'shop.example', Origin: 'http://evil.example' }],
    ['of another port, on plain HTTP', { Host: 'shop.example', Origin: `${PLAIN_HTTP}:8080` }],
    ['in a sandbox, on plain HTTP', { Host: 'shop.example', Origin: 'null' }],
  ])('does not log out without a body from a page %s', async (_, headers) => {
    app = await start(platform, { tokenSources: [] }, copyCookie(platform));
    await copied(headers).expect(415);
  });

  it('logs out with a bearer of its own without a body, from any page', async () => {
    app = await start(platform);
    const headers = {
      'Sec-Fetch-Site': 'cross-site',
      Authorization: `Bearer ${app.issuer.token()}`,
    };
    await app.post().set(headers).expect(200);
  });
});

describe('A boot with allowedOrigins', () => {
  it.each([
    '*',
    'null',
    'app.example',
    'https://app.example/',
    'https://*.example',
    'ftp://app.example',
  ])('stops at %j', async (origin) => {
    app = await start('express');
    await expect(start('express', { allowedOrigins: [origin] })).rejects.toThrow(
      '"allowedOrigins[0]" must be an origin such as https://app.example.com, without a path',
    );
  });
});

describe('A token in a cookie on the Express face', () => {
  let host: PlainHost;
  beforeEach(async () => {
    app = await start('express');
    host = await PlainHost.express({ options: { tokenSources: [{ cookie: NAME }] } });
  });
  afterEach(() => host.close());

  const me = (token: string): Test =>
    request(host.url).get('/protected').set('Cookie', withCookie(token));
  const out = (token: string, headers: Record<string, string>): Test =>
    host.post().set('Cookie', withCookie(token)).set(headers).send('{}');

  it('lets in, and logs out from a page of the same origin', async () => {
    const token = host.issuer.token();
    await me(token).expect(200);
    await out(token, OWN_PAGE).expect(200);
    await me(token).expect(401);
  });

  it('does not log out from another page', async () => {
    const token = host.issuer.token();
    await out(token, { ...OWN_PAGE, 'Sec-Fetch-Site': 'cross-site' }).expect(400);
    await me(token).expect(200);
    expect(host.auditLines.join()).toContain('cookie_untrusted');
  });
});
