import { Controller, Get, Inject, Injectable, Module, Query } from '@nestjs/common';
import * as nestJwt from '@nestjs/jwt';
import { NestFactory } from '@nestjs/core';
import jwt from 'jsonwebtoken';
import request from 'supertest';
import {
  LogoutModule,
  StoreUnavailableError,
  type AuthModuleOptions,
  type Claims,
} from '../../src';
import * as dropIn from '../../src/nest/jwt';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { TestApp } from '../support/app';
import { FaultyStore } from '../support/faulty-store';
import { AUDIENCE, ISSUER, TestIssuer } from '../support/tokens';
import { until } from '../support/until';

const SECRET = 'a secret of the host that has at least 32 bytes';
const REFRESH_SECRET = 'another one, for refresh tokens, of at least 32 bytes';

const sign = (claims: object, options: jwt.SignOptions = {}): string =>
  jwt.sign(claims, SECRET, { expiresIn: '10m', ...options });

/** As the framework's tutorial has it: it injects the service of @nestjs/jwt. */
@Injectable()
class AuthService {
  constructor(readonly jwtService: nestJwt.JwtService) {}
}

@Controller('verified')
class VerifiedController {
  constructor(@Inject(AuthService) private readonly auth: AuthService) {}

  /** The token in the query: enforcement does not look there. */
  @Get()
  async verified(@Query('token') token: string): Promise<object> {
    try {
      return await this.auth.jwtService.verifyAsync<object>(token);
    } catch (error) {
      return { refused: (error as Error).message };
    }
  }
}

@Module({
  imports: [
    dropIn.JwtModule.register({
      global: true,
      secret: SECRET,
      signOptions: { expiresIn: '10m', algorithm: 'HS256' },
    }),
  ],
  providers: [AuthService],
  exports: [AuthService],
})
class HostAuthModule {}

const start = (options: Partial<AuthModuleOptions> = {}): Promise<TestApp> =>
  TestApp.start(
    'express',
    { keys: SECRET, issuer: null, audience: null, ...options },
    { imports: [HostAuthModule], controllers: [VerifiedController] },
  );

const attempt = <T>(work: () => T | Promise<T>): Promise<T> => Promise.resolve().then(work);

const serviceOf = (app: TestApp): nestJwt.JwtService => app.nest.get(AuthService).jwtService;

