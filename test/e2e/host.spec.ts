import {
  BadRequestException,
  Catch,
  Controller,
  ForbiddenException,
  Injectable,
  Post,
  UseFilters,
  ValidationPipe,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type INestApplication,
  type NestInterceptor,
} from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { map, type Observable } from 'rxjs';
import request from 'supertest';
import { LogoutExceptionFilter } from '../../src';
import { ANSWERS, answerOf } from '../support/answers';
import { LOGOUT, MeController, PLATFORMS, TestApp, type Platform } from '../support/app';
import { FaultyStore } from '../support/faulty-store';

class Wrapping implements NestInterceptor {
  intercept(_: unknown, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ wrapped: true, data })));
  }
}

@Catch()
class Teapot implements ExceptionFilter {
  catch(_: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<{ code?: unknown; status: unknown }>();
    const answer = response as unknown as { status(code: number): { send(body: object): void } };
    answer.status(418).send({ teapot: true });
  }
}

@Injectable()
class Refusing implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

class Crashing implements NestInterceptor {
  intercept(): never {
    throw new RangeError('canary');
  }
}

/** What hosts put over everything; none of it may change a byte of ours. */
const HOSTS: readonly [what: string, configure: (app: INestApplication) => void][] = [
  [
    'a strict global ValidationPipe',
    (app) =>
      app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true })),
  ],
  [
    'a transforming ValidationPipe',
    (app) => app.useGlobalPipes(new ValidationPipe({ transform: true })),
  ],
  ['an interceptor that wraps every answer', (app) => app.useGlobalInterceptors(new Wrapping())],
  ['a filter for every exception', (app) => app.useGlobalFilters(new Teapot())],
  [
    'shutdown hooks and CORS',
    (app) => {
      app.enableShutdownHooks().enableCors();
    },
  ],
];

const everyVerdict = async (app: TestApp): Promise<void> => {
  const token = app.issuer.token();
  const body = { token, unknown: 'property', exp: 1 };
  const bearer = `Bearer ${token}`;
  expect(answerOf(await app.post())).toEqual(ANSWERS.missing);
  expect(answerOf(await app.logout(app.issuer.expired()))).toEqual(ANSWERS.expired);
  expect(answerOf(await app.logout(token, 42))).toEqual(ANSWERS.refused);
  expect(answerOf(await app.post().type('json').send('{'))).toEqual(ANSWERS.badRequest);
  expect(answerOf(await app.post().type('form').send('a=b'))).toEqual(ANSWERS.unsupported);
  expect(answerOf(await request(app.url).get(LOGOUT))).toEqual(ANSWERS.methodNotAllowed);
  expect(answerOf(await app.post().set('Authorization', bearer).send(body))).toEqual(
    ANSWERS.loggedOut,
  );
  expect(answerOf(await app.logout(token))).toEqual(ANSWERS.refused);
};

describe.each(PLATFORMS)('In a host on %s', (platform) => {
  let app: TestApp;
  afterEach(() => app.close());

  it.each(HOSTS)('with %s our bytes stay exact', async (_, configure) => {
    app = await TestApp.start(platform, {}, { configure });
    await everyVerdict(app);
  });

  it('with a filter for every exception our 500 stays exact', async () => {
    const store = new FaultyStore();
    store.addFails = 'before';
    const configure = (nest: INestApplication): void => {
      nest.useGlobalFilters(new Teapot());
    };
    app = await TestApp.start(platform, { store }, { configure });
    expect(answerOf(await app.logout(app.issuer.token()))).toEqual(ANSWERS.internal);
  });

  it('with a guard that refuses us, the refusal wears our envelope and nothing is revoked', async () => {
    const configure = (nest: INestApplication): void => {
      nest.useGlobalGuards(new Refusing());
    };
    app = await TestApp.start(platform, {}, { configure });
    const answer = answerOf(await app.logout(app.issuer.token()));
    expect(answer).toEqual({ ...ANSWERS.badRequest, status: 403 });
  });

  it('with an interceptor that crashes, the crash is our 500 and says nothing', async () => {
    const configure = (nest: INestApplication): void => {
      nest.useGlobalInterceptors(new Crashing());
    };
    app = await TestApp.start(platform, {}, { configure });
    expect(answerOf(await app.logout(app.issuer.token()))).toEqual(ANSWERS.internal);
  });

  it("the host's own routes keep the host's body parser", async () => {
    @Controller('echo')
    class EchoController {
      @Post()
      echo(): object {
        return { read: true };
      }
    }
    app = await TestApp.start(platform, {}, { controllers: [EchoController] });
    await app.post('/echo').type('json').send('{"a":1}').expect(201, { read: true });
    const refused = await app.post('/echo').type('json').send('{').expect(400);
    expect(refused.body).not.toHaveProperty('success');
  });
});

