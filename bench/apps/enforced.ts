/** The same host as in `key-object.ts`, with our module beside its own guard; `ENFORCE` says how. */
import { Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuthModule } from '../../src';
import { PostgresRevocationStore } from '../../src/postgres';
import { AUDIENCE, ISSUER } from '../tokens';
import { PassportHost } from './passport-host';
import { serve, setting } from './serve';

const isGuarded = process.env.ENFORCE === 'guarded';

@Module({
  imports: [
    PassportHost,
    AuthModule.forRoot({
      enforce: isGuarded ? 'guarded' : 'everywhere',
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

// Without enforcement its own guard goes on accepting what was logged out.
void serve(AppModule, isGuarded ? {} : { logoutPath: '/api/v1/auth/logout' });