describe('nestjs-logout/jwt', () => {
  it('has every name of @nestjs/jwt', () => {
    expect(Object.keys(dropIn)).toEqual(expect.arrayContaining(Object.keys(nestJwt)));
  });

  describe("in a host's own module", () => {
    let app: TestApp;
    let service: nestJwt.JwtService;
    beforeAll(async () => {
      app = await start();
      service = serviceOf(app);
    });
    afterAll(() => app.close());

    it('gives its service to whoever injects that of @nestjs/jwt, or ours', () => {
      expect(service).toBeInstanceOf(dropIn.JwtService);
      expect(app.nest.get(dropIn.JwtService)).toBe(service);
    });

    it('logs the tutorial’s token out: numeric sub, no jti', async () => {
      const token = await service.signAsync({ sub: 1, username: 'john' });
      await expect(service.verifyAsync(token)).resolves.toMatchObject({ sub: 1 });
      await app.logout(token).expect(200);
      await expect(service.verifyAsync(token)).rejects.toThrow(dropIn.JsonWebTokenError);
      await expect(service.verifyAsync(token)).rejects.toThrow('jwt revoked');
    });

    it('lets one log in again in the second of the logout', async () => {
      const token = service.sign({ sub: 1 });
      await app.logout(token).expect(200);
      const again = service.sign({ sub: 1 });
      await expect(service.verifyAsync(again)).resolves.toMatchObject({ sub: 1 });
    });

    it.each(['text', Buffer.from('bytes')])('signs %p as @nestjs/jwt does', async (payload) => {
      const [ours, theirs] = [dropIn.JwtService, nestJwt.JwtService].map(
        (Service) => new Service({ secret: SECRET }),
      );
      const token = theirs!.sign(payload as Buffer);
      expect(ours!.sign(payload as Buffer)).toBe(token);
      expect(await ours!.signAsync(payload as Buffer)).toBe(token);
    });

    it('issues the two tokens of a login with one sid, and each with a jti of its own', async () => {
      const pairs = app.nest.get<dropIn.JwtService>(dropIn.JwtService);
      const refresh = {
        secret: REFRESH_SECRET,
        expiresIn: '7d',
        claims: { use: 'refresh' },
      } as const;
      const { accessToken, refreshToken } = await pairs.issuePair({ sub: 'ada' }, { refresh });
      const [first, second] = [accessToken, refreshToken].map((text) => jwt.decode(text) as Claims);
      expect(first).toMatchObject({ sub: 'ada', sid: expect.any(String) as string });
      expect(second).toMatchObject({ sub: 'ada', sid: first?.sid, use: 'refresh' });
      expect(second?.jti).not.toBe(first?.jti);
      expect(second!.exp - first!.exp).toBeGreaterThan(6 * 86_400);
      await expect(pairs.verifyAsync(accessToken)).resolves.toMatchObject({ sub: 'ada' });
      await expect(pairs.verifyAsync(refreshToken)).rejects.toThrow('invalid signature');

      const again = await pairs.issuePair({ sub: 'ada', sid: first?.sid }, { refresh });
      expect(jwt.decode(again.accessToken)).toMatchObject({ sid: first?.sid });
      const another = await pairs.issuePair({ sub: 'ada' }, { refresh });
      expect((jwt.decode(another.accessToken) as Claims).sid).not.toBe(first?.sid);
    });

    it('refuses to sign text with options, as @nestjs/jwt does', () => {
      expect(() => service.sign('text')).toThrow('Payload as string is not allowed');
    });

    it('verifies by the key and the options that it is given', async () => {
      const own = { secret: 'of a mail that confirms an address' };
      const token = service.sign({ mail: 'ada@example.org' }, own);
      await expect(service.verifyAsync(token, own)).resolves.toMatchObject({
        mail: 'ada@example.org',
      });
      await expect(service.verifyAsync(token)).rejects.toThrow('invalid signature');
      const complete = await service.verifyAsync<jwt.Jwt>(token, { ...own, complete: true });
      expect(complete.payload).toMatchObject({ mail: 'ada@example.org' });
    });

    it.each(['verify', 'verifyAsync'] as const)('refuses a revoked token in %s', async (method) => {
      const token = service.sign({ sub: 'ada' });
      expect(await service[method](token)).toMatchObject({ sub: 'ada' });
      await app.logout(token).expect(200);
      await expect(attempt(() => service[method]<object>(token))).rejects.toThrow('jwt revoked');
    });

    it('audits that a revoked token came', async () => {
      const token = service.sign({ sub: 'eve' });
      await app.logout(token).expect(200);
      await request(app.url).get('/verified').query({ token }).expect({ refused: 'jwt revoked' });
      await request(app.url).get('/verified').query({ token }).expect({ refused: 'jwt revoked' });
      const reuse = async () =>
        (await app.store.audit.find({ subject: 'eve', event: 'authn_token_reuse' })).events;
      await until(async () => (await reuse()).length === 1);
    });

    it('audits that a revoked token came to verify, which asks memory alone', async () => {
      const token = service.sign({ sub: 'mallory' });
      await app.logout(token).expect(200);
      expect(() => service.verify<object>(token)).toThrow('jwt revoked');
      const reuse = { subject: 'mallory', event: 'authn_token_reuse' } as const;
      await until(async () => (await app.store.audit.find(reuse)).events.length === 1);
    });

    it('refuses a token whose expiry is ignored once its revocation may be forgotten', async () => {
      const now = Math.floor(Date.now() / 1000);
      const token = (exp: number): string =>
        jwt.sign({ sub: 'ada', iat: now - 900, exp, jti: `old-${exp}` }, SECRET);
      const verify = (text: string) => service.verifyAsync(text, { ignoreExpiration: true });
      await expect(verify(token(now - 30))).resolves.toMatchObject({ sub: 'ada' });
      await expect(verify(token(now - 90))).rejects.toThrow('its revocation may be forgotten');
    });
  });

  describe('where our rules refuse what the host accepts', () => {
    it('goes by what is revoked', async () => {
      const issuer = new TestIssuer();
      const app = await start({ keys: issuer.key, issuer: ISSUER, audience: AUDIENCE });
      const claims = { sub: 'ada', jti: 'shared', iss: ISSUER };
      const [foreign, other] = [sign(claims), sign({ ...claims, jti: 'other' })];
      const service = serviceOf(app);
      await expect(service.verifyAsync(foreign)).resolves.toMatchObject(claims);
      await app.logout(issuer.token(claims)).expect(200);
      await expect(service.verifyAsync(foreign)).rejects.toThrow('jwt revoked');
      await expect(service.verifyAsync(other)).resolves.toMatchObject({ jti: 'other' });
      await app.close();
    });
  });

  describe('while the store gives no answer', () => {
    it('rejects, by either way', async () => {
      const store = new FaultyStore();
      const app = await start({ store });
      const service = serviceOf(app);
      const token = service.sign({ sub: 'ada' });
      await expect(service.verifyAsync(token)).resolves.toMatchObject({ sub: 'ada' });
      expect(() => service.verify<object>(token)).toThrow(dropIn.JsonWebTokenError);
      expect(() => service.verify<object>(token)).toThrow(/verifyAsync\(\)/);
      store.isBlind = true;
      await expect(service.verifyAsync(token)).rejects.toThrow(StoreUnavailableError);
      const foreign = sign({ sub: 'ada', iss: 'another' }, { keyid: 'unknown' });
      await expect(service.verifyAsync(foreign)).rejects.toThrow(StoreUnavailableError);
      await app.close();
    });
  });

  describe('two applications in one process', () => {
    it('each ask their own', async () => {
      const [one, other] = [await start(), await start()];
      const token = serviceOf(one).sign({ sub: 'ada' });
      await one.logout(token).expect(200);
      await expect(serviceOf(one).verifyAsync(token)).rejects.toThrow('jwt revoked');
      await expect(serviceOf(other).verifyAsync(token)).resolves.toMatchObject({ sub: 'ada' });
      await Promise.all([one.close(), other.close()]);
    });
  });

  describe('without LogoutModule', () => {
    const NEEDED = /^nestjs-logout\/jwt needs LogoutModule, .* Import LogoutModule\.forRoot/;

    it('stops the boot', async () => {
      const boot = NestFactory.create(HostAuthModule, { logger: false, abortOnError: false });
      await expect(boot.then((app) => app.init())).rejects.toThrow(NEEDED);
    });

    it('signs, and verifies nothing', async () => {
      const service = new dropIn.JwtService({ secret: SECRET });
      const token = service.sign({ sub: 1 });
      expect(jwt.decode(token)).toMatchObject({ sub: 1, jti: expect.any(String) as string });
      await expect(service.verifyAsync(token)).rejects.toThrow(NEEDED);
    });
  });

  it('takes its options from a factory, and may stand in another module than ours', async () => {
    @Module({
      imports: [
        dropIn.JwtModule.registerAsync({
          useFactory: () => ({ secret: SECRET, signOptions: { jwtid: 'fixed' } }),
        }),
      ],
      providers: [AuthService],
    })
    class Login {}
    const logout = LogoutModule.forRoot({
      algorithms: ['HS256'],
      keys: SECRET,
      issuer: null,
      audience: null,
      store: new MemoryRevocationStore(),
    });
    @Module({ imports: [logout] })
    class Elsewhere {}
    @Module({ imports: [Login, Elsewhere] })
    class Host {}
    const app = await NestFactory.create(Host, { logger: false, abortOnError: false });
    await app.init();
    const { jwtService } = app.get(AuthService, { strict: false });
    const token = jwtService.sign({ sub: 'ada', exp: Math.floor(Date.now() / 1000) + 60 });
    await expect(jwtService.verifyAsync(token)).resolves.toMatchObject({ jti: 'fixed' });
    await app.close();
  });
});
