import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from 'nestjs-logout';
import { PostgresRevocationStore } from 'nestjs-logout/postgres';
import { DataSource } from 'typeorm';
import { LoginController } from '../login.controller.js';
import { MeController } from '../me.controller.js';
import { audience, issuer, secret } from '../settings.js';

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL }),
    JwtModule.register({ secret, signOptions: { issuer, audience, expiresIn: 600 } }),
    AuthModule.forRootAsync({
      inject: [DataSource],
      useFactory: (dataSource: DataSource) => ({
        algorithms: ['HS256'],
        keys: secret,
        issuer,
        audience,
        store: new PostgresRevocationStore(dataSource),
      }),
    }),
  ],
  controllers: [LoginController, MeController],
})
export class AppModule {}
