import { NestFactory } from '@nestjs/core';
import { listen } from '../listen.js';
import { AppModule } from './app.module.js';

async function bootstrap(): Promise<void> {
  await listen(await NestFactory.create(AppModule, { logger: ['error', 'warn'] }));
}

void bootstrap();
