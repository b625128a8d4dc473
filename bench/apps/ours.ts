/** This package in its default mode, with its Postgres store. */
import {
  BadRequestException,
  Body,
  Controller,
  Get,
  HttpCode,
  Module,
  Post,
  UseGuards,
} from '@nestjs/common';
import { PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks';
import { DataSource } from 'typeorm';
// In your project: from 'nestjs-logout' and 'nestjs-logout/postgres'.
import { AuthModule, JwtAuthGuard } from '../../src';
import { PostgresRevocationStore } from '../../src/postgres';
import type { ReplicaStatus } from '../../src/revocation/store-status';
import { relayThrough } from '../brokers';
import { insertLayers, insertRevocations } from '../revocations';
import { AUDIENCE, ISSUER } from '../tokens';
import { DONE, ME, serve, setting } from './serve';
import { withProvider } from './with-provider';
import { threeIssuers } from './three-issuers';
import { REVOKED_BEFOREHAND } from './revoked-beforehand';

const isAsymmetric = process.env.ALGORITHM === 'ES256';
const url = setting('DATABASE_URL');
const { RELAYS } = process.env;
const relay = RELAYS === undefined ? undefined : relayThrough(RELAYS);
const store = new PostgresRevocationStore(new DataSource({ type: 'postgres', url }), { relay });

/** The bench logs out more than ten times a minute: its throttle is off. */
const UNTHROTTLED = { totalHits: 0, timeToExpire: 60, isBlocked: false, timeToBlockExpire: 0 };

@Controller()
class AppController {
  @UseGuards(JwtAuthGuard)
  @Get('me')
  me(): object {
    return ME;
  }

  /** What a logout is compared with: the body is read, and the same is answered. */
  @Post('echo')
  @HttpCode(200)
  echo(@Body() { token }: { token?: unknown }): object {
    if (typeof token !== 'string') throw new BadRequestException();
    return DONE;
  }
}

@Module({
  imports: [
    AuthModule.forRootAsync({
      useFactory: async () => {
        const throttlerStorage = { increment: () => Promise.resolve(UNTHROTTLED) };
        const common = { store, throttlerStorage };
        if (process.env.ISSUERS === 'three')
          return { ...common, issuers: await threeIssuers(setting('JWT_PUBLIC_KEY')) };
        const { PROVIDER } = process.env;
        if (PROVIDER !== undefined)
          return { ...common, issuers: withProvider(PROVIDER, setting('JWT_SECRET')) };
        return {
          ...common,
          algorithms: [isAsymmetric ? 'ES256' : 'HS256'],
          keys: setting(isAsymmetric ? 'JWT_PUBLIC_KEY' : 'JWT_SECRET'),
          issuer: ISSUER,
          audience: AUDIENCE,
        };
      },
    }),
  ],
  controllers: [AppController],
})
class AppModule {}

/** A catch-up that brought what was awaited; in ms since the epoch. */
export interface CaughtUp {
  readonly from: number;
  readonly to: number;
  readonly longestGcMs: number;
}

/** Resolves when one catch-up has brought that many more revocations. */
function caughtUp(arriving: number): Promise<CaughtUp> {
  const awaited = replicaNow().size + arriving;
  let catchUpsBefore = replicaNow().catchUps;
  const collections: PerformanceEntry[] = [];
  const observer = new PerformanceObserver((list) => collections.push(...list.getEntries()));
  observer.observe({ entryTypes: ['gc'] });
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const { size, catchUps, catchUpMs } = replicaNow();
      if (size < awaited) {
        catchUpsBefore = catchUps;
      } else if (catchUps > catchUpsBefore && catchUpMs !== null) {
        clearInterval(timer);
        const now = performance.now();
        const { timeOrigin } = performance;
        setTimeout(() => {
          observer.disconnect();
          const times = collections
            .filter(({ startTime }) => startTime >= now - catchUpMs && startTime <= now)
            .map(({ duration }) => duration);
          const longestGcMs = Math.max(0, ...times);
          resolve({ from: timeOrigin + now - catchUpMs, to: timeOrigin + now, longestGcMs });
        }, 50); // the last collections are told a little later
      }
    }, 2);
  });
}

function replicaNow(): ReplicaStatus {
  const { replica } = store.status();
  if (replica === null) throw new Error('the store has no replica: nothing catches up');
  return replica;
}

async function main(): Promise<void> {
  await store.open();
  const beforehand = process.env.REVOKED_BEFOREHAND;
  if (beforehand !== 'none') await insertRevocations(url, REVOKED_BEFOREHAND);
  if (beforehand === 'layers') await insertLayers(url);
  process.on('message', ({ arriving }: { arriving: number }) => {
    void caughtUp(arriving).then((result) => process.send?.(result));
  });
  await serve(AppModule, { logoutPath: '/api/v1/auth/logout' });
}

void main();
