import { Controller, Get, Logger, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import request from 'supertest';
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

describe.each(PLATFORMS)("AuthGuard('logout-jwt') on %s", (platform) => {
  it('says in the log why it answers 500', async () => {
    const store = new FaultyStore();
    const controllers = [PassportController];
    const app = await TestApp.start(platform, { store }, { controllers });
    const logged: unknown[] = [];
    const nothing = (): void => undefined;
    Logger.overrideLogger({ log: nothing, warn: nothing, error: (error) => logged.push(error) });
    store.isBlind = true;
    await request(app.url)
      .get('/passport')
      .set('Authorization', `Bearer ${app.issuer.token()}`)
      .expect(500);
    expect(logged).toEqual([store.error]);
    Logger.overrideLogger(false);
    await app.close();
  });
});
