import { Module } from '@nestjs/common';
import { databaseAndLogout } from '../logout.js';
import { UsersModule } from '../users/users.module.js';
import { AppController } from './app.controller.js';
import { AuthModule } from './auth/auth.module.js';

@Module({
  imports: [...databaseAndLogout, AuthModule, UsersModule],
  controllers: [AppController],
})
export class AppModule {}
