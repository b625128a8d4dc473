import { NestFactory } from '@nestjs/core';
import cookieParser from 'cookie-parser';
import type { NextFunction, Request, Response } from 'express';
import { listen } from '../listen.js';
import { CopiedCookieModule } from './app.modules.js';

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(CopiedCookieModule, { logger: ['error', 'warn'] });
  app.use(cookieParser());
  // The guards look at the header alone.
  app.use((request: Request, _response: Response, next: NextFunction) => {
    const { access_token: token } = request.cookies as { access_token?: string };
    if (token) request.headers.authorization ??= `Bearer ${token}`;
    next();
  });
  await listen(app);
}

void bootstrap();
