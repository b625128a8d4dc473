import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from 'nestjs-logout';
import { PostgresRevocationStore } from 'nestjs-logout/postgres';
import { DataSource } from 'typeorm';

/** What README has an application add to its imports. */
export const databaseAndLogout = [
  TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL }),
  AuthModule.forRootAsync({
    isGlobal: true,
    inject: [DataSource],
    useFactory: (dataSource: DataSource) => ({
      algorithms: ['HS256'],
      keys: process.env.JWT_SECRET ?? '',
      issuer: null,
      audience: null,
      enforce: process.env.ENFORCE === 'guarded' ? 'guarded' : 'everywhere',
      store: new PostgresRevocationStore(dataSource),
    }),
  }),
];
