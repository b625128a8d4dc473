import { NestFactory } from '@nestjs/core';
import cookieParser from 'cookie-parser';
import { listen } from '../listen.js';
import { SignedCookieModule } from './app.modules.js';

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(SignedCookieModule, { logger: ['error', 'warn'] });
  app.use(cookieParser(process.env.COOKIE_SECRET));
  await listen(app);
}

void bootstrap();
