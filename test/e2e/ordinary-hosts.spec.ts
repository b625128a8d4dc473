import {
  Body,
  Controller,
  Get,
  Injectable,
  Module,
  Post,
  Scope,
  UseGuards,
  type INestApplication,
  type MiddlewareConsumer,
  type NestModule,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import request from 'supertest';
import { AuthModule, JwtAuthGuard, type AuthModuleOptions } from '../../src';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { DOCUMENTED, LOGOUT, PLATFORMS, type Platform } from '../support/app';
import { TestIssuer } from '../support/tokens';

const issuer = new TestIssuer();

function options(more: Partial<AuthModuleOptions> = {}): AuthModuleOptions {
  return {
    algorithms: ['HS256'],
    keys: issuer.key,
    issuer: null,
    audience: null,
    throttleLimit: 1000,
    store: new MemoryRevocationStore(),
    ...more,
  };
}

@Controller()
class HostController {
  @Get('me')
  @UseGuards(JwtAuthGuard)
  me(): object {
    return { ok: true };
  }

  @Post('echo')
  echo(@Body() body: object): object {
    return body;
  }
}

@Module({ imports: [AuthModule.forRoot(options())], controllers: [HostController] })
class PlainHost {}

const BOOT = { logger: false, abortOnError: false } as const;

async function listening(app: INestApplication): Promise<string> {
  await app.listen(0, '127.0.0.1');
  return urlOf(app.getHttpServer() as Server);
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function createOn(platform: Platform, host: object): Promise<INestApplication> {
  return platform === 'fastify'
    ? NestFactory.create<NestFastifyApplication>(host, new FastifyAdapter(), BOOT)
    : NestFactory.create(host, new ExpressAdapter(), BOOT);
}

/** Before 200, the documented logout, after it refused. */
async function expectLogout(url: string, path = LOGOUT, me = '/me'): Promise<void> {
  const token = issuer.token();
  const bearer = { Authorization: `Bearer ${token}` };
  await request(url).get(me).set(bearer).expect(200);
  await request(url).post(path).set(bearer).send({ token }).expect(200, DOCUMENTED.loggedOut);
  await request(url).get(me).set(bearer).expect(401);
}

describe('A host that reads the body before us', () => {
  it('by a parser on its own Express application', async () => {
    const own = express();
    own.use(express.json());
    const app = await NestFactory.create(PlainHost, new ExpressAdapter(own), BOOT);
    try {
      const url = await listening(app);
      await request(url).post('/echo').send({ a: 1 }).expect(201, { a: 1 });
      await expectLogout(url);
    } finally {
      await app.close();
    }
  });

  it.each([
    ['with its bytes', { verify: keepBytes }],
    ['without them', {}],
  ])('by the platform that runs it as a function, %s', async (_, parserOptions) => {
    const handler = express();
    const app = await NestFactory.create(PlainHost, new ExpressAdapter(handler), BOOT);
    const platform = express();
    platform.use(express.json(parserOptions));
    platform.use((from, to) => {
      handler(from, to);
    });
    const server = createServer(platform).listen(0, '127.0.0.1');
    try {
      await app.init();
      await once(server, 'listening');
      await expectLogout(urlOf(server));
    } finally {
      server.close();
      await app.close();
    }
  });

  it.each<[string, (app: NestExpressApplication) => void]>([
    ['by express.json() in main.ts', (app) => void app.use(express.json())],
    ['by useBodyParser in main.ts', (app) => void app.useBodyParser('json', { limit: '1mb' })],
  ])('%s: malformed JSON still gets our envelope', async (_, configure) => {
    const app = await NestFactory.create<NestExpressApplication>(PlainHost, {
      ...BOOT,
      bodyParser: false,
    });
    configure(app);
    try {
      const url = await listening(app);
      await expectLogout(url);
      const malformed = request(url).post(LOGOUT).type('json').send('{"secret');
      await malformed.expect(400, DOCUMENTED.badRequest);
    } finally {
      await app.close();
    }
  });

  it('by none at all: rawBody: true', async () => {
    const app = await NestFactory.create(PlainHost, { ...BOOT, rawBody: true });
    try {
      await expectLogout(await listening(app));
    } finally {
      await app.close();
    }
  });
});

function keepBytes(from: object, _: object, bytes: Buffer): void {
  Object.assign(from, { rawBody: bytes });
}

describe('A host that reaches our route another way', () => {
  it('by a URL that a middleware in main.ts rewrites', async () => {
    const app = await createOn('express', PlainHost);
    app.use((from: Request, _: Response, next: NextFunction) => {
      if (from.url === '/old/logout') from.url = LOGOUT;
      next();
    });
    try {
      await expectLogout(await listening(app), '/old/logout');
    } finally {
      await app.close();
    }
  });

  it('by a URL that is rewritten behind the body parser', async () => {
    const app = await NestFactory.create(PlainHost, { ...BOOT, bodyParser: false });
    app.use(express.json(), express.urlencoded({ extended: true }));
    app.use((from: Request, _: Response, next: NextFunction) => {
      if (from.url === '/old/logout') from.url = LOGOUT;
      next();
    });
    try {
      const url = await listening(app);
      await expectLogout(url, '/old/logout');
      const form = request(url).post('/old/logout').type('form').send({ token: 'x' });
      await form.expect(415);
    } finally {
      await app.close();
    }
  });

  it('by mounting the whole application below a path', async () => {
    const inner: Express = express();
    const app = await NestFactory.create(PlainHost, new ExpressAdapter(inner), BOOT);
    const outer = express();
    outer.use('/below', inner);
    const server = createServer(outer).listen(0, '127.0.0.1');
    try {
      await app.init();
      await once(server, 'listening');
      await expectLogout(urlOf(server), `/below${LOGOUT}`, '/below/me');
    } finally {
      server.close();
      await app.close();
    }
  });

  it('over HTTP/2, where no length announces a body', async () => {
    @Module({
      imports: [AuthModule.forRoot(options({ bodyToken: 'optional' }))],
      controllers: [HostController],
    })
    class Host {}
    const adapter = new FastifyAdapter({ http2: true } as object);
    const app = await NestFactory.create<NestFastifyApplication>(Host, adapter, BOOT);
    try {
      const url = await listening(app);
      const [bearer, named] = [issuer.token(), issuer.token()];
      const client = connect(url);
      const ask = async (method: string, path: string, token: string, body?: string) => {
        const stream = client.request({
          ':method': method,
          ':path': path,
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        });
        stream.end(body);
        const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
        return [Number(headers[':status']), await text(stream)];
      };
      const body = JSON.stringify({ token: named });
      expect(await ask('POST', LOGOUT, bearer, body)).toEqual([200, DOCUMENTED.loggedOut]);
      expect((await ask('GET', '/me', named))[0]).toBe(401);
      expect((await ask('GET', '/me', bearer))[0]).toBe(200);
      client.close();
    } finally {
      await app.close();
    }
  });
});

describe.each(PLATFORMS)(
  'A host on %s whose middleware copies a cookie into the header',
  (platform) => {
    const copy = (from: { headers: IncomingHttpHeaders }): void => {
      const [, token] = /(?:^|; )access=([^;]*)/.exec(from.headers.cookie ?? '') ?? [];
      if (token !== undefined) from.headers.authorization = `Bearer ${token}`;
    };

    const logoutByCookie = async (url: string): Promise<void> => {
      const token = issuer.token();
      const cookie = { Cookie: `theme=dark; access=${token}` };
      await request(url).get('/me').set(cookie).expect(200);
      await request(url).post(LOGOUT).set(cookie).send({ token }).expect(200, DOCUMENTED.loggedOut);
      await request(url).get('/me').set(cookie).expect(401);
      await request(url)
        .post(LOGOUT)
        .set({ Cookie: `access=${issuer.token()}`, 'Sec-Fetch-Site': 'cross-site' })
        .type('form')
        .expect(415);
    };

    it('in main.ts', async () => {
      const app = await createOn(platform, PlainHost);
      if (platform === 'fastify')
        (app as NestFastifyApplication)
          .getHttpAdapter()
          .getInstance()
          .addHook('onRequest', (from, _, done) => {
            copy(from);
            done();
          });
      else
        app.use((from: Request, _: Response, next: NextFunction) => {
          copy(from);
          next();
        });
      try {
        await logoutByCookie(await listening(app));
      } finally {
        await app.close();
      }
    });

    it('by consumer.apply, which comes after the body parser', async () => {
      @Module({ imports: [AuthModule.forRoot(options())], controllers: [HostController] })
      class Host implements NestModule {
        configure(consumer: MiddlewareConsumer): void {
          consumer
            .apply((from: Request, _: Response, next: NextFunction) => {
              copy(from);
              next();
            })
            .forRoutes('*path');
        }
      }
      const app = await createOn(platform, Host);
      try {
        await logoutByCookie(await listening(app));
      } finally {
        await app.close();
      }
    });
  },
);

describe.each(PLATFORMS)('A host on %s', (platform) => {
  it('with CORS: a page may read every refusal of ours', async () => {
    @Module({
      imports: [AuthModule.forRoot(options({ throttleLimit: 3 }))],
      controllers: [HostController],
    })
    class Host {}
    const app = await createOn(platform, Host);
    app.enableCors({ origin: 'https://page.example' });
    try {
      const url = await listening(app);
      const post = () => request(url).post(LOGOUT).set('Origin', 'https://page.example');
      const seen: number[] = [];
      for (const ask of [
        post().type('json').send('{'),
        post().type('form').send('a=b'),
        post()
          .type('json')
          .send(JSON.stringify({ a: 'x'.repeat(17_000) })),
        post().send({}),
      ]) {
        const answer = await ask;
        expect(answer.headers['access-control-allow-origin']).toBe('https://page.example');
        seen.push(answer.status);
      }
      expect(seen).toEqual([400, 415, 413, 429]);
    } finally {
      await app.close();
    }
  });

  it('whose clients log out by the bearer alone: a form type without a body is no form', async () => {
    @Module({
      imports: [AuthModule.forRoot(options({ bodyToken: 'optional' }))],
      controllers: [HostController],
    })
    class Host {}
    const app = await createOn(platform, Host);
    try {
      const url = await listening(app);
      // axios.post(url, null) in Node.
      const ask = () =>
        request(url)
          .post(LOGOUT)
          .set('Authorization', `Bearer ${issuer.token()}`)
          .set('Content-Type', 'application/x-www-form-urlencoded');
      await ask().set('Content-Length', '0').expect(200, DOCUMENTED.loggedOut);
      await ask().send('a=b').expect(415);
    } finally {
      await app.close();
    }
  });
});

describe('A registration that cannot work stops the boot and says what to do', () => {
  const boot = async (host: object): Promise<string> => {
    const app = await NestFactory.create(host, BOOT);
    try {
      return await app.init().then(
        () => 'booted',
        (error: unknown) => String(error),
      );
    } finally {
      await app.close().catch(() => undefined);
    }
  };

  it('twice in one application', async () => {
    @Module({ imports: [AuthModule.forRoot(options())] })
    class Feature {}
    @Module({ imports: [AuthModule.forRootAsync({ useFactory: () => options() }), Feature] })
    class Host {}
    expect(await boot(Host)).toMatch(/"AuthModule" must be registered once.*isGlobal: true/);
  });

  it('but one registration may be imported in several modules', async () => {
    const one = AuthModule.forRoot(options());
    @Module({ imports: [one] })
    class Feature {}
    @Module({ imports: [one, Feature] })
    class Host {}
    expect(await boot(Host)).toBe('booted');
  });

  it('with options of a request-scoped provider', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Tenant {}
    @Module({ providers: [Tenant], exports: [Tenant] })
    class TenantModule {}
    @Module({
      imports: [
        AuthModule.forRootAsync({
          imports: [TenantModule],
          inject: [Tenant],
          useFactory: () => options(),
        }),
      ],
    })
    class Host {}
    expect(await boot(Host)).toMatch(/must be given options that are the same for every request/);
  });
});
