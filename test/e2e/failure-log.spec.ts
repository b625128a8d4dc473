import { Controller, Get, Logger, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import request from 'supertest';
import { JwtAuthGuard } from '../../src';
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

describe.each(PLATFORMS)('The log of %s', (platform) => {
  let store: FaultyStore;
  let app: TestApp;
  let logged: unknown[];
  const nothing = (): void => undefined;
  beforeEach(async () => {
    store = new FaultyStore();
    const controllers = [PassportController, GuardedController];
    app = await TestApp.start(platform, { store }, { controllers });
    logged = [];
    Logger.overrideLogger({ log: nothing, warn: nothing, error: (error) => logged.push(error) });
  });
  afterEach(async () => {
    Logger.overrideLogger(false);
    await app.close();
  });

  describe.each(['/passport', '/guarded'])('for %s', (path) => {
    const ask = (bearer: string) =>
      request(app.url).get(path).set('Authorization', `Bearer ${bearer}`);

    it('says why it answers 500', async () => {
      store.isBlind = true;
      await ask(app.issuer.token()).expect(500);
      expect(logged).toEqual([
        new Error('Tokens could not be checked: 1 request refused.', { cause: store.error }),
      ]);
    });

    it('says so once a minute, however many requests an outage refuses', async () => {
      store.isBlind = true;
      for (let i = 0; i < 5; i += 1) await ask(app.issuer.token()).expect(500);
      expect(logged).toHaveLength(1);
    });

    it('has no error for a token that is refused', async () => {
      await ask('garbage').expect(401);
      await ask(app.issuer.expired()).expect(path === '/guarded' ? 403 : 401);
      expect(logged).toEqual([]);
    });
  });
});
