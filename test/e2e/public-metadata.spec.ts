import {
  Controller,
  Get,
  Injectable,
  Module,
  SetMetadata,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { APP_GUARD, Reflector } from '@nestjs/core';
import request from 'supertest';
import { JwtAuthGuard } from '../../src';
import { ANSWERS, answerOf } from '../support/answers';
import { PLATFORMS, TestApp } from '../support/app';

@Controller()
class NewsController {
  @SetMetadata('isPublic', true)
  @Get('news')
  news(): string {
    return 'news';
  }

  @SetMetadata('allowAnonymous', true)
  @Get('weather')
  weather(): string {
    return 'rain';
  }
}

@Module({ providers: [{ provide: APP_GUARD, useExisting: JwtAuthGuard }] })
class OurGuardEverywhere {}

/** A host's own guard, which goes by a key of its own. */
@Injectable()
class HostGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const places = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<unknown>('allowAnonymous', places) === true) return true;
    throw new UnauthorizedException();
  }
}

@Module({ providers: [{ provide: APP_GUARD, useClass: HostGuard }] })
class HostGuardEverywhere {}

const controllers = [NewsController];
const own = { publicMetadata: ['allowAnonymous'] };

describe.each(PLATFORMS)('Public keys of the host on %s', (platform) => {
  let app: TestApp;
  afterEach(() => app.close());

  const get = (path: string) => request(app.url).get(path);
  const guarded = { extras: { isGlobal: true }, imports: [OurGuardEverywhere], controllers };

  it('are the usual ones, where publicMetadata names none', async () => {
    app = await TestApp.start(platform, {}, guarded);
    await get('/news').expect(200, 'news');
    expect(answerOf(await get('/weather'))).toEqual(ANSWERS.missing);
  });

  it('are those that publicMetadata names', async () => {
    app = await TestApp.start(platform, own, guarded);
    await get('/weather').expect(200, 'rain');
    expect(answerOf(await get('/news'))).toEqual(ANSWERS.missing);
  });

  it("stand on our routes, too: a guard of the host's that goes by one lets a logout pass", async () => {
    app = await TestApp.start(platform, own, { imports: [HostGuardEverywhere], controllers });
    await get('/news').expect(401);
    expect(answerOf(await app.logout(app.issuer.token()))).toEqual(ANSWERS.loggedOut);
  });
});
