import type { Server } from 'node:http';
import { ConsoleLogger, Logger, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { AppModule } from './app.module';
import type { RevocationStore } from '../revocation/revocation-store';
import { PostgresRevocationStore } from '../postgres/postgres-revocation-store';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from './embedded-postgres/embedded-postgres';
import { allowOrigins } from './cors';
import { LOG_LEVELS, type Environment, type ServiceSettings } from './environment';
import { adapterFor, drainable, limit } from './http-server';
import { serveDocumentation } from './documentation';
import { defaultDataDir } from './embedded-postgres/own-folder';
import { ownSecret } from './own-secret';
import { quickStart } from './quick-start';

/** A running service. */
export interface Service {
  readonly url: string;
  /** Resolves when what the service cannot do without has ended under it. */
  readonly broken: Promise<void>;
  /** What a newcomer pastes; absent where the key is a real issuer's. */
  readonly quickStart: string | undefined;
  /** Finishes the requests in flight, then closes everything that was opened here. */
  stop(): Promise<void>;
}

/**
 * Starts the service: finds or makes the database and the key, migrates, listens.
 * @throws {Error} with a sentence; nothing that was started is left running.
 */
export async function startService(environment: Environment): Promise<Service> {
  const dataDir = environment.dataDir ?? defaultDataDir();
  const settings = { ...environment, key: environment.key ?? ownSecret(dataDir) };
  const { databaseUrl } = environment;
  const postgres = databaseUrl === undefined ? await startEmbeddedPostgres({ dataDir }) : undefined;
  const url = databaseUrl ?? postgres?.url();
  const logger = new Logger('PostgresRevocationStore');
  const store = new PostgresRevocationStore(new DataSource({ type: 'postgres', url }), {
    ...settings.store,
    onError: (error) => {
      logger.error(error);
    },
  });
  try {
    const app = await createApp(settings, store);
    return await listen(app, settings, environment.key === undefined, postgres);
  } catch (error) {
    await store.close();
    await postgres?.stop();
    throw error;
  }
}

function createApp(settings: ServiceSettings, store: RevocationStore): Promise<INestApplication> {
  return NestFactory.create(AppModule.from(settings, store), adapterFor(settings), {
    logger: new ConsoleLogger({ json: true, logLevels: logLevels(settings) }),
    abortOnError: false,
  });
}

async function listen(
  app: INestApplication,
  settings: ServiceSettings,
  isOwnKey: boolean,
  postgres: EmbeddedPostgres | undefined,
): Promise<Service> {
  const server = app.getHttpServer() as Server;
  allowOrigins(app, settings);
  serveDocumentation(app, settings.module);
  limit(server);
  const drain = drainable(server);
  await app.listen(settings.port, settings.host);
  if (settings.module.issuer === null || settings.module.audience === null)
    new Logger('nestjs-logout').warn('JWT_ISSUER or JWT_AUDIENCE is not set, so not checked.');
  const url = await app.getUrl();
  return {
    url,
    broken: postgres?.exited ?? new Promise(() => undefined),
    quickStart: isOwnKey && !settings.isProduction ? quickStart(url, settings) : undefined,
    stop: async () => {
      try {
        await drain(() => app.close());
      } finally {
        await postgres?.stop();
      }
    },
  };
}

function logLevels({ logLevel }: Environment): ('fatal' | Environment['logLevel'])[] {
  return ['fatal', ...LOG_LEVELS.slice(0, LOG_LEVELS.indexOf(logLevel) + 1)];
}
