import {
  Controller,
  Delete,
  Get,
  Module,
  Post,
  Body,
  Param,
  type INestApplication,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import request, { type Test } from 'supertest';
import { AuthModule, type AuthModuleOptions } from '../../src';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { adapterFor, DOCUMENTED, PLATFORMS } from '../support/app';
import { sessionOptions } from '../support/sessions';
import { AUDIENCE, ISSUER, TestIssuer } from '../support/tokens';

const BASE = '/api/v1/auth';

/** Routes of the host's, at the very paths of ours. */
@Controller(BASE)
class HostController {
  @Post(['refresh', 'logout/others', 'logout/all', 'revoke', 'introspect'])
  post(@Body() body: unknown): unknown {
    return { host: body };
  }

  @Get('sessions')
  list(): unknown {
    return { host: 'list' };
  }

  @Delete('sessions/:id')
  end(@Param('id') id: string): unknown {
    return { host: id };
  }
}

@Module({ controllers: [HostController] })
class HostModule {}

const issuer = new TestIssuer();

const moduleWith = (more: Partial<AuthModuleOptions>) =>
  AuthModule.forRootAsync({
    useFactory: async () => {
      await Promise.resolve();
      return {
        algorithms: ['HS256'],
        keys: issuer.key,
        issuer: ISSUER,
        audience: AUDIENCE,
        store: new MemoryRevocationStore(),
        throttleLimit: 3,
        ...more,
      };
    },
  });

describe.each(PLATFORMS)('Without the option sessions, on %s,', (platform) => {
  let nest: INestApplication;
  let url: string;
  const start = async (
    order: 'ours first' | 'ours last' | 'ours alone',
    more: Partial<AuthModuleOptions> = {},
  ): Promise<void> => {
    const ours = moduleWith(more);
    const imports = {
      'ours first': [ours, HostModule],
      'ours last': [HostModule, ours],
      'ours alone': [ours],
    };

    @Module({ imports: imports[order] })
    class Host {}

    nest = await NestFactory.create(Host, adapterFor(platform), { logger: false });
    await nest.listen(0, '127.0.0.1');
    url = await nest.getUrl();
  };
  afterEach(() => nest.close());

  const ask = (method: 'get' | 'post' | 'delete', path: string): Test =>
    request(url)[method](`${BASE}${path}`);
  const documentedPaths = (): string[] =>
    Object.keys(SwaggerModule.createDocument(nest, new DocumentBuilder().build()).paths);

  it.each(['ours first', 'ours last'] as const)(
    'the host’s own routes at those paths are served, with its parsers and without a limit: %s',
    async (order) => {
      await start(order);
      for (const path of ['/refresh', '/logout/others', '/logout/all', '/revoke', '/introspect'])
        for (let count = 0; count < 5; count += 1) {
          const form = ask('post', path).type('form').send('a=1');
          if (platform === 'express') await form.expect(201, { host: { a: '1' } });
          else expect([201, 415]).toContain((await form).status);
          const json = ask('post', path).send({ a: 'x'.repeat(30_000) });
          expect((await json).status).toBe(201);
        }
      await ask('get', '/sessions').expect(200, { host: 'list' });
      await ask('delete', '/sessions/s1').expect(200, { host: 's1' });
    },
  );

  it('paths without a route are the host’s 404, and the logout is ours', async () => {
    await start('ours alone');
    for (const [method, path] of [
      ['post', '/refresh'],
      ['get', '/refresh'],
      ['post', '/logout/others'],
      ['post', '/logout/all'],
      ['get', '/sessions'],
      ['delete', '/sessions/s1'],
      ['post', '/revoke'],
    ] as const) {
      const answer = await ask(method, path);
      const message = `Cannot ${method.toUpperCase()} ${BASE}${path}`;
      expect([answer.status, answer.body]).toMatchObject([404, { message, error: 'Not Found' }]);
    }
    await ask('post', '/logout').expect(401, DOCUMENTED.refused);
    expect(documentedPaths()).toEqual([`${BASE}/logout`]);
  });

  it('documents of the host show its own routes at those paths, and none of ours', async () => {
    await start('ours first');
    const { paths } = SwaggerModule.createDocument(nest, new DocumentBuilder().build());
    expect(paths[`${BASE}/refresh`]?.post?.operationId).toBe('HostController_post[0]');
  });

  it('with it the routes exist, also by options of a factory', async () => {
    await start('ours alone', { sessions: sessionOptions() });
    await ask('post', '/refresh').expect(401, DOCUMENTED.refused);
    expect(documentedPaths().toSorted()).toEqual(
      [
        'logout',
        'logout/all',
        'logout/others',
        'refresh',
        'revoke',
        'sessions',
        'sessions/{sid}',
      ].map((path) => `${BASE}/${path}`),
    );
  });
});
