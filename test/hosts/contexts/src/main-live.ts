import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Controller, Module, Sse, UseGuards, type MessageEvent, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GraphQLModule, Int, Query, Resolver, Subscription } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  EndsWithToken,
  JwtAuthGuard,
  LiveAdmission,
  logoutSubscriptions,
  mercuriusLogoutSubscriptions,
} from 'nestjs-logout';
import { LiveIoAdapter } from 'nestjs-logout/socket.io';
import { LiveWsAdapter } from 'nestjs-logout/ws';
import { interval, map, type Observable } from 'rxjs';
import { listen } from './listen.js';
import { databaseAndLogout } from './logout.js';
import { MeController } from './me.controller.js';
import { MeGateway } from './me.gateway.js';

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

@Resolver()
class Ticks {
  @Query(() => Int)
  now(): number {
    return 0;
  }

  @Subscription(() => Int, { resolve: (tick: { count: number }) => tick.count })
  async *tick(): AsyncGenerator<{ count: number }> {
    for (let count = 0; ; count += 1, await pause()) yield { count };
  }
}

@Controller('events')
class Events {
  @Sse()
  @UseGuards(JwtAuthGuard)
  @EndsWithToken()
  events(): Observable<MessageEvent> {
    return interval(20).pipe(map((count) => ({ data: { count } })));
  }
}

const apollo = GraphQLModule.forRootAsync<ApolloDriverConfig>({
  driver: ApolloDriver,
  inject: [LiveAdmission],
  useFactory: (admission: LiveAdmission) => ({
    autoSchemaFile: true,
    subscriptions: { 'graphql-ws': logoutSubscriptions(admission) },
  }),
});

const mercurius = GraphQLModule.forRootAsync<MercuriusDriverConfig>({
  driver: MercuriusDriver,
  inject: [LiveAdmission],
  useFactory: (admission: LiveAdmission) => ({
    autoSchemaFile: true,
    subscription: mercuriusLogoutSubscriptions(admission),
  }),
});

/** Nest's adapter for `ws` destroys upgrades of paths that are not its own, such as GraphQL's. */
const APPLICATIONS = {
  'socket.io': () => NestFactory.create(hostOf(apollo, MeGateway), { logger: ['error', 'warn'] }),
  ws: () => onFastify(hostOf(undefined, MeGateway)),
  mercurius: () => onFastify(hostOf(mercurius, undefined)),
};

function onFastify(host: Type): Promise<NestFastifyApplication> {
  const options = { logger: ['error' as const, 'warn' as const] };
  return NestFactory.create<NestFastifyApplication>(host, new FastifyAdapter(), options);
}

function hostOf(graphql: typeof apollo | undefined, gateway: Type | undefined): Type {
  @Module({
    imports: [...databaseAndLogout, ...(graphql === undefined ? [] : [graphql])],
    controllers: [MeController, Events],
    providers: [
      ...(graphql === undefined ? [] : [Ticks]),
      ...(gateway === undefined ? [] : [gateway]),
    ],
  })
  class AppModule {}
  return AppModule;
}

async function bootstrap(kind: keyof typeof APPLICATIONS): Promise<void> {
  const app = await APPLICATIONS[kind]();
  if (kind === 'socket.io') app.useWebSocketAdapter(new LiveIoAdapter(app));
  if (kind === 'ws') app.useWebSocketAdapter(new LiveWsAdapter(app));
  await listen(app);
}

void bootstrap(process.env.LIVE as keyof typeof APPLICATIONS);
