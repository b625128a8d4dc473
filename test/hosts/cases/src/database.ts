import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from 'nestjs-logout';
import { PostgresRevocationStore } from 'nestjs-logout/postgres';
import { DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { listen } from './listen.js';
import { rules } from './logout.js';
import { MeController } from './me.controller.js';

@Entity()
class Note {
  @PrimaryGeneratedColumn()
  id: number;
}

/** With further options for TypeORM, and for the store, from the environment. */
@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env.DATABASE_URL,
      entities: [Note],
      ...JSON.parse(process.env.TYPEORM ?? '{}'),
    }),
    AuthModule.forRootAsync({
      inject: [DataSource],
      useFactory: (dataSource: DataSource) => ({
        ...rules,
        store: new PostgresRevocationStore(dataSource, JSON.parse(process.env.STORE ?? '{}')),
      }),
    }),
  ],
  controllers: [MeController],
})
class AppModule {}

await listen(await NestFactory.create(AppModule, { logger: ['error', 'warn'] }));
