import { NestFactory } from '@nestjs/core';
import cookieParser from 'cookie-parser';
import { listen } from '../listen.js';
import { ReadCookieModule } from './app.modules.js';

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(ReadCookieModule, { logger: ['error', 'warn'] });
  app.use(cookieParser());
  await listen(app);
}

void bootstrap();
