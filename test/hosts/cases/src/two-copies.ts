import { createRequire } from 'node:module';
import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthModule, JwtAuthGuard } from 'nestjs-logout';
import { MemoryRevocationStore } from 'nestjs-logout/memory';
import { rules } from './logout.js';

const load = createRequire(process.env.OTHER_COPY ?? '');
const other: { Public: typeof import('nestjs-logout').Public } = load('nestjs-logout');
const { MemoryRevocationStore: OtherStore } = load('nestjs-logout/memory');

@Controller()
@UseGuards(JwtAuthGuard)
class AppController {
  @other.Public()
  @Get()
  open() {
    return 'in';
  }
}

const store = process.env.PART === 'store' ? new OtherStore() : new MemoryRevocationStore();

@Module({ imports: [AuthModule.forRoot({ ...rules, store })], controllers: [AppController] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
await app.init();
await app.close();
