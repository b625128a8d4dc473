import { Controller, Injectable, Module, UseGuards } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GraphQLModule } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { Ctx, MessagePattern } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { WsAdapter } from '@nestjs/platform-ws';
import { CurrentToken, JwtAuthGuard } from 'nestjs-logout';
import type { PlatformRequest, VerifiedToken } from 'nestjs-logout';
import { listen } from './listen.js';
import { databaseAndLogout } from './logout.js';
import { MeController } from './me.controller.js';
import { MeGateway } from './me.gateway.js';
import { MeResolver } from './me.resolver.js';
import { serveMessages } from './microservice.js';

/** Takes the token from the message, and describes a request that carries it. */
@Injectable()
class MessageGuard extends JwtAuthGuard {
  protected override getRequest(context: ExecutionContext): PlatformRequest {
    const { token } = context.switchToRpc().getData<{ token?: string }>();
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return { method: 'MESSAGE', url: 'me', headers };
  }
}

@Controller()
@UseGuards(MessageGuard)
class Messages {
  @MessagePattern('me')
  me(@CurrentToken() { claims }: VerifiedToken, @Ctx() { user }: { user: { sub: string } }) {
    return [claims.sub, user.sub];
  }
}

@Module({
  imports: [
    ...databaseAndLogout,
    GraphQLModule.forRoot<MercuriusDriverConfig>({ driver: MercuriusDriver, autoSchemaFile: true }),
  ],
  controllers: [MeController, Messages],
  providers: [MeResolver, MeGateway],
})
class AppModule {}

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), {
    logger: ['error', 'warn'],
  });
  app.useWebSocketAdapter(new WsAdapter(app));
  await serveMessages(app);
  await listen(app);
}

void bootstrap();
