/** The route without authentication: what there is to lose. */
import { Controller, Get, Module } from '@nestjs/common';
import { ME, serve } from './serve';

@Controller()
class MeController {
  @Get('me')
  me(): object {
    return ME;
  }
}

@Module({ controllers: [MeController] })
class AppModule {}

void serve(AppModule);