const EXPRESS_PARSERS: readonly [string, (app: NestExpressApplication) => void][] = [
  ['a small limit', (app) => app.useBodyParser('json', { limit: 10 })],
  ['forms', (app) => app.useBodyParser('urlencoded', { extended: true })],
  ['text for all types', (app) => app.useBodyParser('text', { type: () => true })],
  ['raw bodies for all types', (app) => app.useBodyParser('raw', { type: () => true })],
];

describe("A host's own body parser", () => {
  let app: TestApp;
  afterEach(() => app.close());

  it.each(EXPRESS_PARSERS)('changes nothing on Express with %s', async (_, useParser) => {
    const configure = (nest: INestApplication): void => {
      useParser(nest as NestExpressApplication);
    };
    app = await TestApp.start('express', {}, { configure });
    await everyVerdict(app);
  });

  it('changes nothing on Fastify with a small limit', async () => {
    app = await TestApp.start('fastify', {}, { adapter: new FastifyAdapter({ bodyLimit: 10 }) });
    await everyVerdict(app);
  });

  it('changes nothing on Fastify without any parser', async () => {
    const adapter = new FastifyAdapter();
    adapter.getInstance().removeAllContentTypeParsers();
    app = await TestApp.start('fastify', {}, { adapter });
    const token = app.issuer.token();
    expect(answerOf(await app.logout(token))).toEqual(ANSWERS.loggedOut);
  });
});

const thrown = {
  bad: new BadRequestException('canary'),
  forbidden: new ForbiddenException('canary'),
  crash: new Error('canary'),
};

@Controller('filtered')
@UseFilters(LogoutExceptionFilter)
class FilteredController {
  @Post('bad')
  bad(): never {
    throw thrown.bad;
  }

  @Post('forbidden')
  forbidden(): never {
    throw thrown.forbidden;
  }

  @Post('crash')
  crash(): never {
    throw thrown.crash;
  }
}

describe.each<Platform>(PLATFORMS)("LogoutExceptionFilter on a host's routes on %s", (platform) => {
  let app: TestApp;
  const logged: unknown[] = [];
  beforeAll(async () => {
    app = await TestApp.start(
      platform,
      {},
      {
        controllers: [MeController, FilteredController],
        configure: (nest) => {
          const error = (message: unknown): void => {
            logged.push(message);
          };
          nest.useLogger({ log: () => undefined, warn: () => undefined, error });
        },
      },
    );
  });
  afterAll(() => app.close());

  it.each([
    ['bad', ANSWERS.badRequest],
    ['forbidden', { ...ANSWERS.badRequest, status: 403 }],
    ['crash', ANSWERS.internal],
  ])('gives %s our envelope, without its words', async (path, answer) => {
    expect(answerOf(await app.post(`/filtered/${path}`))).toEqual(answer);
  });

  it('logs unexpected errors, and only those', async () => {
    expect(logged).toEqual([thrown.crash]);
    await app.post('/filtered/crash').expect(500);
    expect(logged).toEqual([thrown.crash, thrown.crash]);
  });
});
