import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { jwtConstants } from '../constants.js';
import { databaseAndLogout } from '../logout.js';
import { UsersModule } from '../users/users.module.js';
import { AuthController } from './auth.controller.js';
import { JwtAuthGuard } from './jwt-auth.guard.js';
import { JwtFromCookieStrategy } from './jwt-from-cookie.strategy.js';
import { JwtFromHeaderStrategy } from './jwt-from-header.strategy.js';
import { JwtFromSignedCookieStrategy } from './jwt-from-signed-cookie.strategy.js';

const imports = [
  ...databaseAndLogout,
  UsersModule,
  JwtModule.register({ secret: jwtConstants.secret, signOptions: { expiresIn: '1h' } }),
];
const controllers = [AuthController];
const guard = { provide: APP_GUARD, useClass: JwtAuthGuard };

@Module({ imports, controllers, providers: [JwtFromHeaderStrategy, guard] })
export class CopiedCookieModule {}

@Module({ imports, controllers, providers: [JwtFromCookieStrategy, guard] })
export class ReadCookieModule {}

@Module({ imports, controllers, providers: [JwtFromSignedCookieStrategy, guard] })
export class SignedCookieModule {}
