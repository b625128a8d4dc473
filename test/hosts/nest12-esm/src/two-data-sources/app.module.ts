import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from 'nestjs-logout';
import { PostgresRevocationStore } from 'nestjs-logout/postgres';
import type { DataSource } from 'typeorm';
import { LoginController } from '../login.controller.js';
import { MeController } from '../me.controller.js';
import { audience, issuer, secret } from '../settings.js';
import { Note } from './note.entity.js';

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env.DATABASE_URL,
      entities: [Note],
      synchronize: true,
    }),
    TypeOrmModule.forRoot({
      name: 'security',
      type: 'postgres',
      url: process.env.SECURITY_DATABASE_URL,
      // Not for production; here it shows that it leaves tables alone that are not the host's.
      synchronize: true,
    }),
    JwtModule.register({ secret, signOptions: { issuer, audience, expiresIn: 600 } }),
    AuthModule.forRootAsync({
      inject: [getDataSourceToken('security')],
      useFactory: (security: DataSource) => ({
        algorithms: ['HS256'],
        keys: secret,
        issuer,
        audience,
        store: new PostgresRevocationStore(security),
      }),
    }),
  ],
  controllers: [LoginController, MeController],
})
export class AppModule {}
