import { Controller, Get, Module, UseGuards, type INestApplication } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import type { Server } from 'node:http';
import request from 'supertest';
import {
  CurrentToken,
  CurrentUser,
  LogoutGuard,
  LogoutModule,
  RevokedTokensService,
  VerifiedToken,
  type Claims,
} from '../../src';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { actAs, LogoutTesting, verifiedToken } from '../../src/testing';
import { LOGOUT } from '../support/app';

interface RoleClaims extends Claims {
  readonly roles: readonly string[];
}

class User {
  id = 0;
}

/** A host's controller, which is to be tested. */
@Controller('me')
@UseGuards(LogoutGuard)
class MeController {
  @Get()
  me(@CurrentToken() { claims }: VerifiedToken<RoleClaims>): object {
    return { sub: claims.sub, roles: claims.roles };
  }

  @Get('user')
  user(@CurrentUser() user: User, @CurrentUser<User>('id') id: number): object {
    return { user, id };
  }

  @Get('key')
  key(@CurrentToken() { revocationKey }: VerifiedToken): object {
    return { length: revocationKey.length };
  }
}

@Controller('open')
class UnguardedController {
  @Get()
  who(@CurrentToken() token: VerifiedToken | undefined): object {
    return { sub: token?.claims.sub ?? null };
  }
}

let nest: INestApplication<Server>;
afterEach(() => nest.close());

const serve = async (fixture: {
  createNestApplication: () => INestApplication<Server>;
}): Promise<void> => {
  nest = fixture.createNestApplication();
  nest.useLogger(false);
  await nest.init();
};

const get = (path: string, token?: string) => {
  const asked = request(nest.getHttpServer()).get(path);
  return token === undefined ? asked : asked.set('Authorization', `Bearer ${token}`);
};

describe('A test of a controller, with actAs in place of our guard', () => {
  it('fills @CurrentToken() and @CurrentUser(), without our module', async () => {
    const user = { id: 7, sub: 'ada', roles: ['reader'] };
    const testing = Test.createTestingModule({ controllers: [MeController] });
    await serve(await testing.overrideGuard(LogoutGuard).useValue(actAs(user)).compile());
    await get('/me').expect(200, { sub: 'ada', roles: ['reader'] });
    await get('/me/user').expect(200, { user, id: 7 });
    await get('/me/key').expect(200, { length: 64 });
  });

  it('tells the claims of the token from the user where they differ', async () => {
    const guard = actAs({ id: 7 }, { sub: '7', roles: [] });
    const testing = Test.createTestingModule({ controllers: [MeController] });
    await serve(await testing.overrideGuard(LogoutGuard).useValue(guard).compile());
    await get('/me').expect(200, { sub: '7', roles: [] });
    await get('/me/user').expect(200, { user: { id: 7 }, id: 7 });
  });

  it('works in the whole application, by overrideGuard or as its global guard', async () => {
    const { module } = new LogoutTesting();
    @Module({
      imports: [module],
      controllers: [UnguardedController],
      providers: [{ provide: APP_GUARD, useExisting: LogoutGuard }],
    })
    class App {}
    const testing = Test.createTestingModule({ imports: [App] });
    const guard = actAs({ sub: 'ada' });
    await serve(await testing.overrideProvider(LogoutGuard).useValue(guard).compile());
    await get('/open').expect(200, { sub: 'ada' });
  });
});

describe('A test of an application with LogoutTesting', () => {
  const host = async (logout: LogoutTesting): Promise<void> => {
    const testing = Test.createTestingModule({
      imports: [logout.module],
      controllers: [MeController],
    });
    await serve(await testing.compile());
  };

  it('lets in what it mints, until that is logged out', async () => {
    const logout = new LogoutTesting({ issuer: 'https://login.example', audience: ['api', 'b'] });
    await host(logout);
    const [lost, kept] = [logout.mint({ sub: 'ada' }), logout.mint({ sub: 'ada' })];
    await get('/me', lost).expect(200, { sub: 'ada' });
    await request(nest.getHttpServer())
      .post(LOGOUT)
      .set('Authorization', `Bearer ${lost}`)
      .send({ token: lost })
      .expect(200);
    await get('/me', lost).expect(401);
    await get('/me', kept).expect(200);
    await get('/me', new LogoutTesting().mint()).expect(401);
    await get('/me', logout.mint({ exp: undefined })).expect(401);
  });

  it('stands in for the module that the application imports', async () => {
    const store = new MemoryRevocationStore();
    const rules = { algorithms: ['HS256'], issuer: null, audience: null } as const;
    const ofHost = LogoutModule.forRoot({ ...rules, keys: 'k'.repeat(32), store });
    @Module({ imports: [ofHost], controllers: [MeController] })
    class AppModule {}
    const logout = new LogoutTesting();
    const testing = Test.createTestingModule({ imports: [AppModule] });
    await serve(await testing.overrideModule(ofHost).useModule(logout.module).compile());
    await get('/me', logout.mint({ sub: 'ada' })).expect(200, { sub: 'ada' });
  });

  it('goes by a clock of the test', async () => {
    let now = Date.UTC(2030, 0, 1);
    const logout = new LogoutTesting({ now: () => now });
    await host(logout);
    const token = logout.mint();
    await get('/me', token).expect(200);
    now += 601_000;
    await get('/me', token).expect(403);
    await get('/me', logout.mint()).expect(200);
  });

  describe('with fake timers', () => {
    afterEach(() => {
      jest.useRealTimers();
    });

    it('goes by the date that the test sets after the start', async () => {
      const logout = new LogoutTesting();
      await host(logout);
      const token = logout.mint();
      await get('/me', token).expect(200);
      jest.useFakeTimers({
        now: Date.now() + 601_000,
        doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'setInterval', 'performance'],
      });
      await get('/me', token).expect(403);
      await get('/me', logout.mint()).expect(200);
    });
  });

  it('revokes what the test calls a handler with', async () => {
    const logout = new LogoutTesting();
    await host(logout);
    const token = verifiedToken({ sub: 'ada' });
    expect([token.subject, verifiedToken({ sub: undefined }).subject]).toEqual(['ada', undefined]);
    expect(await nest.get(RevokedTokensService).revoke(token)).toBe(true);
    expect((await logout.store.find({ subject: 'ada' })).revocations).toHaveLength(1);
  });
});
