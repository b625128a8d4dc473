import {
  Body,
  Controller,
  Get,
  Injectable,
  Module,
  Post,
  Req,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import jwt from 'jsonwebtoken';
import request, { type Test } from 'supertest';
import { AuditLog, AuthModule, RevokedTokensService, type AuthModuleOptions } from '../../src';
import { AuthOptions } from '../../src/nest/auth.options';
import { createRevocation } from '../../src/express';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { auditOf } from '../support/audit';
import { DOCUMENTED, PLATFORMS, TestApp, type Platform } from '../support/app';
import { FRAMEWORKS } from '../support/plain-host';
import { FaultyStore } from '../support/faulty-store';
import { TestIssuer } from '../support/tokens';

const issuer = new TestIssuer();

interface HostRequest {
  readonly headers: IncomingHttpHeaders;
  readonly url: string;
  readonly originalUrl?: string;
  readonly raw?: IncomingMessage;
  readonly rawHeaders?: string[];
  readonly headersDistinct?: NodeJS.Dict<string[]>;
  readonly query: Record<string, string>;
}

/** Where a host may find a token; each is a guard of its own below. */
const EXTRACTORS: Readonly<Record<string, (request: HostRequest) => string | undefined>> = {
  header: ({ headers }) => headers.authorization?.split(' ').at(-1),
  replaced: ({ headers }) => headers.authorization?.replace('Bearer ', ''),
  cookie: ({ headers }) => /(?:^|; ?)token=([^;]*)/.exec(headers.cookie ?? '')?.[1],
  distinct: (from) => (from.raw ?? from).headersDistinct?.authorization?.[0]?.split(' ').at(-1),
  'raw-header': (from) => {
    const { rawHeaders = [] } = from.raw ?? from;
    const at = rawHeaders.findIndex((name) => /^authorization$/i.test(name));
    return at === -1 ? undefined : rawHeaders[at + 1]?.split(' ').at(-1);
  },
  'own-header': ({ headers }) => headers['x-access-token'] as string | undefined,
  query: ({ query }) => query.token,
  'sent-url': ({ originalUrl = '' }) =>
    new URL(originalUrl, 'http://host').searchParams.get('token') ?? undefined,
  'two-cookies': ({ headers: { cookie = '' } }) => {
    const part = (name: string) => new RegExp(`${name}=([^;]*)`).exec(cookie)?.[1];
    return part('signature') === undefined ? undefined : `${part('input')}.${part('signature')}`;
  },
  url: ({ url }) => new URL(url, 'http://host').searchParams.get('token') ?? undefined,
};

/** A guard as hosts write them: it verifies by itself, and knows nothing of us. */
@Injectable()
class HostGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const from = context.switchToHttp().getRequest<HostRequest>();
    const [, place = ''] = /^\/profile\/([\w-]+)/.exec(from.url) ?? [];
    const token = EXTRACTORS[place]?.(from);
    if (token === undefined) throw new UnauthorizedException('host: no token');
    try {
      jwt.verify(decodeURIComponent(token), issuer.key, { algorithms: ['HS256'] });
      return true;
    } catch {
      throw new UnauthorizedException('host: bad token');
    }
  }
}

@Controller()
class HostController {
  @Get('profile/:place')
  @UseGuards(HostGuard)
  profile(): object {
    return { ok: true };
  }

  @Post('login')
  login(@Body() body: object, @Req() { headers }: HostRequest): object {
    return { body, authorization: headers.authorization !== undefined, cookie: headers.cookie };
  }

  @Get('health')
  health(@Req() { headers }: HostRequest): object {
    return { authorization: headers.authorization !== undefined };
  }
}

function start(platform: Platform, options: Partial<AuthModuleOptions> = {}): Promise<TestApp> {
  return TestApp.start(platform, options, { issuer, controllers: [HostController] });
}

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const HOST_REFUSES = { message: 'host: no token', error: 'Unauthorized', statusCode: 401 };

