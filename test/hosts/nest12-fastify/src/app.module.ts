import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TerminusModule } from '@nestjs/terminus';
import { AuthModule } from 'nestjs-logout';
import { MemoryRevocationStore } from 'nestjs-logout/memory';
import { LogoutHealthIndicator } from 'nestjs-logout/terminus';
import { HealthController } from './health.controller.js';
import { LoginController } from './login.controller.js';
import { MeController } from './me.controller.js';

const secret = process.env.JWT_SECRET ?? '';
const issuer = 'https://login.example';
const audience = 'https://api.example';

@Module({
  imports: [
    TerminusModule,
    JwtModule.register({ secret, signOptions: { issuer, audience, expiresIn: 600 } }),
    AuthModule.forRoot({
      algorithms: ['HS256'],
      keys: secret,
      issuer,
      audience,
      // One process that may forget on a restart; services of several instances take PostgreSQL.
      store: new MemoryRevocationStore(),
    }),
  ],
  controllers: [HealthController, LoginController, MeController],
  providers: [LogoutHealthIndicator],
})
export class AppModule {}
