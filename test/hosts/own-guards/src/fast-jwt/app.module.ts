import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { databaseAndLogout } from '../logout.js';
import { UsersModule } from '../users/users.module.js';
import { AppController } from './app.controller.js';
import { TokenGuard } from './token.guard.js';

@Module({
  imports: [...databaseAndLogout, UsersModule],
  controllers: [AppController],
  providers: [{ provide: APP_GUARD, useClass: TokenGuard }],
})
export class AppModule {}