describe.each(PLATFORMS)("A host's own guard on %s", (platform) => {
  let app: TestApp;
  const get = (path: string, headers: Record<string, string>): Test =>
    request(app.url).get(path).set(headers);
  const loggedOut = async (): Promise<string> => {
    const token = issuer.token();
    await app.logout(token).expect(200, DOCUMENTED.loggedOut);
    return token;
  };
  beforeAll(async () => {
    app = await start(platform, {
      tokenSources: [
        { header: 'X-Access-Token' },
        { query: 'token' },
        ({ headers }: { headers?: IncomingHttpHeaders }) => headers?.['x-found'] as string,
      ],
    });
  });
  afterAll(() => app.close());

  it.each(['header', 'distinct', 'raw-header'])(
    'refuses a logged out token in its own words: by %s',
    async (place) => {
      const token = issuer.token();
      await get(`/profile/${place}`, bearer(token)).expect(200, { ok: true });
      await app.logout(token).expect(200, DOCUMENTED.loggedOut);
      await get(`/profile/${place}`, bearer(token)).expect(401, HOST_REFUSES);
      await get(`/profile/${place}`, bearer(issuer.token())).expect(200);
    },
  );

  it.each([
    ['as it is', (token: string) => `token=${token}`],
    ['behind others', (token: string) => `theme=dark; _ga=GA1.1.17.17; token=${token}`],
    ['with its dots escaped', (token: string) => `token=${token.replaceAll('.', '%2E')}`],
  ])('refuses a logged out token from a cookie: %s', async (_how, cookie) => {
    const [lost, kept] = [await loggedOut(), issuer.token()];
    await get('/profile/cookie', { Cookie: cookie(kept) }).expect(200);
    await get('/profile/cookie', { Cookie: cookie(lost) }).expect(401, HOST_REFUSES);
  });

  it('loses the cookie with the token, and no other', async () => {
    const token = await loggedOut();
    const answer = await request(app.url)
      .post('/login')
      .set('Cookie', `theme=dark; token=${token}; lang=es`)
      .send({ user: 'ada' });
    expect(answer.body).toEqual({
      body: { user: 'ada' },
      authorization: false,
      cookie: 'theme=dark; lang=es',
    });
  });

  it('may stay open: a login works with a stale token beside it', async () => {
    const token = await loggedOut();
    const login = () => request(app.url).post('/login').set(bearer(token)).send({ user: 'ada' });
    await login().expect(201, { body: { user: 'ada' }, authorization: false });
  });

  it('refuses it from the other places that are named', async () => {
    const [lost, kept] = [await loggedOut(), issuer.token()];
    await get('/profile/own-header', { 'X-Access-Token': kept }).expect(200);
    await get('/profile/own-header', { 'X-Access-Token': lost }).expect(401, HOST_REFUSES);
    for (const place of ['query', 'url']) {
      await get(`/profile/${place}?a=1&token=${kept}`, {}).expect(200);
      await get(`/profile/${place}?a=1&token=${lost}`, {}).expect(401, HOST_REFUSES);
    }
  });

  it('refuses it in the URL as it was sent, where the platform keeps that', async () => {
    const [lost, kept] = [await loggedOut(), issuer.token()];
    await get(`/profile/sent-url?a=1&token=${kept}`, {}).expect(200);
    await get(`/profile/sent-url?a=1&token=${lost}`, {}).expect(401, HOST_REFUSES);
  });

  it('refuses it around its scheme, where the host removes that wherever it stands', async () => {
    const around = (token: string) => ({ Authorization: token.replace('.', '.Bearer ') });
    const [lost, kept] = [await loggedOut(), issuer.token()];
    await get('/profile/replaced', around(kept)).expect(200);
    await get('/profile/replaced', around(lost)).expect(401, HOST_REFUSES);
  });

  it('is not reached with one that a function finds: it cannot be taken away', async () => {
    const [lost, kept] = [await loggedOut(), issuer.token()];
    await get('/health', { 'X-Found': kept }).expect(200);
    await get('/health', { 'X-Found': lost }).expect(401, DOCUMENTED.refused);
  });

  it('refuses when more tokens come than any client sends', async () => {
    const many = Array.from({ length: 9 }, () => issuer.token()).join(' ');
    await get('/profile/header', bearer(many)).expect(401, HOST_REFUSES);
  });

  it('leaves what came to our own routes: a repeated logout gets the documented answer', async () => {
    const token = await loggedOut();
    await app
      .logout(token)
      .expect(401, DOCUMENTED.refused)
      .expect('WWW-Authenticate', 'Bearer error="invalid_token"');
  });

  it('leaves one row of reuse in the audit, and none for a forged token', async () => {
    const jti = 'reused-and-forged';
    const token = issuer.token({ jti });
    const forged = jwt.sign(jwt.decode(token) as object, 'a key of another issuer, long enough');
    await app.logout(token).expect(200);
    await get('/profile/header', bearer(forged)).expect(401, HOST_REFUSES);
    const rows = async () => (await auditOf(app)).filter((row) => row.tokenId === jti);
    expect((await rows()).map(({ event }) => event)).toEqual(['authn_token_revoked']);
    await get('/profile/header', bearer(token)).expect(401);
    await get('/profile/header', bearer(token)).expect(401);
    expect((await rows()).map(({ event }) => event)).toEqual([
      'authn_token_reuse',
      'authn_token_revoked',
    ]);
  });
});

