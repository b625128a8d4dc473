import { Module, type MiddlewareConsumer, type NestModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { expressjwt } from 'express-jwt';
import { jwtConstants } from '../constants.js';
import { databaseAndLogout } from '../logout.js';
import { UsersModule } from '../users/users.module.js';
import { AppController, ProfileController } from './controllers.js';
import { UnauthorizedErrorFilter } from './unauthorized-error.filter.js';

@Module({
  imports: [
    ...databaseAndLogout,
    UsersModule,
    JwtModule.register({ secret: jwtConstants.secret, signOptions: { expiresIn: '1h' } }),
  ],
  controllers: [AppController, ProfileController],
  providers: [{ provide: APP_FILTER, useClass: UnauthorizedErrorFilter }],
})
export class AppModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply(expressjwt({ secret: jwtConstants.secret, algorithms: ['HS256'] }))
      .forRoutes(ProfileController);
  }
}
