import type { AddressInfo } from 'node:net';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import express from 'express';
import { logoutInMemory } from './logout.js';
import { MeController } from './me.controller.js';

@Module({ imports: [logoutInMemory()], controllers: [MeController] })
class AppModule {}

/** A function: it is handed requests whose body was read, and whose stream has ended. */
const handler = express();
const app = await NestFactory.create(AppModule, new ExpressAdapter(handler), {
  logger: ['error', 'warn'],
});
await app.init();

/** Stands for the platform that runs it. */
const platform = express().use(express.json(), (request, response) => {
  handler(request, response);
});
const server = platform.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(`listening on http://127.0.0.1:${port}`);
});
