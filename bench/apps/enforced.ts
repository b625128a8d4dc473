/** The same host as in `key-object.ts`, with our module beside its own guard. */
import { Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuthModule } from '../../src';
import { PostgresRevocationStore } from '../../src/postgres';
import { AUDIENCE, ISSUER } from '../tokens';
import { PassportHost } from './passport-host';
import { serve, setting } from './serve';

@Module({
  imports: [
    PassportHost,
    AuthModule.forRoot({
      algorithms: ['HS256'],
      keys: setting('JWT_SECRET'),
      issuer: ISSUER,
      audience: AUDIENCE,
      store: new PostgresRevocationStore(
        new DataSource({ type: 'postgres', url: setting('DATABASE_URL') }),
      ),
    }),
  ],
})
class AppModule {}

void serve(AppModule, { logoutPath: '/api/v1/auth/logout' });
