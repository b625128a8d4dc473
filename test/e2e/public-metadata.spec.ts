import {
  Controller,
  Get,
  HttpException,
  Injectable,
  Module,
  SetMetadata,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
  type Type,
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

/** What a host imports whose guard refuses all requests, whatever keys their routes carry. */
function refusingEverywhere(error: HttpException): Type {
  const canActivate = (): never => {
    throw error;
  };
  @Module({ providers: [{ provide: APP_GUARD, useValue: { canActivate } }] })
  class RefusingEverywhere {}
  return RefusingEverywhere;
}

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

  it('without the one that a guard goes by, the log says that it refused our route', async () => {
    const lines = await linesWith(new UnauthorizedException());
    expect(lines).toEqual([`${refusedWith(401)} ${LET_PASS}`]);
  });

  it('are no advice where a guard of the host has a limit for all requests', async () => {
    const lines = await linesWith(new HttpException('Too many requests', 429));
    expect(lines).toEqual([refusedWith(429)]);
  });

  /** What the log says of three logouts that a guard of the host's refuses. */
  async function linesWith(error: HttpException): Promise<readonly unknown[]> {
    const imports = [refusingEverywhere(error)];
    app = await TestApp.start(platform, {}, { imports, controllers });
    const status = error.getStatus();
    const lines: unknown[] = [];
    const nothing = (): void => undefined;
    app.nest.useLogger({ log: nothing, error: nothing, warn: (line) => lines.push(line) });
    for (let logouts = 0; logouts < 3; logouts += 1)
      expect((await app.logout(app.issuer.token())).status).toBe(status);
    await get('/news').expect(status);
    return lines;
  }
});

const refusedWith = (status: number): string =>
  `A request to logout was refused with ${status} by code of this application, such as a global guard.`;
const LET_PASS =
  'Our routes check what comes themselves: let it pass what has the metadata isPublic; or name the ' +
  'key that it goes by in publicMetadata.';
