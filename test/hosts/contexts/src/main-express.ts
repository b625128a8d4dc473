import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Controller, Module } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { GraphQLModule } from '@nestjs/graphql';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { JwtAuthGuard, Public } from 'nestjs-logout';
import { listen } from './listen.js';
import { databaseAndLogout } from './logout.js';
import { MeController } from './me.controller.js';
import { MeGateway } from './me.gateway.js';
import { MeResolver } from './me.resolver.js';
import { serveMessages } from './microservice.js';

/** Under the guard of the whole application, which finds no token in a message. */
@Controller()
class Messages {
  @MessagePattern('me')
  me(): string {
    return 'let in';
  }

  @EventPattern('happened')
  happened(event: object): void {
    console.log('an event was let in', event);
  }

  @Public()
  @MessagePattern('sum')
  sum(numbers: number[]): number {
    return numbers.reduce((sum, number) => sum + number, 0);
  }
}

@Module({
  imports: [
    ...databaseAndLogout,
    GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, autoSchemaFile: true }),
  ],
  controllers: [MeController, Messages],
  providers: [MeResolver, MeGateway, { provide: APP_GUARD, useExisting: JwtAuthGuard }],
})
class AppModule {}

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  await serveMessages(app);
  await listen(app);
}

void bootstrap();
