import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from 'nestjs-logout';
import { PostgresRevocationStore } from 'nestjs-logout/postgres';
import { DataSource } from 'typeorm';
import { audience, issuer, secret } from '../settings.js';
import {
  AccountController,
  MeController,
  OrdersController,
  PricesController,
} from './controllers.js';
import { LoginController } from './login.controller.js';
import { PartnerStrategy } from './partner.strategy.js';
import { UsersModule, UsersService } from './users.js';

@Module({
  imports: [
    // Before the host's own throttler: were ours global too, its limit would hold everywhere.
    AuthModule.forRootAsync({
      imports: [UsersModule],
      inject: [DataSource, UsersService],
      useFactory: (dataSource: DataSource, users: UsersService) => ({
        algorithms: ['HS256'],
        keys: secret,
        issuer,
        audience,
        store: new PostgresRevocationStore(dataSource),
        throttleLimit: 4,
        // Asked on every request: who is no user any more is refused, whatever the token says.
        validate: ({ sub }) => users.find(String(sub)),
      }),
    }),
    ThrottlerModule.forRoot([{ limit: 6, ttl: 60_000 }]),
    TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL }),
    JwtModule.register({ secret, signOptions: { issuer, audience, expiresIn: 600 } }),
    UsersModule,
  ],
  controllers: [
    LoginController,
    MeController,
    AccountController,
    OrdersController,
    PricesController,
  ],
  providers: [PartnerStrategy, { provide: APP_GUARD, useClass: ThrottlerGuard }],
})
export class AppModule {}
