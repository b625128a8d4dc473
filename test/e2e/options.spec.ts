import {
  Controller,
  ForbiddenException,
  Get,
  Injectable,
  Module,
  Req,
  UseGuards,
  type CanActivate,
  type DynamicModule,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import request from 'supertest';
import {
  AuthModule,
  JwtAuthGuard,
  RevokedTokensService,
  TokenRejectedError,
  type AuthModuleOptions,
  type Claims,
} from '../../src';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { ANSWERS, answerOf } from '../support/answers';
import {
  adapterFor,
  LOGOUT,
  MeController,
  PLATFORMS,
  TestApp,
  type Platform,
} from '../support/app';
import { FaultyStore } from '../support/faulty-store';
import { AUDIENCE, ISSUER, TestIssuer } from '../support/tokens';

@Controller('user')
@UseGuards(JwtAuthGuard)
class UserController {
  @Get()
  get(@Req() { user }: { readonly user?: unknown }): object {
    return { user };
  }
}

let app: TestApp;
afterEach(() => app.close());

const bare = (bearer: string) => app.post().set('Authorization', `Bearer ${bearer}`);
const text = (message: string): string => JSON.stringify({ success: false, message });

describe.each(PLATFORMS)('The option expiredStatus on %s', (platform) => {
  it('makes every 403 a 401 and changes nothing else', async () => {
    app = await TestApp.start(platform, { expiredStatus: 401 });
    const expired = app.issuer.expired();
    const answer = { ...ANSWERS.expired, status: 401 };
    expect(answerOf(await app.logout(expired))).toEqual(answer);
    expect(answerOf(await app.logout(app.issuer.token(), expired))).toEqual(answer);
    expect(answerOf(await app.me(expired))).toEqual(answer);
    expect(answerOf(await app.logout('a.b.c'))).toEqual(ANSWERS.refused);
  });
});

describe.each(PLATFORMS)('The option messages on %s', (platform) => {
  it('speaks English, with the same statuses', async () => {
    const store = new FaultyStore();
    app = await TestApp.start(platform, { messages: 'en', store });
    const token = app.issuer.token();
    const expired = app.issuer.expired();
    await request(app.url).get(LOGOUT).expect(405, text('Method not allowed'));
    await app.post().type('form').send('a=b').expect(415, text('Unsupported media type'));
    const long = `"${'x'.repeat(16_384)}"`;
    await app.post().type('json').send(long).expect(413, text('Content too large'));
    await app.post().type('json').send('{').expect(400, text('Bad request'));
    await app.logout('a.b.c').expect(401, text('Token missing or invalid'));
    await app.logout(expired).expect(403, text('The token has expired'));
    await app.logout(token).expect(200, '{"success":true,"message":"Logged out successfully"}');
    store.isBlind = true;
    await app.me(token).expect(500, text('Internal server error'));
  });

  it('says too many requests in English', async () => {
    app = await TestApp.start(platform, { messages: 'en', throttleLimit: 1 });
    await app.post().expect(401);
    await app.post().expect(429, text('Too many requests'));
  });

  it("takes the host's words for some of them, the documented for the rest", async () => {
    app = await TestApp.start(platform, { messages: { loggedOut: 'Au revoir « Ada »' } });
    const token = app.issuer.token();
    await app.logout(token).expect(200, '{"success":true,"message":"Au revoir « Ada »"}');
    expect(answerOf(await app.logout(token))).toEqual(ANSWERS.refused);
  });
});

describe.each(PLATFORMS)('The option bodyToken on %s', (platform) => {
  beforeEach(async () => {
    app = await TestApp.start(platform, { bodyToken: 'optional' });
  });

  it.each([
    ['no body', undefined],
    ['an empty object', '{}'],
    ['an object with other things', '{"reason":"bye"}'],
  ])('takes the bearer for %s', async (_, body) => {
    const token = app.issuer.token();
    const sent = bare(token);
    const answer = await (body === undefined ? sent : sent.type('json').send(body));
    expect(answerOf(answer)).toEqual(ANSWERS.loggedOut);
    await app.me(token).expect(401);
  });

  it.each(['[]', '"token"', '42', 'null', '{"token":null}', '{"token":42}', '{"token":""}'])(
    'does not guess what %s means: the bearer lives',
    async (body) => {
      const token = app.issuer.token();
      expect(answerOf(await bare(token).type('json').send(body))).toEqual(ANSWERS.refused);
      await app.me(token).expect(200);
    },
  );

  it('still ends the token that is named, not the bearer', async () => {
    const [bearer, named] = [app.issuer.token(), app.issuer.token()];
    expect(answerOf(await app.logout(bearer, named))).toEqual(ANSWERS.loggedOut);
    await app.me(bearer).expect(200);
    await app.me(named).expect(401);
  });

  it('still answers 401 for a second logout', async () => {
    const token = app.issuer.token();
    await bare(token).expect(200);
    expect(answerOf(await bare(token))).toEqual(ANSWERS.refused);
  });
});

describe.each(PLATFORMS)('The option repeatedLogoutStatus on %s', (platform) => {
  let store: FaultyStore;
  const start = async (options: Partial<AuthModuleOptions> = {}): Promise<void> => {
    store = new FaultyStore();
    app = await TestApp.start(platform, { repeatedLogoutStatus: 200, store, ...options });
  };

  it('lets a token log itself out again, and opens nothing else to it', async () => {
    await start();
    const token = app.issuer.token();
    expect(answerOf(await app.logout(token))).toEqual(ANSWERS.loggedOut);
    expect(answerOf(await app.logout(token))).toEqual(ANSWERS.loggedOut);
    expect(answerOf(await app.me(token))).toEqual(ANSWERS.refused);
    const { events } = await store.audit.find({ event: 'authn_token_revoked' });
    expect(events).toHaveLength(1);
  });

  it('lets no revoked token log another one out', async () => {
    await start();
    const [token, other] = [app.issuer.token(), app.issuer.token()];
    await app.logout(token).expect(200);
    expect(answerOf(await app.logout(token, other))).toEqual(ANSWERS.refused);
    expect(answerOf(await bare(token))).toEqual(ANSWERS.refused);
    await app.me(other).expect(200);
  });

  it('lets a live bearer name a token that is revoked already', async () => {
    await start();
    const [bearer, named] = [app.issuer.token(), app.issuer.token()];
    expect(answerOf(await app.logout(bearer, named))).toEqual(ANSWERS.loggedOut);
    expect(answerOf(await app.logout(bearer, named))).toEqual(ANSWERS.loggedOut);
  });

  it('with an optional body token needs none the second time either', async () => {
    await start({ bodyToken: 'optional' });
    const token = app.issuer.token();
    await bare(token).expect(200);
    expect(answerOf(await bare(token))).toEqual(ANSWERS.loggedOut);
  });

  it('makes a retry after a 500 that had committed a 200', async () => {
    await start();
    const token = app.issuer.token();
    store.addFails = 'after';
    expect(answerOf(await app.logout(token))).toEqual(ANSWERS.internal);
    store.addFails = 'never';
    expect(answerOf(await app.logout(token))).toEqual(ANSWERS.loggedOut);
  });

  it('is no pardon for forged or expired tokens', async () => {
    await start();
    const token = app.issuer.token();
    await app.logout(token).expect(200);
    expect(answerOf(await app.logout(token, app.issuer.expired()))).toEqual(ANSWERS.refused);
    expect(answerOf(await app.logout(app.issuer.expired()))).toEqual(ANSWERS.expired);
  });
});

describe.each(PLATFORMS)('The option validate on %s', (platform) => {
  const start = async (validate: AuthModuleOptions['validate']): Promise<void> => {
    app = await TestApp.start(
      platform,
      { validate },
      { controllers: [UserController, MeController] },
    );
  };
  const user = (token = app.issuer.token()) =>
    request(app.url).get('/user').set('Authorization', `Bearer ${token}`);

  it.each<[string, (claims: Claims) => unknown]>([
    ['at once', ({ sub }) => ({ name: sub })],
    ['later', ({ sub }) => Promise.resolve({ name: sub })],
  ])('decides %s who request.user is', async (_, validate) => {
    await start(validate);
    await user().expect(200, { user: { name: 'ada' } });
  });

  it('runs on every request that has a live token, and on no other', async () => {
    const asked: unknown[] = [];
    await start((claims, { method, url }: { method?: string; url?: string }) => {
      asked.push([claims.jti, method, url]);
      return claims;
    });
    const token = app.issuer.token({ jti: 'one' });
    await user(token).expect(200);
    await user(token).expect(200);
    await user(app.issuer.expired()).expect(403);
    await user('a.b.c').expect(401);
    await app.logout(token).expect(200);
    await user(token).expect(401);
    expect(asked).toEqual([
      ['one', 'GET', '/user'],
      ['one', 'GET', '/user'],
    ]);
  });

  it.each([null, undefined, false])('refuses by %p', async (value) => {
    await start(() => value);
    expect(answerOf(await user())).toEqual(ANSWERS.refused);
  });

  it.each([0, '', true])('lets in by anything else, such as %p', async (value) => {
    await start(() => value);
    await user().expect(200, { user: value });
  });

  it('refuses by null that comes later', async () => {
    await start(() => Promise.resolve(null));
    expect(answerOf(await user())).toEqual(ANSWERS.refused);
  });

  it.each<[string, () => unknown]>([
    [
      'at once',
      () => {
        throw new ForbiddenException({ locked: true });
      },
    ],
    ['later', () => Promise.reject(new ForbiddenException({ locked: true }))],
  ])("passes the host's own HttpException on, thrown %s", async (_, validate) => {
    await start(validate);
    await user().expect(403, { locked: true });
  });

  it('gives our own rejections their status', async () => {
    await start(() => Promise.reject(new TokenRejectedError('TOKEN_EXPIRED')));
    expect(answerOf(await user())).toEqual(ANSWERS.expired);
  });

  it.each<[string, unknown]>([
    ['an error', new Error('SELECT canary')],
    ['a text', 'canary'],
    ['nothing', undefined],
  ])('makes %s that it throws the documented 500', async (_, thrown) => {
    await start(() => {
      throw thrown;
    });
    expect(answerOf(await user())).toEqual(ANSWERS.internal);
  });

  it('does not stand between a user and the logout', async () => {
    await start(() => null);
    expect(answerOf(await app.logout(app.issuer.token()))).toEqual(ANSWERS.loggedOut);
  });
});

@Injectable()
class NeedsTheService implements CanActivate {
  constructor(readonly tokens: RevokedTokensService) {}

  canActivate(): boolean {
    return true;
  }
}

@Module({ providers: [NeedsTheService], exports: [NeedsTheService] })
class Elsewhere {}

async function serve(
  platform: Platform,
  auth: DynamicModule,
  issuer: TestIssuer,
): Promise<TestApp> {
  @Module({ imports: [auth, Elsewhere], controllers: [MeController] })
  class Host {}
  const nest = await NestFactory.create(Host, adapterFor(platform), {
    logger: false,
    abortOnError: false,
  });
  await nest.listen(0, '127.0.0.1');
  return new TestApp(nest, issuer, new MemoryRevocationStore());
}

describe.each(PLATFORMS)('AuthModule.forRootAsync on %s', (platform) => {
  it('serves at its path, to every module, with options from a factory', async () => {
    const issuer = new TestIssuer();
    const auth = AuthModule.forRootAsync({
      isGlobal: true,
      path: 'session',
      inject: ['SECRET'],
      provideInjectionTokensFrom: [{ provide: 'SECRET', useValue: issuer.key }],
      useFactory: async (secret: string) => {
        await Promise.resolve();
        return {
          algorithms: ['HS256'] as const,
          keys: secret,
          issuer: ISSUER,
          audience: AUDIENCE,
          store: new MemoryRevocationStore(),
        };
      },
    });
    app = await serve(platform, auth, issuer);
    const token = issuer.token();
    const sent = app.post('/session/logout').set('Authorization', `Bearer ${token}`);
    expect(answerOf(await sent.send({ token }))).toEqual(ANSWERS.loggedOut);
    await app.me(token).expect(401);
    const { tokens } = app.nest.get(NeedsTheService);
    expect(tokens).toBe(app.nest.get(RevokedTokensService));
  });
});

describe('A module that is not global', () => {
  it('is not known to modules that do not import it', async () => {
    app = await TestApp.start('express');
    const issuer = new TestIssuer();
    const auth = AuthModule.forRoot({
      algorithms: ['HS256'],
      keys: issuer.key,
      issuer: ISSUER,
      audience: AUDIENCE,
      store: new MemoryRevocationStore(),
    });
    await expect(serve('express', auth, issuer)).rejects.toThrow(/RevokedTokensService/);
  });
});
