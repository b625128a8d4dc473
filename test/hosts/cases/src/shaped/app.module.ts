import { Controller, Get, Injectable, Module, Req, UseGuards } from '@nestjs/common';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { AuthModule } from 'nestjs-logout';
import { MemoryRevocationStore } from 'nestjs-logout/memory';
import { Strategy } from 'passport-custom';
import { rules } from '../logout.js';
import { MeController } from '../me.controller.js';

/** Away for one user. */
class FailingStore extends MemoryRevocationStore {
  override commit(...[work, transaction]: Parameters<MemoryRevocationStore['commit']>) {
    if (work.revocations.some(({ revocation }) => revocation.subject === 'unlucky'))
      throw new Error('the store is away');
    return super.commit(work, transaction);
  }
}

@Injectable()
class ApiKeyStrategy extends PassportStrategy(Strategy, 'api-key') {
  validate({ headers }: { headers: Record<string, unknown> }) {
    return headers['x-api-key'] === process.env.API_KEY ? { sub: 'nightly report' } : null;
  }
}

@Controller('report')
class ReportController {
  @UseGuards(AuthGuard(['logout-jwt', 'api-key']))
  @Get()
  report(@Req() { user }: { user: { sub: string } }) {
    return { user: user.sub };
  }
}

@Module({
  imports: [
    AuthModule.forRoot({
      ...rules,
      bodyToken: 'optional',
      throttleLimit: 30,
      store: new FailingStore(),
    }),
  ],
  controllers: [MeController, ReportController],
  providers: [ApiKeyStrategy],
})
export class AppModule {}
