import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { RevokedTokensService } from 'nestjs-logout';
import { listen } from './listen.js';
import { logoutInMemory } from './logout.js';
import { MeController } from './me.controller.js';

/** For its operators: why a token is refused. */
@Controller('explain')
class ExplainController {
  constructor(private readonly tokens: RevokedTokensService) {}

  @Post()
  @HttpCode(200)
  explain(@Body() { token }: { token: string }) {
    return this.tokens.explain(token);
  }
}

@Module({ imports: [logoutInMemory()], controllers: [MeController, ExplainController] })
class AppModule {}

await listen(await NestFactory.create(AppModule, { logger: ['error', 'warn'] }));
