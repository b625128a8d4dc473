import { TypeOrmModule } from '@nestjs/typeorm';
// The tutorials have an AuthModule of their own.
import { AuthModule as LogoutModule } from 'nestjs-logout';
import { PostgresRevocationStore } from 'nestjs-logout/postgres';
import { DataSource } from 'typeorm';

/** What README has an application add to its imports. None of these applications adds more. */
export const databaseAndLogout = [
  TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL }),
  LogoutModule.forRootAsync({
    inject: [DataSource],
    useFactory: (dataSource: DataSource) => ({
      algorithms: ['HS256'],
      keys: process.env.JWT_SECRET ?? '',
      issuer: null,
      audience: null,
      store: new PostgresRevocationStore(dataSource),
    }),
  }),
];
