import type { IncomingMessage } from 'node:http';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { listen } from '../listen.js';
import { AppModule } from './app.module.js';
import { describeRoutes } from './documentation.js';
import { copyCookie, PAGES, presentUrl } from './requests.js';

const adapter = new FastifyAdapter({
  rewriteUrl: ({ url }: IncomingMessage) => presentUrl(url),
});
const app = await NestFactory.create<NestFastifyApplication>(AppModule, adapter, {
  logger: ['error', 'warn'],
});
app.enableCors(PAGES);
app
  .getHttpAdapter()
  .getInstance()
  .addHook('onRequest', async ({ raw }) => {
    copyCookie(raw.headers);
  });
describeRoutes(app);
await listen(app);
