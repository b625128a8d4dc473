import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { jwtConstants } from '../constants.js';
import { databaseAndLogout } from '../logout.js';
import { UsersModule } from '../users/users.module.js';
import { AppController } from './app.controller.js';
import { ApiKeyStrategy, JwtStrategy } from './strategies.js';

@Module({
  imports: [
    ...databaseAndLogout,
    UsersModule,
    PassportModule,
    JwtModule.register({ secret: jwtConstants.secret, signOptions: { expiresIn: '1h' } }),
  ],
  controllers: [AppController],
  providers: [JwtStrategy, ApiKeyStrategy],
})
export class AppModule {}
