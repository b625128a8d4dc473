import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TerminusModule } from '@nestjs/terminus';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from 'nestjs-logout';
import { PostgresRevocationStore } from 'nestjs-logout/postgres';
import { LogoutHealthIndicator } from 'nestjs-logout/terminus';
import { DataSource } from 'typeorm';
import { HealthController } from './health.controller';
import { LoginController } from './login.controller';
import { MeController } from './me.controller';

const secret = process.env.JWT_SECRET ?? '';
const issuer = 'https://login.example';
const audience = 'https://api.example';

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL }),
    TerminusModule,
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
  controllers: [HealthController, LoginController, MeController],
  providers: [LogoutHealthIndicator],
})
export class AppModule {}
