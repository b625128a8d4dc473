import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { RevocationStore } from '../../src';
import { AppModule } from '../../src/service/app.module';
import { readEnvironment } from '../../src/service/environment';
import { adapterFor } from '../../src/service/http-server';
import { ServiceMetrics } from '../../src/service/metrics';
import { OperationsModule } from '../../src/service/operations.module';
import type { Platform } from './app';

/** The application of the service on a store of the test's, with a port of its own. */
export async function startServiceApp(
  platform: Platform,
  store: RevocationStore,
  key = 'k'.repeat(32),
): Promise<INestApplication> {
  return startServiceBy({ PLATFORM: platform, JWT_SECRET: key }, store);
}

/** The same, by its variables. */
export async function startServiceBy(
  variables: NodeJS.ProcessEnv,
  store: RevocationStore,
): Promise<INestApplication> {
  const settings = readEnvironment(variables);
  const metrics = new ServiceMetrics();
  const operations = OperationsModule.from(metrics);
  const root = AppModule.from(settings, store, metrics, operations);
  const app = await NestFactory.create(root, adapterFor(settings), { logger: false });
  await app.listen(0, '127.0.0.1');
  return app;
}
