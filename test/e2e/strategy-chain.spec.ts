import { Controller, Get, Injectable, Module, Req, UseGuards } from '@nestjs/common';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import request from 'supertest';
import { CurrentUser, LogoutGuard, type Claims } from '../../src';
import { ANSWERS, answerOf } from '../support/answers';
import { PLATFORMS, TestApp } from '../support/app';
import { FaultyStore } from '../support/faulty-store';

const KEY = { 'X-API-Key': 'key of a machine' };
const MACHINE = { machine: true };
const UNAUTHORIZED = { message: 'Unauthorized', statusCode: 401 };

/** As hosts write one for machines. */
class ApiKey {
  declare success: (user: object) => void;
  declare fail: (status: number) => void;

  authenticate({ headers }: { headers: Record<string, unknown> }): void {
    if (headers['x-api-key'] === KEY['X-API-Key']) this.success(MACHINE);
    else this.fail(401);
  }
}

@Injectable()
class ApiKeyStrategy extends PassportStrategy(ApiKey, 'api-key') {
  validate(): boolean {
    return true;
  }
}

interface Seen {
  readonly info: unknown;
  readonly status: unknown;
}

const seen: Seen[] = [];

/** A user is optional here; the guard is told why there is none. */
class OptionalGuard extends AuthGuard('logout-jwt') {
  override handleRequest<User>(
    _: unknown,
    user: User,
    info: unknown,
    __: unknown,
    status: unknown,
  ) {
    seen.push({ info, status });
    return user || ({ anonymous: true } as User);
  }
}

interface WithUser {
  readonly user: unknown;
}

@Controller()
class ChainController {
  @UseGuards(AuthGuard(['logout-jwt', 'api-key']))
  @Get('ours-first')
  oursFirst(@Req() { user }: WithUser): unknown {
    return user;
  }

  @UseGuards(AuthGuard(['api-key', 'logout-jwt']))
  @Get('key-first')
  keyFirst(@Req() { user }: WithUser): unknown {
    return user;
  }

  @UseGuards(OptionalGuard)
  @Get('optional')
  optional(@Req() { user }: WithUser): unknown {
    return user;
  }

  @UseGuards(LogoutGuard)
  @Get('guarded')
  guarded(): string {
    return 'in';
  }

  @UseGuards(LogoutGuard)
  @Get('named')
  named(
    @CurrentUser() whole: unknown,
    @CurrentUser<{ user: string }>('user') member: string,
  ): unknown {
    return { whole, member };
  }
}

@Module({ providers: [ApiKeyStrategy] })
class Machines {}

/** As a host has it whose database of users fails for one of them. */
const validate = ({ sub }: Claims) => {
  if (sub === 'mallory') throw new Error('no users');
  return sub === 'eve' ? null : { user: sub };
};

const start = (
  platform: (typeof PLATFORMS)[number],
  store = new FaultyStore(),
  enforce: 'everywhere' | 'guarded' = 'everywhere',
) =>
  TestApp.start(
    platform,
    { store, validate, enforce },
    { imports: [Machines], controllers: [ChainController] },
  );

const get = (app: TestApp, path: string, token?: string) => {
  const asked = request(app.url).get(path);
  return token === undefined ? asked : asked.set('Authorization', `Bearer ${token}`);
};

describe.each(PLATFORMS)('A chain of strategies on %s', (platform) => {
  let app: TestApp;
  let store: FaultyStore;
  let unacceptable: readonly (string | undefined)[];
  beforeAll(async () => {
    store = new FaultyStore();
    app = await start(platform, store);
    const revoked = app.issuer.token();
    await app.logout(revoked).expect(200);
    const refused = app.issuer.token({ sub: 'eve' });
    unacceptable = [undefined, 'garbage', revoked, refused, app.issuer.expired()];
  });
  afterAll(() => app.close());

  it.each(['/ours-first', '/key-first'])('%s takes the token or the key', async (path) => {
    await get(app, path, app.issuer.token()).expect(200, { user: 'ada' });
    await get(app, path).set(KEY).expect(200, MACHINE);
    await get(app, path, app.issuer.token()).set(KEY).expect(200);
  });

  it.each(['/ours-first', '/key-first'])(
    '%s goes on to the key where the token is not live, and refuses without one',
    async (path) => {
      for (const token of unacceptable) {
        await get(app, path, token).set(KEY).expect(200, MACHINE);
        await get(app, path, token).expect(401, UNAUTHORIZED);
      }
    },
  );

  it('ends where a token cannot be checked: the answer is the documented 500', async () => {
    store.isBlind = true;
    await get(app, '/ours-first', app.issuer.token()).set(KEY).expect(500, ANSWERS.internal.text);
    store.isBlind = false;
  });

  it("ends where the host's own check fails, and has its documented 500", async () => {
    const token = app.issuer.token({ sub: 'mallory' });
    await get(app, '/ours-first', token).set(KEY).expect(500, ANSWERS.internal.text);
  });

  it('hands the user to the handler, and a member of it', async () => {
    const expected = { whole: { user: 'ada' }, member: 'ada' };
    await get(app, '/named', app.issuer.token()).expect(200, expected);
  });

  it('lets a guard of the host take a request without a user, and tells it why', async () => {
    seen.length = 0;
    await get(app, '/optional', app.issuer.token()).expect(200, { user: 'ada' });
    await get(app, '/optional').expect(200, { anonymous: true });
    await get(app, '/optional', app.issuer.expired()).expect(200, { anonymous: true });
    expect(seen.slice(1)).toEqual([
      { info: 'Bearer', status: 401 },
      { info: 'Bearer error="invalid_token"', status: 403 },
    ]);
  });

  it('LogoutGuard has our documented answers', async () => {
    await get(app, '/guarded', app.issuer.token()).expect(200, 'in');
    expect(answerOf(await get(app, '/guarded'))).toEqual(ANSWERS.missing);
    expect(answerOf(await get(app, '/guarded', app.issuer.expired()))).toEqual(ANSWERS.expired);
  });
});

describe.each(PLATFORMS)('logout-jwt without enforcement on %s', (platform) => {
  it('ends the chain where a token cannot be checked', async () => {
    const store = new FaultyStore();
    const app = await start(platform, store, 'guarded');
    store.isBlind = true;
    await get(app, '/ours-first', app.issuer.token()).set(KEY).expect(500, ANSWERS.internal.text);
    await app.close();
  });
});

describe.each(PLATFORMS)('logout-jwt of two applications in one process on %s', (platform) => {
  let apps: readonly TestApp[];
  beforeAll(async () => {
    apps = [await start(platform), await start(platform)];
  });
  afterAll(() => Promise.all(apps.map((app) => app.close())));

  it.each([
    [0, 1],
    [1, 0],
  ])('takes the tokens of %i there, and not those of %i', async (own, other) => {
    await get(apps[own]!, '/ours-first', apps[own]!.issuer.token()).expect(200);
    await get(apps[own]!, '/ours-first', apps[other]!.issuer.token()).expect(401);
  });
});
