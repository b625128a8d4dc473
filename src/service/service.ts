import type { Server } from 'node:http';
import { Logger, type DynamicModule, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module';
import type { RevocationStore } from '../revocation/revocation-store';
import { RevokedTokensService } from '../revocation/revoked-tokens.service';
import { PostgresRevocationStore } from '../postgres/postgres-revocation-store';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from './embedded-postgres/embedded-postgres';
import { allowOrigins } from './cors';
import { LOG_LEVELS, type Environment } from './environment';
import { adapterFor, contractOf, drainable } from './http-server';
import { documentedOf } from './documentation';
import { serveDocumentation } from './documentation-page';
import { ServiceMetrics } from './metrics';
import { OperationsApp, OperationsModule } from './operations.module';
import { defaultDataDir } from './embedded-postgres/own-folder';
import { ownSecret } from './own-secret';
import { mintTrialToken, quickStart } from './quick-start';
import { ServiceLogger } from './service-logger';
import { startFailure } from './start-failure';

/** A running service. */
export interface Service {
  readonly url: string;
  /** Where health, metrics and documentation are; `url`, unless they have a port of their own. */
  readonly operationsUrl: string;
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
  const key = environment.needsOwnKey ? ownSecret(place) : environment.key;
  const settings = { ...environment, key };
  const postgres = databaseUrl === undefined ? await startEmbeddedPostgres(place) : undefined;
  const url = databaseUrl ?? postgres?.url();
  const logger = new Logger('PostgresRevocationStore');
  const store = new PostgresRevocationStore(
    { url },
    {
      ...settings.store,
      onError: (error) => {
        logger.error(error);
      },
    },
  );
  try {
    const apps = await createApps(settings, store);
    return await listen(apps, settings, postgres);
  } catch (error) {
    await store.close();
    await postgres?.stop();
    throw error;
  }
}

/** The service, and what operators ask: within it, or as an application of its own. */
interface Apps {
  readonly app: INestApplication;
  readonly operations: INestApplication;
}

async function createApps(settings: Environment, store: RevocationStore): Promise<Apps> {
  const metrics = new ServiceMetrics();
  const operations = OperationsModule.from(metrics);
  const options = {
    logger: new ServiceLogger(logLevels(settings)),
    abortOnError: false,
  };
  const create = (root: DynamicModule, environment: Environment) =>
    NestFactory.create(root, adapterFor(environment), options);
  if (settings.operationsPort === undefined) {
    const app = await create(AppModule.from(settings, store, metrics, operations), settings);
    return { app, operations: app };
  }
  const app = await create(AppModule.from(settings, store, metrics), settings);
  const tokens = app.get(RevokedTokensService);
  const root = OperationsApp.from(operations, contractOf(settings), tokens);
  // Probes come straight to the port, not through the proxy that ends TLS; they carry no token.
  return { app, operations: await create(root, { ...settings, mayUseHttp: true }) };
}

async function listen(
  { app, operations }: Apps,
  settings: Environment,
  postgres: EmbeddedPostgres | undefined,
): Promise<Service> {
  const isTrial = settings.needsOwnKey && !settings.isProduction;
  allowOrigins(app, settings);
  serveDocumentation(
    operations,
    documentedOf(settings),
    isTrial ? () => mintTrialToken(settings) : undefined,
  );
  const served = await serve(app, settings.port, settings.host);
  const { operationsPort } = settings;
  const { url } = served;
  const apart =
    operationsPort === undefined
      ? undefined
      : await serve(operations, operationsPort, settings.host).catch(async (error: unknown) => {
          await served.stop();
          throw error;
        });
  const operationsUrl = apart?.url ?? url;
  const logger = new Logger('nestjs-logout');
  for (const notice of settings.notices) logger.warn(notice);
  if (apart !== undefined) logger.log(`/health, /metrics and /docs are on ${operationsUrl}.`);
  return {
    url,
    operationsUrl,
    broken: postgres?.exited ?? new Promise(() => undefined),
    quickStart: isTrial ? quickStart(url, settings, operationsUrl) : undefined,
    stop: async () => {
      try {
        await served.stop();
        await apart?.stop();
      } finally {
        await postgres?.stop();
      }
    },
  };
}

async function serve(
  app: INestApplication,
  port: number,
  host: string,
): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const drain = drainable(app.getHttpServer() as Server);
  await app.listen(port, host);
  return { url: await app.getUrl(), stop: () => drain(() => app.close()) };
}

function logLevels({ logLevel }: Environment): ('fatal' | Environment['logLevel'])[] {
  return ['fatal', ...LOG_LEVELS.slice(0, LOG_LEVELS.indexOf(logLevel) + 1)];
}
