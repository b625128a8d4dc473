import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { listen } from '../listen.js';
import { AppModule } from './app.module.js';

async function bootstrap(): Promise<void> {
  const adapter = new FastifyAdapter();
  const logger = { logger: ['error', 'warn'] as ('error' | 'warn')[] };
  await listen(await NestFactory.create<NestFastifyApplication>(AppModule, adapter, logger));
}

void bootstrap();
