import {
  Controller,
  ForbiddenException,
  Get,
  Injectable,
  Module,
  Req,
  UseGuards,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { Test as NestTest } from '@nestjs/testing';
import { ExtractJwt, Strategy } from 'passport-jwt';
import request from 'supertest';
import {
  AuthModule,
  CurrentToken,
  JwtAuthGuard,
  Public,
  RevokedTokensService,
  type Claims,
  type VerifiedToken,
} from '../../src';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { ANSWERS, answerOf } from '../support/answers';
import { adapterFor, LOGOUT, MeController, PLATFORMS, TestApp } from '../support/app';
import { FaultyStore } from '../support/faulty-store';
import { AUDIENCE, ISSUER, TestIssuer } from '../support/tokens';

interface WithUser {
  readonly user?: unknown;
}

@Controller('mixed')
class MixedController {
  @Get('guarded')
  guarded(@Req() { user }: WithUser, @CurrentToken() token?: VerifiedToken): object {
    return { user, key: token?.revocationKey.length, claims: token?.claims };
  }

  @Public()
  @Get('public')
  open(@Req() { user }: WithUser, @CurrentToken() token?: VerifiedToken): object {
    return { isKnown: user !== undefined || token !== undefined };
  }
}

/** A host that makes itself at home in what it is given. */
@Controller('changing')
@UseGuards(JwtAuthGuard)
class ChangingController {
  @Get()
  change(@Req() { user }: { user: { sub: string; realm: { roles: string[] } } }): string {
    const told = JSON.stringify(user);
    user.sub = 'root';
    user.realm.roles.push('admin');
    return told;
  }
}

@Public()
@Controller('open')
class OpenController {
  @Get()
  open(): object {
    return { isOpen: true };
  }
}

@Module({ providers: [{ provide: APP_GUARD, useExisting: JwtAuthGuard }] })
class GuardEverything {}

describe.each(PLATFORMS)('A route behind JwtAuthGuard on %s', (platform) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start(platform);
  });
  afterAll(() => app.close());

  it('is told the claims of the token', async () => {
    const claims = app.issuer.claims();
    const answer = await app.me(app.issuer.token(claims)).expect(200, claims);
    expect(answer.headers).not.toHaveProperty('www-authenticate');
  });

  it('answers the documented 401 without a token', async () => {
    expect(answerOf(await request(app.url).get('/me'))).toEqual(ANSWERS.missing);
  });

  it('answers the documented 401 for a forged token, expired or not', async () => {
    const forger = new TestIssuer();
    expect(answerOf(await app.me(forger.token()))).toEqual(ANSWERS.refused);
    expect(answerOf(await app.me(forger.expired()))).toEqual(ANSWERS.refused);
  });

  it('answers the documented 403 for an expired token', async () => {
    expect(answerOf(await app.me(app.issuer.expired()))).toEqual(ANSWERS.expired);
  });

  it('answers the documented 401 for a revoked token, in whatever way it was revoked', async () => {
    const token = app.issuer.token();
    await app.nest.get(RevokedTokensService).revoke(token);
    expect(answerOf(await app.me(token))).toEqual(ANSWERS.refused);
  });

  it('answers the documented 500 when the store is away', async () => {
    const store = new FaultyStore();
    const faulty = await TestApp.start(platform, { store });
    store.isBlind = true;
    expect(answerOf(await faulty.me(faulty.issuer.token()))).toEqual(ANSWERS.internal);
    await faulty.close();
  });
});

describe.each(PLATFORMS)('An application guarded as a whole on %s', (platform) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start(
      platform,
      {},
      {
        extras: { isGlobal: true },
        imports: [GuardEverything],
        controllers: [MixedController, OpenController],
      },
    );
  });
  afterAll(() => app.close());

  it('refuses what is not marked public', async () => {
    expect(answerOf(await request(app.url).get('/mixed/guarded'))).toEqual(ANSWERS.missing);
  });

  it('lets a live token in, as request.user and as the current token', async () => {
    const claims = app.issuer.claims();
    const answer = await request(app.url)
      .get('/mixed/guarded')
      .set('Authorization', `Bearer ${app.issuer.token(claims)}`);
    expect(answer.body).toEqual({ user: claims, key: 64, claims });
  });

  it.each(['/mixed/public', '/open'])('needs no token for %s', async (path) => {
    await request(app.url).get(path).expect(200);
  });

  it('does not look at tokens on public routes', async () => {
    const answer = await request(app.url)
      .get('/mixed/public')
      .set('Authorization', `Bearer ${app.issuer.token()}`);
    expect(answer.body).toEqual({ isKnown: false });
  });

  it('leaves the logout to its own verdicts', async () => {
    expect(answerOf(await app.post())).toEqual(ANSWERS.missing);
    expect(answerOf(await app.logout(app.issuer.expired()))).toEqual(ANSWERS.expired);
    expect(answerOf(await app.logout(app.issuer.token()))).toEqual(ANSWERS.loggedOut);
  });
});

