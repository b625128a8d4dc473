import 'reflect-metadata';
import { Body, Controller, Get, HttpCode, Module, Param, Post, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource, type QueryRunner } from 'typeorm';
import { AuthModule, JwtAuthGuard, RevokedTokensService } from '../../src';
import { Redis } from 'ioredis';
import { NatsRelay } from '../../src/nats';
import { PostgresRevocationStore, type PostgresStoreOptions } from '../../src/postgres';
import { fromIoredis, RedisRelay, RelayRevocationStore } from '../../src/redis';
import type { RelayTransport } from '../../src/relay/relay-transport';
import type { RevocationStore } from '../../src/revocation/revocation-store';
import { AUDIENCE, ISSUER } from '../support/tokens';
import type { Role } from './fleet';

/** What the parent tells an instance, as JSON in SETTINGS. */
export interface InstanceSettings {
  readonly role: Role;
  readonly databaseUrl: string;
  readonly brokerUrl?: string;
  readonly secret: string;
  readonly store: PostgresStoreOptions;
}

const HOST_POOL = 10;
const settings = JSON.parse(process.env.SETTINGS ?? '') as InstanceSettings;
const host = new DataSource({
  type: 'postgres',
  url: settings.databaseUrl,
  installExtensions: false,
  poolSize: HOST_POOL,
  // A fault cuts the host's connections too; that is the host's affair.
  poolErrorHandler: () => undefined,
});
const store = storeOf(settings);

function storeOf({ role, brokerUrl, store: options }: InstanceSettings): RevocationStore {
  if (brokerUrl === undefined || role === 'database')
    return new PostgresRevocationStore(host, options);
  const relay = relayAt(brokerUrl);
  const { maxStalenessMs } = options;
  return role === 'relay'
    ? new PostgresRevocationStore(host, { ...options, relay })
    : new RelayRevocationStore(relay, { maxStalenessMs });
}

function relayAt(url: string): RelayTransport {
  return url.startsWith('nats:')
    ? new NatsRelay({ servers: url })
    : new RedisRelay(fromIoredis(new Redis(url, { lazyConnect: true })));
}

/** What a host has beside us: a protected route, transactions of its own, and a pool to run dry. */
@Controller()
class HostController {
  private readonly open = new Map<string, QueryRunner>();

  constructor(private readonly tokens: RevokedTokensService) {}

  @Get('protected')
  @UseGuards(JwtAuthGuard)
  protected(): object {
    return {};
  }

  @Get('status')
  status(): object {
    return store.status();
  }

  /** Does nothing else for so long, and blocks all other work. */
  @Get('busy/:ms')
  busy(@Param('ms') ms: string): void {
    const end = performance.now() + Number(ms);
    while (performance.now() < end);
  }

  /** Revokes the token in a transaction that stays open. */
  @Post('transactions/:id')
  async begin(@Param('id') id: string, @Body() { token }: { token: string }): Promise<object> {
    const runner = host.createQueryRunner();
    this.open.set(id, runner);
    await runner.startTransaction();
    return { isNew: await this.tokens.revoke(token, { manager: runner.manager }) };
  }

  @Post('transactions/:id/commit')
  @HttpCode(200)
  async commit(@Param('id') id: string): Promise<void> {
    const runner = this.open.get(id);
    await runner?.commitTransaction();
    await runner?.release();
  }

  /** Leaves no connection of the host's pool free for so long. */
  @Post('exhaust/:seconds')
  @HttpCode(200)
  exhaust(@Param('seconds') seconds: string): void {
    for (let taken = 0; taken < 2 * HOST_POOL; taken += 1)
      void host.query(`SELECT pg_sleep(${Number(seconds)})`).catch(() => undefined);
  }
}

@Module({
  imports: [
    AuthModule.forRoot({
      algorithms: ['HS256'],
      keys: settings.secret,
      issuer: ISSUER,
      audience: AUDIENCE,
      throttleLimit: 1_000_000,
      store,
    }),
  ],
  controllers: [HostController],
})
class HostModule {}

async function start(): Promise<void> {
  await host.initialize();
  const app = await NestFactory.create<NestFastifyApplication>(HostModule, new FastifyAdapter(), {
    logger: false,
    abortOnError: false,
  });
  app.enableShutdownHooks();
  await app.listen(0, '127.0.0.1');
  process.stdout.write(`${await app.getUrl()}\n`);
}

// A process that is killed ends no other: an instance sees by itself that its suite is gone.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit();
}, 1000).unref();

start().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
