import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport, type MicroserviceOptions } from '@nestjs/microservices';
import { RevokedTokensService } from 'nestjs-logout';
import { logoutInMemory } from './logout.js';
import { MeController } from './me.controller.js';

@Module({ imports: [logoutInMemory()], controllers: [MeController] })
class AppModule {}

const OPTIONS = { logger: ['error', 'warn'] as ['error', 'warn'] };

/** What a worker, a command and a service without HTTP make of the application's module. */
const contexts = {
  context: () => NestFactory.createApplicationContext(AppModule, OPTIONS),
  microservice: () =>
    NestFactory.createMicroservice<MicroserviceOptions>(AppModule, {
      ...OPTIONS,
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port: 0 },
    }),
};

for (const [name, create] of Object.entries(contexts)) {
  const app = await create();
  const tokens = app.get(RevokedTokensService);
  const token = process.env[`TOKEN_OF_${name}`] ?? '';
  await tokens.revoke(token);
  console.log(name, (await tokens.explain(token)).verdict);
  await app.close();
}
