import { Controller, Get, Logger, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import request from 'supertest';
import { JwtAuthGuard, type Claims } from '../../src';
import { PLATFORMS, TestApp } from '../support/app';
import { FaultyStore } from '../support/faulty-store';

@Controller('passport')
@UseGuards(AuthGuard('logout-jwt'))
class PassportController {
  @Get()
  get(): string {
    return 'in';
  }
}

@Controller('guarded')
@UseGuards(JwtAuthGuard)
class GuardedController {
  @Get()
  get(): string {
    return 'in';
  }
}

const OUTAGE =
  'The revocation store gave no answer: 1 request refused. Let this host reach its server; logouts ' +
  'among them are in doubt, and may be repeated.';

// With enforcement a guard never sees the outage; without, enforcement does not.
const PLACES = PLATFORMS.flatMap((platform) => [
  [platform, 'everywhere'] as const,
  [platform, 'guarded'] as const,
]);

describe.each(PLACES)('The log of %s, where tokens are checked %s,', (platform, enforce) => {
  let store: FaultyStore;
  let app: TestApp;
  let logged: unknown[];
  let fault: Error | undefined;
  const nothing = (): void => undefined;
  const validate = (claims: Claims): Claims => {
    if (fault !== undefined) throw fault;
    return claims;
  };
  beforeEach(async () => {
    store = new FaultyStore();
    fault = undefined;
    const controllers = [PassportController, GuardedController];
    app = await TestApp.start(platform, { store, enforce, validate }, { controllers });
    logged = [];
    Logger.overrideLogger({ log: nothing, warn: nothing, error: (error) => logged.push(error) });
  });
  afterEach(async () => {
    Logger.overrideLogger(false);
    await app.close();
  });
  const ask = (path: string, bearer: string) =>
    request(app.url).get(path).set('Authorization', `Bearer ${bearer}`);

  describe.each(['/passport', '/guarded'])('for %s', (path) => {
    it('says why it answers 500', async () => {
      store.isBlind = true;
      await ask(path, app.issuer.token()).expect(500);
      expect(logged).toEqual([new Error(OUTAGE, { cause: store.error })]);
    });

    it('says a fault of the host each time', async () => {
      fault = new TypeError('no such user');
      await ask(path, app.issuer.token()).expect(500);
      await ask(path, app.issuer.token()).expect(500);
      expect(logged).toEqual([fault, fault]);
    });

    it('has no error for a token that is refused', async () => {
      await ask(path, 'garbage').expect(401);
      await ask(path, app.issuer.expired()).expect(path === '/guarded' ? 403 : 401);
      expect(logged).toEqual([]);
    });
  });

  it('says once a minute that the store is away, whatever requests that refuses', async () => {
    store.isBlind = true;
    for (const path of ['/guarded', '/guarded', '/passport'])
      await ask(path, app.issuer.token()).expect(500);
    await app.logout(app.issuer.token()).expect(500);
    await app.logout(app.issuer.token()).expect(500);
    expect(logged).toEqual([new Error(OUTAGE, { cause: store.error })]);
  });
});