describe.each(PLATFORMS)('While the store is away, on %s', (platform) => {
  let app: TestApp;
  const store = new FaultyStore();
  beforeAll(async () => {
    app = await start(platform, { store, enforceExcept: ['/health', '/assets/*'] });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    store.isBlind = true;
    store.lookUps = 0;
  });

  it('a genuine token gets the documented 500, on public routes too', async () => {
    for (const path of ['/profile/header', '/login'])
      await request(app.url).get(path).set(bearer(issuer.token())).expect(500, DOCUMENTED.internal);
  });

  it('a genuine token in another spelling gets it too', async () => {
    const [head, signature] = issuer.token().split(/\.(?=[^.]*$)/);
    const respelled = `${head}.${signature?.slice(0, 9)} ${signature?.slice(9)}=`;
    await request(app.url).get('/login').set(bearer(respelled)).expect(500, DOCUMENTED.internal);
  });

  it('a forged token causes no look-up', async () => {
    const forged = new TestIssuer().token();
    await request(app.url).get('/profile/header').set(bearer(forged)).expect(401);
    expect(store.lookUps).toBe(0);
  });

  it('a request without a token is served', async () => {
    await request(app.url).post('/login').send({}).expect(201);
  });

  it('excepted paths are served, and no other spelling of them', async () => {
    const ask = (path: string) => request(app.url).get(path).set(bearer(issuer.token()));
    await ask('/health').expect(200, { authorization: true });
    await ask('/health?verbose').expect(200);
    await ask('/assets/logo.svg').expect(404);
    for (const path of ['/Health', '/health/', '//health', '/assets/../login', '/assets/%2e%2e/x'])
      await ask(path).expect(500);
  });

  it('a token in two cookies gets the documented 500: its signature may be in the other', async () => {
    const [input, signature] = issuer.token().split(/\.(?=[^.]*$)/);
    const cookies = { Cookie: `input=${input}; signature=${signature}` };
    const ask = () => request(app.url).get('/profile/two-cookies').set(cookies);
    await ask().expect(500, DOCUMENTED.internal);
    store.isBlind = false;
    await ask().expect(200);
    store.isBlind = true;
  });

  it('our own routes answer as documented', async () => {
    await app.logout(issuer.token()).expect(500, DOCUMENTED.internal);
    await app.logout('no.to.ken').expect(401, DOCUMENTED.refused);
  });

  it('a route behind our own guard asks the store once', async () => {
    store.isBlind = false;
    const guarded = await TestApp.start(platform, { store }, { issuer });
    try {
      store.lookUps = 0;
      await guarded.me(issuer.token()).expect(200);
      expect(store.lookUps).toBe(1);
    } finally {
      await guarded.close();
    }
  });
});

