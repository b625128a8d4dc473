import { NestFactory } from '@nestjs/core';
import type { NextFunction, Request, Response } from 'express';
import { listen } from '../listen.js';
import { AppModule } from './app.module.js';
import { describeRoutes } from './documentation.js';
import { copyCookie, PAGES, presentUrl } from './requests.js';

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.enableCors(PAGES);
app.use((request: Request, _response: Response, next: NextFunction) => {
  copyCookie(request.headers);
  request.url = presentUrl(request.url);
  next();
});
describeRoutes(app);
await listen(app);
