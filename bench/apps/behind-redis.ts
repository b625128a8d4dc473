/** This package on an instance that reaches only Redis. */
import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { Redis } from 'ioredis';
// In your project: from 'nestjs-logout' and 'nestjs-logout/redis'.
import { AuthModule, JwtAuthGuard } from '../../src';
import { fromIoredis, RedisRelay, RelayRevocationStore } from '../../src/redis';
import { AUDIENCE, ISSUER } from '../tokens';
import { ME, serve, setting } from './serve';

const redis = new Redis(setting('REDIS_URL'), { lazyConnect: true });

@Controller()
class AppController {
  @UseGuards(JwtAuthGuard)
  @Get('me')
  me(): object {
    return ME;
  }
}

@Module({
  imports: [
    AuthModule.forRoot({
      algorithms: ['HS256'],
      keys: setting('JWT_SECRET'),
      issuer: ISSUER,
      audience: AUDIENCE,
      // The relay of the other instance may have its first round yet to come.
      store: new RelayRevocationStore(new RedisRelay(fromIoredis(redis)), {
        lookupTimeoutMs: 10_000,
      }),
    }),
  ],
  controllers: [AppController],
})
class AppModule {}

void serve(AppModule);