describe.each(PLATFORMS)('Beside a forged token of the same identity, on %s', (platform) => {
  it('a logged out one stays refused, also where the store is asked each time', async () => {
    const app = await TestApp.start(platform, { store: new FaultyStore() }, { issuer });
    try {
      const token = issuer.token();
      const forged = jwt.sign(jwt.decode(token) as object, 'a key of another issuer, long enough');
      const ask = () =>
        request(app.url)
          .get('/me')
          .set({ ...bearer(token), Cookie: `a=${forged}` });
      await ask().expect(200);
      await app.logout(token).expect(200);
      await ask().expect(401);
    } finally {
      await app.close();
    }
  });
});

describe.each(PLATFORMS)('A logout whose token comes in a cookie, on %s', (platform) => {
  const store = new FaultyStore();
  let app: TestApp;
  let token: string;
  const logOut = (): Test =>
    request(app.url).post('/api/v1/auth/logout').set('Cookie', `access=${token}`).send({ token });

  beforeAll(async () => {
    const copyCookie = (from: { headers: IncomingHttpHeaders }, _: object, next: () => void) => {
      const [, access] = /access=([^;]*)/.exec(from.headers.cookie ?? '') ?? [];
      if (access !== undefined) from.headers.authorization ??= `Bearer ${access}`;
      next();
    };
    app = await TestApp.start(
      platform,
      { store, repeatedLogoutStatus: 200 },
      {
        issuer,
        configure: (nest) => {
          nest.use(copyCookie);
        },
      },
    );
    token = issuer.token();
  });
  afterAll(() => app.close());

  it('is not called done while the store is away, and the audit tells', async () => {
    store.isBlind = true;
    await logOut().expect(500, DOCUMENTED.internal);
    store.isBlind = false;
    expect(await auditOf(app)).toMatchObject([
      { event: 'authn_token_revoked', outcome: 'failure', reason: 'store_unavailable' },
    ]);
  });

  it('succeeds afterwards, and again where repeats may', async () => {
    await logOut().expect(200, DOCUMENTED.loggedOut);
    await logOut().expect(200, DOCUMENTED.loggedOut);
    await request(app.url).get('/me').set('Cookie', `access=${token}`).expect(401);
  });
});

describe.each(PLATFORMS)('A function in tokenSources that returns a promise, on %s', (platform) => {
  it('is refused with every request: nothing would wait for it', async () => {
    const found = (async () => Promise.reject(new Error('the host’s own'))) as never;
    const app = await start(platform, { tokenSources: [found] });
    try {
      await request(app.url).get('/health').expect(500, DOCUMENTED.internal);
    } finally {
      await app.close();
    }
  });
});

describe.each(PLATFORMS)('With enforce: "guarded" on %s', (platform) => {
  it("a host's own guard goes on accepting the token", async () => {
    const app = await start(platform, { enforce: 'guarded' });
    try {
      const token = issuer.token();
      await app.logout(token).expect(200);
      await request(app.url).get('/profile/header').set(bearer(token)).expect(200);
    } finally {
      await app.close();
    }
  });
});

