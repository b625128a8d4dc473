import type { Server } from 'node:http';
import { Logger, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { AppModule } from './app.module';
import type { RevocationStore } from '../revocation/revocation-store';
import { PostgresRevocationStore } from '../postgres/postgres-revocation-store';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from './embedded-postgres/embedded-postgres';
import { LOG_LEVELS, type Environment, type ServiceSettings } from './environment';
import { adapterFor, drainable, limit } from './http-server';
import { serveDocumentation } from './documentation-page';
import { defaultDataDir } from './embedded-postgres/own-folder';
import { ownSecret } from './own-secret';
import { mintTrialToken, quickStart } from './quick-start';
import { ServiceLogger } from './service-logger';
import { startFailure } from './start-failure';

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
 * @throws {Error} with the cause and the variable to change; nothing that was started is left running.
 */
export async function startService(environment: Environment): Promise<Service> {
  try {
    return await start(environment);
  } catch (error) {
    throw startFailure(error, environment);
  }
}

async function start(environment: Environment): Promise<Service> {
  const { databaseUrl, dataDir } = environment;
  const place = { dataDir: dataDir ?? defaultDataDir(), mayMove: dataDir === undefined };
  const settings = { ...environment, key: environment.key ?? ownSecret(place) };
  const postgres = databaseUrl === undefined ? await startEmbeddedPostgres(place) : undefined;
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
    logger: new ServiceLogger(logLevels(settings)),
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
  const isTrial = isOwnKey && !settings.isProduction;
  serveDocumentation(app, settings.module, isTrial ? () => mintTrialToken(settings) : undefined);
  limit(server);
  const drain = drainable(server);
  await app.listen(settings.port, settings.host);
  if (settings.module.issuer === null || settings.module.audience === null)
    new Logger('nestjs-logout').warn('JWT_ISSUER or JWT_AUDIENCE is not set, so not checked.');
  const url = await app.getUrl();
  return {
    url,
    broken: postgres?.exited ?? new Promise(() => undefined),
    quickStart: isTrial ? quickStart(url, settings) : undefined,
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