describe.each(PLATFORMS)('A token that comes again and again on %s', (platform) => {
  let app: TestApp;
  let now: number;
  beforeEach(async () => {
    now = Date.now();
    app = await TestApp.start(
      platform,
      { store: new MemoryRevocationStore(() => now) },
      { controllers: [MeController, ChangingController] },
    );
  });
  afterEach(() => app.close());

  it('is told as it was signed, whatever a route did to request.user before', async () => {
    const token = app.issuer.token({ sub: 'ada', realm: { roles: ['reader'] } });
    const told = async (): Promise<string> =>
      (await request(app.url).get('/changing').set('Authorization', `Bearer ${token}`)).text;
    const [first, second, third] = [await told(), await told(), await told()];
    expect(JSON.parse(first)).toMatchObject({ sub: 'ada', realm: { roles: ['reader'] } });
    expect([second, third]).toEqual([first, first]);
  });

  it('is refused as soon as it expires', async () => {
    const exp = Math.floor(now / 1000) + 100;
    const token = app.issuer.token({ exp });
    await app.me(token).expect(200);
    now = exp * 1000 - 1;
    await app.me(token).expect(200);
    now = exp * 1000;
    expect(answerOf(await app.me(token))).toEqual(ANSWERS.expired);
  });

  it('is refused as soon as it is logged out', async () => {
    const token = app.issuer.token();
    await app.me(token).expect(200);
    await app.me(token).expect(200);
    await app.logout(token).expect(200);
    expect(answerOf(await app.me(token))).toEqual(ANSWERS.refused);
  });
});

const hostIssuer = new TestIssuer();

@Injectable()
class HostStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: hostIssuer.key,
      algorithms: ['HS256'],
    });
  }

  validate({ sub }: { sub: string }): object {
    return { host: sub };
  }
}

/** What Nest's `AuthGuard` answers where every strategy has failed. */
const UNAUTHORIZED = { message: 'Unauthorized', statusCode: 401 };

@Controller()
class TwoStrategiesController {
  @Get('host')
  @UseGuards(AuthGuard('jwt'))
  host(@Req() { user }: WithUser): unknown {
    return user;
  }

  @Get('ours')
  @UseGuards(AuthGuard('logout-jwt'))
  ours(@Req() { user }: WithUser, @CurrentToken() token?: VerifiedToken): object {
    return { user, claims: token?.claims };
  }
}

@Module({ providers: [HostStrategy] })
class HostLogin {}

describe.each(PLATFORMS)("Beside a host's own strategy named jwt on %s", (platform) => {
  let app: TestApp;
  let store: FaultyStore;
  let refusal: Error | undefined;
  beforeAll(async () => {
    store = new FaultyStore();
    const validate = (claims: Claims): Claims => {
      if (refusal !== undefined) throw refusal;
      return claims;
    };
    app = await TestApp.start(
      platform,
      { store, validate },
      { imports: [HostLogin], controllers: [TwoStrategiesController] },
    );
  });
  afterAll(() => app.close());

  const get = (path: string, token: string) =>
    request(app.url).get(path).set('Authorization', `Bearer ${token}`);

  it("the host's routes take the host's tokens, and no others", async () => {
    await get('/host', hostIssuer.token()).expect(200, { host: 'ada' });
    await get('/host', app.issuer.token()).expect(401);
  });

  it("AuthGuard('logout-jwt') takes ours, and no others", async () => {
    const claims = app.issuer.claims();
    await get('/ours', app.issuer.token(claims)).expect(200, { user: claims, claims });
    await get('/ours', hostIssuer.token()).expect(401, UNAUTHORIZED);
  });

  it("AuthGuard('logout-jwt') refuses what is not live, with Nest's own 401", async () => {
    const revoked = app.issuer.token();
    await app.logout(revoked).expect(200);
    await request(app.url).get('/ours').expect(401, UNAUTHORIZED);
    await get('/ours', revoked).expect(401, UNAUTHORIZED);
    await get('/ours', app.issuer.expired()).expect(401, UNAUTHORIZED);
  });

  it("AuthGuard('logout-jwt') passes the host's own refusal on", async () => {
    refusal = new ForbiddenException({ locked: true });
    await get('/ours', app.issuer.token()).expect(403, { locked: true });
    refusal = undefined;
  });

  it("AuthGuard('logout-jwt') refuses every token while the store is away", async () => {
    store.isBlind = true;
    await get('/ours', app.issuer.token()).expect(500, ANSWERS.internal.text);
    store.isBlind = false;
  });
});

describe.each(PLATFORMS)("In a host's own tests on %s", (platform) => {
  let app: TestApp;
  afterEach(() => app.close());

  it('the whole contract stands, though the adapter comes after the module', async () => {
    const issuer = new TestIssuer();
    const store = new MemoryRevocationStore();
    const auth = AuthModule.forRoot({
      algorithms: ['HS256'],
      keys: issuer.key,
      issuer: ISSUER,
      audience: AUDIENCE,
      store,
    });
    const testing = await NestTest.createTestingModule({
      imports: [auth],
      controllers: [MeController],
    }).compile();
    const nest = testing.createNestApplication(adapterFor(platform));
    await nest.listen(0, '127.0.0.1');
    app = new TestApp(nest, issuer, store);
    const token = issuer.token();

    expect(answerOf(await request(app.url).get(LOGOUT))).toEqual(ANSWERS.methodNotAllowed);
    expect(answerOf(await app.post().type('json').send('{'))).toEqual(ANSWERS.badRequest);
    expect(answerOf(await app.logout(token))).toEqual(ANSWERS.loggedOut);
    expect(answerOf(await app.me(token))).toEqual(ANSWERS.refused);
  });
});