describe('The boot says in one line what is enforced where', () => {
  const rules = { algorithms: ['HS256' as const], keys: issuer.key, issuer: null, audience: null };
  const linesOf = async (options: Partial<AuthModuleOptions>): Promise<string[]> => {
    @Module({
      imports: [AuthModule.forRoot({ ...rules, store: new MemoryRevocationStore(), ...options })],
    })
    class Host {}
    const app = await NestFactory.create(Host, { logger: false });
    const lines: string[] = [];
    const log = (line: string): void => void lines.push(line);
    app.useLogger({ log, warn: log, error: log });
    await app.init();
    await app.close();
    return lines.filter((line) => line.startsWith('Revoked tokens'));
  };

  it.each([
    [{}, /^Revoked tokens are removed from the Authorization header and the cookies of every HTTP/],
    [{ enforceExcept: ['/health'] }, /every HTTP request, except \/health, before your guards/],
    [{ tokenSources: [{ query: 't' }] }, /the cookies and 1 of tokenSources of every HTTP/],
    [{ enforce: 'guarded' as const }, /^Revoked tokens are refused by JwtAuthGuard and .* alone/],
  ])('with %p', async (options, line) => {
    expect(await linesOf(options)).toEqual([expect.stringMatching(line)]);
  });

  it.each([
    [{ enforceExcept: ['health'] }, '"enforceExcept[0]"'],
    [{ enforceExcept: ['/a*b'] }, '"enforceExcept[0]"'],
    [{ enforceExcept: '/health' as unknown as string[] }, '"enforceExcept"'],
    [{ tokenSources: [{ body: 'token' } as unknown as { query: string }] }, '"tokenSources[0]"'],
    [{ tokenSources: [{ header: 'x y' }] }, '"tokenSources[0]"'],
    [{ tokenSources: ['x-token' as unknown as { header: string }] }, '"tokenSources[0]"'],
    [{ tokenSources: [null as unknown as { header: string }] }, '"tokenSources[0]"'],
    [{ enforce: 'nowhere' as 'guarded' }, '"enforce"'],
  ])('and stops at %p', (options, name) => {
    const start = () =>
      new AuthOptions({ ...rules, store: new MemoryRevocationStore(), ...options });
    expect(start).toThrow(name);
  });
});

describe('Where there is no HTTP', () => {
  it('the module serves an application context', async () => {
    const rules = {
      algorithms: ['HS256' as const],
      keys: issuer.key,
      issuer: null,
      audience: null,
    };
    @Module({ imports: [AuthModule.forRoot({ ...rules, store: new MemoryRevocationStore() })] })
    class Worker {}
    const context = await NestFactory.createApplicationContext(Worker, { logger: false });
    expect(await context.get(RevokedTokensService).revoke(issuer.token())).toBe(true);
    expect(context.get(AuditLog)).toBeInstanceOf(AuditLog);
    await context.close();
  });
});

describe.each(FRAMEWORKS)(
  "The Express face before a host's own guard on %s",
  (_name, framework) => {
    const store = new FaultyStore();
    let server: Server;
    let url: string;
    const errors: unknown[] = [];
    const revocation = createRevocation({
      algorithms: ['HS256'],
      keys: issuer.key,
      store,
      onError: (error) => errors.push(error),
      auditPrinter: () => undefined,
    });
    const ask = (token: string) => request(url).get('/profile').set(bearer(token));

    beforeAll(async () => {
      const app = framework();
      app.use(revocation.enforce);
      app.post('/logout', revocation.logout);
      app.get('/profile', (from, to) => {
        const token = EXTRACTORS.header?.(from as unknown as HostRequest);
        try {
          jwt.verify(token ?? '', issuer.key);
          to.json({ ok: true });
        } catch {
          to.status(401).json({ host: 'refuses' });
        }
      });
      server = app.listen(0, '127.0.0.1');
      await once(server, 'listening');
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterAll(async () => {
      server.close();
      await revocation.close();
    });

    it('a logged out token is refused in its own words', async () => {
      const token = issuer.token();
      await ask(token).expect(200, { ok: true });
      await request(url).post('/logout').send({ token }).expect(200);
      await ask(token).expect(401, { host: 'refuses' });
    });

    it('a genuine token gets the documented 500 while the store is away', async () => {
      store.isBlind = true;
      await ask(issuer.token()).expect(500, { error: 'Internal server error' });
      await ask(issuer.token()).expect(500);
      await ask(new TestIssuer().token()).expect(401, { host: 'refuses' });
      store.isBlind = false;
      expect(errors).toEqual([
        new Error(
          'The revocation store gave no answer: 1 request refused. Let this host reach its server; ' +
            'logouts among them are in doubt, and may be repeated.',
          { cause: store.error },
        ),
      ]);
    });
  },
);
