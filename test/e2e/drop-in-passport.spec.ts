import {
  Controller,
  ForbiddenException,
  Get,
  Injectable,
  Module,
  Req,
  UseGuards,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import jwt from 'jsonwebtoken';
import * as passportJwt from 'passport-jwt';
import request from 'supertest';
import type { AuthModuleOptions } from '../../src';
import * as dropIn from '../../src/nest/passport';
import { PLATFORMS, TestApp, type Platform } from '../support/app';
import { FaultyStore } from '../support/faulty-store';

const { ExtractJwt, Strategy } = dropIn;

const SECRET = 'a secret of the host that has at least 32 bytes';
const UNAUTHORIZED = { message: 'Unauthorized', statusCode: 401 };

let minted = 0;
const mint = (claims: object = {}): string =>
  jwt.sign({ sub: 'ada', jti: `number ${(minted += 1)}`, ...claims }, SECRET, { expiresIn: '10m' });

/** The host's, which reads the token where enforcement does not look. */
@Injectable()
class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromExtractors([
        ExtractJwt.fromUrlQueryParameter('token'),
        ExtractJwt.fromAuthHeaderAsBearerToken(),
      ]),
      secretOrKey: SECRET,
    });
  }

  validate({ sub }: { sub: string }): object {
    validated.push(sub);
    if (sub === 'mallory') throw new ForbiddenException({ locked: true });
    return { userId: sub };
  }
}

const validated: string[] = [];

@Injectable()
class WithRequestStrategy extends PassportStrategy(Strategy, 'with-request') {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromUrlQueryParameter('token'),
      secretOrKeyProvider: (_request, _token, done) => {
        done(null, SECRET);
      },
      passReqToCallback: true,
    });
  }

  validate({ url }: { url: string }, { sub }: { sub: string }): object {
    return { path: url.split('?', 1)[0], userId: sub };
  }
}

interface WithUser {
  readonly user: unknown;
}

@Controller()
class ProfileController {
  @UseGuards(AuthGuard('jwt'))
  @Get('profile')
  profile(@Req() { user }: WithUser): unknown {
    return user;
  }

  @UseGuards(AuthGuard('with-request'))
  @Get('with-request')
  withRequest(@Req() { user }: WithUser): unknown {
    return user;
  }
}

@Module({ imports: [PassportModule], providers: [JwtStrategy, WithRequestStrategy] })
class HostAuthModule {}

const start = (
  platform: Platform,
  options: Partial<AuthModuleOptions> = {},
  imports: Type[] = [HostAuthModule],
): Promise<TestApp> =>
  TestApp.start(
    platform,
    { keys: SECRET, issuer: null, audience: null, ...options },
    { imports, controllers: [ProfileController] },
  );

const ask = (app: TestApp, token: string, path = '/profile') =>
  request(app.url).get(path).query({ token });

describe('nestjs-logout/passport', () => {
  it('has every name of passport-jwt', () => {
    expect(Object.keys(dropIn)).toEqual(
      expect.arrayContaining(Object.keys(passportJwt).filter((name) => name !== 'default')),
    );
  });

  it('stops the boot without LogoutModule', async () => {
    const boot = NestFactory.create(HostAuthModule, { logger: false, abortOnError: false });
    await expect(boot.then((app) => app.init())).rejects.toThrow(
      /^nestjs-logout\/passport needs LogoutModule, .* Import LogoutModule\.forRoot/,
    );
  });

  it.each([
    ['the key', { jwtFromRequest: () => null }, 'JwtStrategy requires a secret or key'],
    ['the extractor', { secretOrKey: SECRET }, 'the option "jwtFromRequest" is required'],
  ])('says that %s is missing', (_, options, message) => {
    expect(() => new Strategy(options as never, () => undefined)).toThrow(message);
  });
});

describe.each(PLATFORMS)("A host's strategy on %s", (platform) => {
  let app: TestApp;
  let store: FaultyStore;
  beforeAll(async () => {
    store = new FaultyStore();
    app = await start(platform, { store });
  });
  afterAll(() => app.close());

  it("lets a live token in, with the user that the host's validate makes of it", async () => {
    await ask(app, mint()).expect(200, { userId: 'ada' });
    await ask(app, mint(), '/with-request').expect(200, { path: '/with-request', userId: 'ada' });
  });

  it.each(['/profile', '/with-request'])(
    'refuses a revoked token at %s, before validate, in the words of the host',
    async (path) => {
      const token = mint({ sub: `lost at ${path}` });
      await app.logout(token).expect(200);
      await ask(app, token, path).expect(401, UNAUTHORIZED);
      expect(validated).not.toContain(`lost at ${path}`);
    },
  );

  it('refuses what passport-jwt refuses', async () => {
    await request(app.url).get('/profile').expect(401, UNAUTHORIZED);
    await ask(app, 'no token').expect(401, UNAUTHORIZED);
    await ask(app, jwt.sign({ sub: 'ada' }, 'another secret')).expect(401, UNAUTHORIZED);
    await ask(app, jwt.sign({ sub: 'ada', exp: 1 }, SECRET)).expect(401, UNAUTHORIZED);
  });

  it("passes on what the host's validate throws", async () => {
    await ask(app, mint({ sub: 'mallory' })).expect(403, { locked: true });
  });

  it('answers 500 while the store gives no answer', async () => {
    store.isBlind = true;
    await ask(app, mint()).expect(500);
    store.isBlind = false;
    await ask(app, mint()).expect(200);
  });
});

describe.each(PLATFORMS)('Two applications in one process on %s', (platform) => {
  let apps: readonly TestApp[];
  beforeAll(async () => {
    apps = [await start(platform), await start(platform)];
  });
  afterAll(() => Promise.all(apps.map((app) => app.close())));

  it.each([
    [0, 1],
    [1, 0],
  ])('a token that is logged out in %i is refused there, and not in %i', async (lost, kept) => {
    const token = mint();
    await apps[lost]!.logout(token).expect(200);
    await ask(apps[lost]!, token).expect(401, UNAUTHORIZED);
    await ask(apps[kept]!, token).expect(200, { userId: 'ada' });
  });
});

describe('Another application in the process that has no LogoutModule', () => {
  it('does not start with the strategy, and takes nothing from the one that has it', async () => {
    const app = await start('express');
    const boot = NestFactory.create(HostAuthModule, { logger: false, abortOnError: false });
    await expect(boot.then((other) => other.init())).rejects.toThrow(TypeError);
    const token = mint();
    await app.logout(token).expect(200);
    await ask(app, token).expect(401, UNAUTHORIZED);
    await app.close();
  });
});
