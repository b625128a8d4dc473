/** This package on an instance that reaches only a broker. */
import { Controller, Get, Module, UseGuards } from '@nestjs/common';
// In your project: from 'nestjs-logout', and 'nestjs-logout/redis' or 'nestjs-logout/nats'.
import { AuthModule, JwtAuthGuard } from '../../src';
import { RelayRevocationStore } from '../../src/core';
import { relayThrough } from '../brokers';
import { AUDIENCE, ISSUER } from '../tokens';
import { ME, serve, setting } from './serve';

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
      store: new RelayRevocationStore(relayThrough(setting('RELAYS')), {
        lookupTimeoutMs: 10_000,
      }),
    }),
  ],
  controllers: [AppController],
})
class AppModule {}

void serve(AppModule);
